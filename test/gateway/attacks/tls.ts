import { ECH } from '../../../src/gateway/proxy/hello-maker.ts';
import type { Account } from '../agent.ts';
import { type Attempt, allowed, denied, residual } from '../attempt.ts';
import { browse, greases } from '../browser.ts';
import { encryptedHello, inRecords, realHello, withExtension } from '../hellos.ts';
import { ALLOWED, EVIL } from '../outer.ts';
import { AGENT, OTHER, outcome, PROXY, type World } from '../world.ts';

const TO_ALLOWED = ['-connect', `${ALLOWED}:443`];
const REMAINS = 'docs/guides/names-for-real.md#what-remains';
const ACCESS_DENIED = /^alert (?:49|access denied)$/; // RFC 8446 6.2
const RIGHT_AND_GREASED = /^https allowed\.example allowed\.example \/; greased$/;
const ROOT: Account = { uid: 0 };
const RIGHT = /^https allowed\.example allowed\.example \/$/;

/** Names in TLS, and what is said in its place. */
export const TLS: readonly Attempt[] = [
  allowed('T1', 'an allowed name at an attacker’s address: the gateway goes to the name’s own', RIGHT, (world) =>
    world.curl('--resolve', `allowed.example:443:${EVIL}`, 'https://allowed.example/'),
  ),
  denied('T2', 'an unlisted name at an allowed address', ACCESS_DENIED, (world) =>
    world.openssl(...TO_ALLOWED, '-servername', 'cdn.unlisted.example'),
  ),
  denied('T2', 'curl does the same', /^curl 35$/, (world) =>
    world.curl('--resolve', `evil.example:443:${ALLOWED}`, 'https://evil.example/'),
  ),
  denied('T3', 'no name', ACCESS_DENIED, (world) => world.openssl(...TO_ALLOWED, '-noservername')),
  denied('T3', 'an address for a name', ACCESS_DENIED, (world) => world.openssl(...TO_ALLOWED, '-servername', ALLOWED)),
  denied('T3', 'two names', ACCESS_DENIED, async (world) =>
    hello(world, [named(await realHello('allowed.example'), [0, 'allowed.example'], [0, 'evil.example'])]),
  ),
  denied('T3', 'a name of another type', ACCESS_DENIED, async (world) =>
    hello(world, [named(await realHello('allowed.example'), [1, 'allowed.example'])]),
  ),
  denied('T3', 'the extension twice', ACCESS_DENIED, async (world) => {
    const twice = withExtension(await realHello('evil.example'), 0, serverNames([0, 'allowed.example']));
    return hello(world, [twice]);
  }),
  allowed(
    'T4',
    'a hello that is safe from quantum computers, of more than a packet, the handshake whole',
    /^http 200, hello of 1[5-9]\d\d bytes$/,
    async (world) => {
      const { length } = await realHello('allowed.example');
      const { said } = await world.as(AGENT).does({ do: 'tls', host: ALLOWED, port: 443, name: 'allowed.example' });
      return `http ${said.slice(9, 12)}, hello of ${length} bytes`;
    },
  ),
  allowed('T4', 'one byte at a time', /^ServerHello$/, async (world) =>
    hello(
      world,
      [...(await realHello('allowed.example'))].map((byte) => Buffer.from([byte])),
    ),
  ),
  allowed('T4', 'cut into records of 50 bytes', /^ServerHello$/, async (world) =>
    hello(world, [inRecords(await realHello('allowed.example'), 50)]),
  ),
  denied('T4', 'an unlisted name, one byte at a time', ACCESS_DENIED, async (world) =>
    hello(
      world,
      [...(await realHello('evil.example'))].map((byte) => Buffer.from([byte])),
    ),
  ),
  denied('T4', 'an unlisted name, cut into records of 7 bytes', ACCESS_DENIED, async (world) =>
    hello(world, [inRecords(await realHello('evil.example'), 7)]),
  ),
  denied('T4', 'a hello of more than 64 KiB', ACCESS_DENIED, async (world) => hello(world, [tooLong()])),
  denied('T6', 'a name that is encrypted under an unlisted outer one', ACCESS_DENIED, async (world) =>
    hello(world, [withExtension(await realHello('front.unlisted.example'), ECH, encryptedHello())]),
  ),
  allowed('T6', 'what browsers send in place of an encrypted name (GREASE)', /^ServerHello$/, async (world) =>
    hello(world, [withExtension(await realHello('allowed.example'), ECH, encryptedHello())]),
  ),
  denied('T6', 'the keys that would hide a name, asked for by DNS', /^NOERROR HTTPS 1 \. alpn="h2"$/, (world) =>
    world.dig('@8.8.8.8', 'hidden-names.example', 'HTTPS'),
  ),
  residual(
    'T7',
    'another name inside than outside (domain fronting)',
    REMAINS,
    /^https allowed\.example evil\.example \/$/,
    (world) => world.curl('-H', 'Host: evil.example', 'https://allowed.example/'),
  ),
  residual(
    'D6',
    'DNS over HTTPS inside an allowed host',
    REMAINS,
    /^a name was resolved, and curl 35$/,
    async (world) => {
      const { code, err } = await world.curlDone(
        '-v',
        '--doh-url',
        'https://allowed.example/dns-query',
        'https://evil.example/',
      );
      return `${err.includes(EVIL) ? 'a name was resolved' : 'nothing was resolved'}, and curl ${code}`;
    },
  ),
  residual(
    'K10',
    'data goes to a host that also serves others',
    REMAINS,
    /^https allowed\.example allowed\.example \/somebody-else 262144 bytes$/,
    (world) => world.curl('--data-binary', `@${world.secret}`, 'https://allowed.example/somebody-else'),
  ),
  allowed('K10', 'how much went there is in the record', /^more than 262144 bytes$/, async (world) => {
    const most = await world.eventually(
      () => Math.max(...world.records().map(({ host, sent = 0 }) => (host === 'allowed.example' ? sent : 0))),
      (bytes) => bytes > 262_144,
    );
    return most > 262_144 ? 'more than 262144 bytes' : `${most} bytes`;
  }),
  denied('T9', 'HTTP on port 443', /^400 bad-request$/, async (world) =>
    outcome(await world.tcp({ host: ALLOWED, port: 443, pieces: ['GET / HTTP/1.1\r\nHost: allowed.example\r\n\r\n'] })),
  ),
  denied('T9', 'TLS on port 80', ACCESS_DENIED, (world) =>
    world.openssl('-connect', `${ALLOWED}:80`, '-servername', 'allowed.example'),
  ),
  denied('T9', 'SSH on port 443', /^closed$/, async (world) =>
    outcome(await world.tcp({ host: ALLOWED, port: 443, pieces: ['SSH-2.0-OpenSSH_9.2\r\n'] })),
  ),
  denied('T9', 'SSH on port 443 through the proxy', /^closed, of SSH nothing$/, async (world) => {
    const text = 'CONNECT allowed.example:443 HTTP/1.1\r\nHost: allowed.example:443\r\n\r\n';
    const { said, end } = await world.proxy(text, 'SSH-2.0-OpenSSH_9.2\r\n');
    return `${end}, of SSH ${/\r\n\r\n./s.test(said) ? 'something' : 'nothing'}`;
  }),
  denied(
    'T11',
    'QUIC to an allowed address: refused at once, so that clients fall back',
    /^(?:ECONNREFUSED|EPERM), at once$/,
    async (world) => {
      const { end, ms } = await world.udp({
        host: ALLOWED,
        port: 443,
        data: `\xc3\x00\x00\x00\x01${'\x00'.repeat(1_195)}`,
      });
      return `${end}, ${ms < 500 ? 'at once' : `${Math.round(ms)} ms`}`;
    },
  ),
  denied('T11', 'the same by IPv6', /^(?:EACCES|ECONNREFUSED|EPERM), at once$/, async (world) => {
    const { end, ms } = await world.udp({ host: '2606:2800:220:1::1', port: 443, data: '\xc3' });
    return `${end}, ${ms < 500 ? 'at once' : `${Math.round(ms)} ms`}`;
  }),
  denied('P8', 'CONNECT to an allowed name, another one inside', ACCESS_DENIED, (world) =>
    insideTunnel(world, 'evil.example'),
  ),
  allowed('P8', 'the same name inside', /^handshake$/, (world) => insideTunnel(world, 'allowed.example')),
];

