import { type BindOptions, createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import dnsPacket from 'dns-packet';
import { ECHO_MARK } from './protocol.ts';

/** name (lower case) -> addresses of either family. */
export type Records = Map<string, readonly string[]>;

/** Answers on a TCP port of every address of both families: what it hears it says again. */
export async function listenTcp(port: number): Promise<void> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy()); // the other side went away: nothing to tell anybody
    socket.pipe(socket);
  });
  server.listen({ host: '::', port, backlog: 4096 });
  await once(server, 'listening');
}

/** Answers on a UDP port of every address of both families: echo for our own payloads, DNS for queries. */
export async function listenUdp(port: number, records: Records): Promise<void> {
  await Promise.all((['udp4', 'udp6'] as const).map((type) => answerUdp(type, { port }, records)));
}

/** The same at one address alone. */
export async function listenUdpAt(address: string, port: number, records: Records): Promise<void> {
  await answerUdp(address.includes(':') ? 'udp6' : 'udp4', { address, port }, records);
}

async function answerUdp(type: 'udp4' | 'udp6', at: BindOptions, records: Records): Promise<void> {
  const socket = createSocket({ type, ipv6Only: type === 'udp6', recvBufferSize: 2 ** 20 });
  socket.bind(at);
  await once(socket, 'listening');
  socket.on('message', (message, from) => {
    const answer = answerTo(message, records);
    if (answer !== undefined) socket.send(answer, from.port, from.address, ignoreLoss);
  });
}

function answerTo(message: Buffer, records: Records): Buffer | undefined {
  return message.subarray(0, ECHO_MARK.length).toString('latin1') === ECHO_MARK ? message : dnsAnswer(message, records);
}

function dnsAnswer(message: Buffer, records: Records): Buffer | undefined {
  let query: ReturnType<typeof dnsPacket.decode>;
  try {
    query = dnsPacket.decode(message);
  } catch {
    return undefined; // neither an echo request nor DNS: silence, as a closed service would
  }
  const question = query.questions?.[0];
  if (query.type !== 'query' || question === undefined) return undefined;
  const addresses = records.get(question.name.toLowerCase().replace(/\.$/, '')) ?? [];
  const answers = addresses
    .filter((address) => question.type === (address.includes(':') ? 'AAAA' : 'A'))
    .map((data) =>
      data.includes(':')
        ? { type: 'AAAA' as const, name: question.name, ttl: 60, data }
        : { type: 'A' as const, name: question.name, ttl: 60, data },
    );
  return dnsPacket.encode({
    type: 'response',
    ...(query.id === undefined ? {} : { id: query.id }),
    flags: dnsPacket.RECURSION_DESIRED | dnsPacket.AUTHORITATIVE_ANSWER,
    questions: [question],
    answers,
  });
}

function ignoreLoss(): void {
  // An answer that cannot be sent is silence to the other side, and the other side is who reports.
}
