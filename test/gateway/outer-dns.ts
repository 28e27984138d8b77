import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { createServer } from 'node:net';
import dnsPacket, { type Answer, type Packet } from 'dns-packet';
import { ALLOWED, CORP_NAMES, CORP_RESOLVER, EVIL, NAMES } from './outer.ts';

/** What stands in a reply beside the question. */
type Said = Pick<Packet, 'answers'>;

const LATE_MS = 1_800; // later than the gateway waits for one upstream
const HTTPS = 65; // IANA's number of the type
const HEADER_BYTES = 12;
let asked = 0;

/** A resolver of the world outside, or the one of the company in it. It says which questions come: nothing may be looked up that the policy does not name. */
export function serveNames(address: string): void {
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => {
    const send = (reply: Buffer): void => socket.send(reply, from.port, from.address);
    for (const forged of forgeries(message)) send(forged);
    if (nameIn(message) === 'spoofed.example') fromElsewhere(message, from);
    const reply = replyTo(message, address);
    if (nameIn(message) === 'late.example' && asked++ === 0) setTimeout(send, LATE_MS, withAddress(message, EVIL));
    else setTimeout(send, nameIn(message) === 'spoofed.example' ? 50 : 0, reply);
  });
  socket.bind(53, address);
  createServer((connection) => {
    connection.on('error', () => undefined);
    connection.on('data', (chunk) => {
      const reply = replyTo(chunk.subarray(2), address);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(reply.length);
      connection.write(Buffer.concat([length, reply]));
    });
  }).listen(53, address);
}

function nameIn(message: Buffer): string {
  return dnsPacket.decode(message).questions?.[0]?.name.toLowerCase() ?? '';
}

function replyTo(message: Buffer, resolver: string): Buffer {
  const query = dnsPacket.decode(message);
  const [question] = query.questions ?? [];
  const name = question?.name.toLowerCase() ?? '';
  const isCompany = resolver === CORP_RESOLVER;
  process.stdout.write(`asked ${question?.type} ${name}${isCompany ? ' of the company' : ''}\n`);
  const flags = dnsPacket.RECURSION_DESIRED | dnsPacket.RECURSION_AVAILABLE;
  const type = question?.type ?? '';
  const { answers = [] } = isCompany ? { answers: records(name, CORP_NAMES[name] ?? [], type, 60) } : said(name, type);
  const packet = { type: 'response' as const, id: query.id ?? 0, flags, questions: query.questions ?? [], answers };
  const reply = dnsPacket.encode(packet);
  // dns-packet has no word for HTTPS records: they are written as NULL, which is bytes, too, and given their number here.
  if (answers[0]?.type === 'NULL') reply.writeUInt16BE(HTTPS, HEADER_BYTES + 2 * (name.length + 2) + 4);
  return reply;
}

function said(name: string, type: string): Said {
  switch (name) {
    case 'alias.example': // leads to a name that the policy does not name, beside answers that nobody asked for
      return {
        answers: [
          { type: 'CNAME', name, ttl: 60, data: 'hidden.example' },
          ...records('hidden.example', [ALLOWED], type, 60),
          ...records('allowed.example', [EVIL], type, 60),
          ...records('evil.example', [EVIL], type, 60),
        ],
      };
    case 'loop.example':
      return { answers: [{ type: 'CNAME', name, ttl: 60, data: name }] };
    case 'stray.example': // an alias that leads nowhere, and an address beside it
      return {
        answers: [
          { type: 'CNAME', name, ttl: 60, data: 'nowhere.example' },
          ...records('evil.example', [EVIL], type, 60),
        ],
      };
    case 'short.example':
      return { answers: records(name, [ALLOWED], type, 0) };
    case 'long.example':
      return { answers: records(name, [ALLOWED], type, 2 ** 31) };
    case 'turning.example': // another address each time
      return { answers: records(name, [`93.184.216.${100 + (asked++ % 100)}`], type, 0) };
    case 'hidden-names.example':
      return type === `UNKNOWN_${HTTPS}` ? { answers: [serviceBinding(name)] } : {};
    default:
      return { answers: records(name, addressesOf(name), type, 60) };
  }
}

function addressesOf(name: string): readonly string[] {
  const [label = '', below] = [name.split('.')[0], name.split('.').slice(1).join('.')];
  const number = Number(/^n(\d+)$/.exec(label)?.[1] ?? Number.NaN);
  if (below === 'many.example' && Number.isInteger(number)) return [`151.101.${number >> 8}.${number & 255}`];
  if (name.endsWith('.wild.example') || /^(?:spoofed|late)\.example$/.test(name)) return [ALLOWED];
  return NAMES[name] ?? [];
}

function records(name: string, addresses: readonly string[], type: string, ttl: number): Answer[] {
  return addresses
    .filter((data) => type === (data.includes(':') ? 'AAAA' : 'A'))
    .map((data) => ({ name, type: data.includes(':') ? ('AAAA' as const) : ('A' as const), ttl, data }));
}

/** RFC 9460: priority 1, this name itself, `alpn=h2 ipv4hint=93.184.216.66 ech=...`. */
function serviceBinding(name: string): Answer {
  const parameters = [
    [1, Buffer.from([2, 0x68, 0x32])],
    [4, Buffer.from(EVIL.split('.').map(Number))],
    [5, Buffer.from('the key that would hide a name')],
  ] as const;
  const data = Buffer.concat([
    Buffer.from([0, 1, 0]),
    ...parameters.flatMap(([key, value]) => [Buffer.from([0, key, 0, value.length]), value]),
  ]);
  return { name, type: 'NULL', ttl: 60, data };
}

/** Wrong ids and wrong letters, ahead of the right answer. */
function forgeries(message: Buffer): readonly Buffer[] {
  if (nameIn(message) !== 'spoofed.example') return [];
  const wrongIds = [1, 2, 3, 4].map((step) => {
    const forged = withAddress(message, EVIL);
    forged.writeUInt16BE((forged.readUInt16BE(0) + step) & 0xffff, 0);
    return forged;
  });
  const query = dnsPacket.decode(message);
  const questions = (query.questions ?? []).map((each) => ({ ...each, name: swapped(each.name) }));
  const wrongLetters = dnsPacket.encode({ type: 'response', id: query.id ?? 0, questions, answers: [evilRecord()] });
  return [...wrongIds, wrongLetters];
}

/** The right id and letters from the right address, but from another port. */
function fromElsewhere(message: Buffer, from: RemoteInfo): void {
  const socket: Socket = createSocket('udp4');
  socket.bind(0, '9.9.9.9', () =>
    socket.send(withAddress(message, EVIL), from.port, from.address, () => socket.close()),
  );
}

function withAddress(message: Buffer, address: string): Buffer {
  const query = dnsPacket.decode(message);
  const answers = query.questions?.map(({ name }) => ({ type: 'A' as const, name, ttl: 60, data: address })) ?? [];
  return dnsPacket.encode({ type: 'response', id: query.id ?? 0, questions: query.questions ?? [], answers });
}

function evilRecord(): Answer {
  return { type: 'A', name: 'spoofed.example', ttl: 60, data: EVIL };
}

function swapped(text: string): string {
  return text.replace(/[a-z]/gi, (letter) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  );
}