/** Takes a real browser. */
export const BROWSED: readonly Attempt[] = [
  allowed('T6', 'a browser, whose hello is greased as if a name were encrypted in it', RIGHT_AND_GREASED, async () => {
    const page = await browse(AGENT, 'https://allowed.example/');
    return `${page}; ${(await greases(ROOT)) ? 'greased' : 'not greased'}`;
  }),
  denied('T6', 'a browser goes to an unlisted name at an allowed address', /^ERR_[A-Z_]+$/, () =>
    browse(AGENT, 'https://evil.example/', `--host-resolver-rules=MAP evil.example ${ALLOWED}`),
  ),
];

/** Waits for the gateway's own time-outs. */
export const TLS_BESIDE: readonly Attempt[] = [
  denied(
    'T5',
    '140 hellos that begin and do not go on, of one agent: 128 are held, and none for ever',
    /^128 open, 12 closed; another agent: ServerHello; then 0 open, 140 closed$/,
    async (world) => {
      const other = world.as(OTHER);
      const begun = await other.does({
        do: 'many',
        host: ALLOWED,
        port: 443,
        count: 140,
        first: '\x16\x03\x01',
        waitMs: 8_000,
        closed: 12,
      });
      const meanwhile = await hello(world, [await realHello('allowed.example')]);
      const then = await other.does({
        do: 'many',
        host: ALLOWED,
        port: 443,
        count: 0,
        first: '',
        waitMs: 13_000,
        closed: 140,
      });
      return `${begun.end}; another agent: ${meanwhile}; then ${then.end}`;
    },
  ),
];

/** Says a hello to where an allowed name is, and hears what comes of it. */
async function hello(world: World, pieces: readonly Buffer[]): Promise<string> {
  const texts = pieces.map((piece) => piece.toString('latin1'));
  return outcome(await world.tcp({ host: ALLOWED, port: 443, pieces: texts, enough: '^\x16\x03.' }));
}

type Name = readonly [type: number, name: string];

/** What stands in the extension server_name (RFC 6066 3). */
function serverNames(...names: readonly Name[]): Buffer {
  const list = Buffer.concat(
    names.map(([type, name]) => Buffer.concat([Buffer.from([type, 0, name.length]), Buffer.from(name, 'latin1')])),
  );
  return Buffer.concat([Buffer.from([0, list.length]), list]);
}

/** A hello of Node's with other server names. */
function named(real: Buffer, ...names: readonly Name[]): Buffer {
  return withExtension(withoutServerName(real), 0, serverNames(...names));
}

function withoutServerName(real: Buffer): Buffer {
  const hidden = Buffer.from(real);
  const at = real.indexOf(serverNames([0, 'allowed.example'])) - 4;
  hidden.writeUInt16BE(0x0a0a, at); // a number that nobody uses (RFC 8701)
  return hidden;
}

/** The beginning of a hello that says it is longer than 64 KiB, in records of the greatest length. */
function tooLong(): Buffer {
  const message = Buffer.alloc(70_000, 1);
  message.writeUIntBE(message.length - 4, 1, 3);
  return inRecords(Buffer.concat([Buffer.alloc(5), message]), 16_384);
}

/** A handshake for a name through a tunnel to `allowed.example`. */
function insideTunnel(world: World, name: string): Promise<string> {
  const proxy = PROXY.slice('http://'.length);
  return world.openssl('-proxy', proxy, '-connect', 'allowed.example:443', '-servername', name);
}
