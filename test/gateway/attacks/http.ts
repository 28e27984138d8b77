import { stripVTControlCharacters } from 'node:util';
import { type Attempt, allowed, denied } from '../attempt.ts';
import { run } from '../commands.ts';
import { outcome, PROXY, PROXY_AT, reasonIn, SOCKS_AT, type World } from '../world.ts';

/** Every way to write a host that a proxy may read differently from its destination. */
const ODD_HOSTS: readonly (readonly [what: string, text: string, must: RegExp])[] = [
  ['NUL', 'allowed.example\0.evil.example', /^400/],
  ['a line’s end', 'allowed.example\r\nX: evil.example', /^400/],
  ['a space', 'allowed.example evil.example', /^400/],
  ['%00', 'allowed.example%00.evil.example', /^400 bad-host$/],
  ['@', 'allowed.example@evil.example', /^400 bad-host$/],
  ['#', 'evil.example#allowed.example', /^400 bad-(?:host|request)$/],
  ['a backslash', 'evil.example\\.allowed.example', /^400 bad-(?:host|request)$/],
  ['a name in other letters than ASCII', 'allow\xc3\xa9d.example', /^400/],
  ['the same in ASCII (xn--)', 'xn--allowd-dva.example', /^403 unlisted-name$/],
  ['two dots', 'allowed..example', /^400 bad-host$/],
];

/** Addresses that programs write in other ways than rules do. */
const ODD_ADDRESSES: readonly string[] = [
  '0x7f.1',
  '0177.0.0.1',
  '2130706433',
  '127.1',
  '0x7f000001',
  '127.0.0.1.',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[fe80::1%25out]',
  '0.0.0.0',
];

/** Bodies whose end two readers may see in different places (RFC 9112 11.2), by their headers. */
const SMUGGLED: readonly (readonly [what: string, head: string])[] = [
  ['a length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'],
  ['chunks and a length', 'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n'],
  ['two lengths', 'Content-Length: 5\r\nContent-Length: 6\r\n'],
  ['a coding that nobody knows', 'Transfer-Encoding: xchunked\r\n'],
  ['chunks twice', 'Transfer-Encoding: chunked, chunked\r\n'],
  ['chunks not last', 'Transfer-Encoding: chunked, identity\r\n'],
  ['a folded header', 'Transfer-Encoding:\r\n chunked\r\n'],
  ['a space before the colon', 'Transfer-Encoding : chunked\r\n'],
  ['a line’s end without CR', 'X: y\nTransfer-Encoding: chunked\r\n'],
];

/** Names and addresses, framing, and what is behind the first request. */
export const HTTP: readonly Attempt[] = [
  ...ODD_HOSTS.flatMap(([what, text, must]) => [
    denied('P1', `CONNECT, ${what}`, must, async (world) => {
      return outcome(await world.proxy(`CONNECT ${text}:443 HTTP/1.1\r\nHost: ${text}:443\r\n\r\n`));
    }),
    denied('P1', `SOCKS, ${what}`, /^reply 2$/, (world) => socks(world, 1, text)),
  ]),
  allowed(
    'P1',
    'capital letters and a dot at the end: the same name',
    /^https allowed\.example allowed\.example \/$/,
    (world) =>
      world.curl('-x', PROXY, '--connect-to', 'allowed.example:443:ALLOWED.Example.:443', 'https://allowed.example/'),
  ),
  ...ODD_ADDRESSES.flatMap((text) => [
    denied(
      'P2',
      `CONNECT ${text}`,
      /^(?:400 bad-(?:host|request)|403 (?:unlisted|own|special)-address)$/,
      async (world) => outcome(await world.proxy(`CONNECT ${text}:8443 HTTP/1.1\r\nHost: ${text}:8443\r\n\r\n`)),
    ),
    denied(
      'P2',
      `GET http://${text}/`,
      /^(?:400 bad-(?:host|request)|403 (?:unlisted|own|special)-address)$/,
      async (world) => outcome(await world.proxy(`GET http://${text}/ HTTP/1.1\r\nHost: ${text}\r\n\r\n`)),
    ),
  ]),
  denied('P3', 'the URI and Host name different hosts', /^400 bad-request$/, async (world) =>
    outcome(await world.proxy('GET http://allowed.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n')),
  ),
  denied('P3', 'two Hosts', /^400/, async (world) =>
    outcome(
      await world.proxy('GET http://allowed.example/ HTTP/1.1\r\nHost: allowed.example\r\nHost: evil.example\r\n\r\n'),
    ),
  ),
  denied('P3', 'no Host', /^400 bad-request$/, async (world) =>
    outcome(await world.proxy('GET http://allowed.example/ HTTP/1.1\r\n\r\n')),
  ),
  denied('P3', 'CONNECT and Host name different hosts', /^400 bad-request$/, async (world) =>
    outcome(await world.proxy('CONNECT allowed.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n')),
  ),
  ...SMUGGLED.map(([what, head]) =>
    denied('P4', what, /^400, closed; nothing smuggled$/, async (world) => {
      const hidden = `GET /smuggled-${what.replace(/\W+/g, '-')} HTTP/1.1\r\nHost: allowed.example\r\n\r\n`;
      const { said, end } = await world.tcp({
        ...PROXY_AT,
        pieces: [`POST http://allowed.example/ HTTP/1.1\r\nHost: allowed.example\r\n${head}\r\n\r\n0\r\n\r\n${hidden}`],
      });
      const statuses = [...said.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status);
      return `${statuses.join(' ')}, ${end}; ${world.outer.said.includes('smuggled') ? 'it arrived' : 'nothing smuggled'}`;
    }),
  ),
  denied(
    'P5',
    'a second request on the same connection, to another host',
    /^200, 403 unlisted-name$/,
    async (world) => {
      const first = 'GET http://allowed.example/ HTTP/1.1\r\nHost: allowed.example\r\n\r\n';
      const second =
        'GET http://five.unlisted.example/ HTTP/1.1\r\nHost: five.unlisted.example\r\nConnection: close\r\n\r\n';
      const { said } = await world.tcp({ ...PROXY_AT, pieces: [first, second], gapMs: 300 });
      return `${[...said.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status).join(', ')} ${reasonIn(said)}`;
    },
  ),
  denied('P5', 'the same where the kernel redirects', /^200, 403 unlisted-name$/, async (world) => {
    const first = 'GET / HTTP/1.1\r\nHost: allowed.example\r\n\r\n';
    const second = 'GET / HTTP/1.1\r\nHost: five.unlisted.example\r\nConnection: close\r\n\r\n';
    const { said } = await world.tcp({ host: '93.184.216.34', port: 80, pieces: [first, second], gapMs: 300 });
    return `${[...said.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status).join(', ')} ${reasonIn(said)}`;
  }),
  denied(
    'P6',
    'CONNECT inside a tunnel to a relay that the policy allows',
    /^200, then 403 unlisted-name; the relay heard nothing$/,
    async (world) => {
      const outerOne = 'CONNECT relay.example:8080 HTTP/1.1\r\nHost: relay.example:8080\r\n\r\n';
      const inner = 'CONNECT six.unlisted.example:443 HTTP/1.1\r\nHost: six.unlisted.example:443\r\n\r\n';
      const { said } = await world.tcp({ ...PROXY_AT, pieces: [outerOne, inner], gapMs: 300 });
      const [first, then] = [...said.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status);
      const heard = world.outer.said.includes('relayed CONNECT six') ? 'the relay was told' : 'the relay heard nothing';
      return `${first}, then ${then} ${reasonIn(said)}; ${heard}`;
    },
  ),
  ...[22, 25].map((port) =>
    denied('P7', `CONNECT to port ${port} of an allowed name`, /^403 other-service$/, async (world) =>
      outcome(await world.proxy(`CONNECT allowed.example:${port} HTTP/1.1\r\nHost: allowed.example:${port}\r\n\r\n`)),
    ),
  ),
  denied('P7', 'SOCKS: an unlisted name', /^reply 2$/, (world) => socks(world, 1, 'seven.unlisted.example')),
  denied('P7', 'SOCKS: BIND', /^reply 7$/, (world) => socks(world, 2, 'allowed.example')),
  denied('P7', 'SOCKS: UDP', /^reply 7$/, (world) => socks(world, 3, 'allowed.example')),
  denied('P7', 'SOCKS version 4', /^closed$/, async (world) =>
    outcome(await world.tcp({ ...SOCKS_AT, pieces: ['\x04\x01\x01\xbb\x5d\xb8\xd8\x22\x00'], halfClose: true })),
  ),
  allowed('P9', 'a WebSocket to an allowed name', /^101, ok$/, async (world) => webSocket(world, 'allowed.example')),
  denied('P9', 'a WebSocket to an unlisted name', /^403 unlisted-name$/, async (world) =>
    webSocket(world, 'nine.unlisted.example'),
  ),
  denied(
    'P9',
    'HTTP/2 by an upgrade (h2c): served as HTTP/1.1, not switched to',
    /^200; not switched$/,
    async (world) => {
      const { said } = await world.tcp({
        ...PROXY_AT,
        pieces: [
          'GET http://allowed.example/h2c HTTP/1.1\r\nHost: allowed.example\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n',
        ],
      });
      return `${said.slice(9, 12)}; ${world.outer.said.includes('to h2c') ? 'switched' : 'not switched'}`;
    },
  ),
  denied('P9', 'HTTP/2 at once (prior knowledge)', /^(?:400.*|closed)$/, async (world) =>
    outcome(await world.proxy('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00')),
  ),
  ...[
    ['an ANSI sequence', 'evil\x1b[31m.example'],
    ['HTML', '<script>alert(1)</script>.example'],
    ['a formula', '=cmd|calc!A0.example'],
    ['a line’s end', 'evil.example\\u000a{"verdict":"allow"}'],
  ].map(([what = '', text = '']) =>
    denied('K11', `a host with ${what} in it, CONNECT and SOCKS`, /^400.*, reply 2$/, async (world) => {
      const byConnect = outcome(await world.proxy(`CONNECT ${text}:443 HTTP/1.1\r\nHost: ${text}:443\r\n\r\n`));
      return `${byConnect}, ${await socks(world, 1, text)}`;
    }),
  ),
  denied('K11', 'a looked-up name with a line’s end, ANSI, HTML and a formula in it', /^code 5$/, async (world) => {
    const labels = ['=cmd\n', '\x1b[2J<b>', '"verdict":"allow"', 'example'];
    const name = labels.map((label) => `${String.fromCharCode(label.length)}${label}`).join('');
    const { said } = await world.udp({
      host: '8.8.8.8',
      port: 53,
      data: `\0\x07\x01\0\0\x01\0\0\0\0\0\0${name}\0\0\x01\0\x01`,
    });
    return `code ${said.charCodeAt(3) & 15}`;
  }),
  denied(
    'K11',
    'what of these can be seen in the log: a control character, or a line that is not one record',
    /^none$/,
    async (world) => {
      const text = await world.eventually(
        () => world.log(),
        (log) => log.includes('cmd'),
      );
      const lines = text.trimEnd().split('\n');
      if (CONTROL.test(text)) return 'a control character';
      return lines.every((line) => line.startsWith('{"id":"')) ? 'none' : 'a line of its own';
    },
  ),
  denied('K11', 'or on the operators’ terminal', /^none$/, async (world) => {
    const { out } = await run('script', ['-qec', world.requestsCommand, '/dev/null']);
    const plain = stripVTControlCharacters(out).replaceAll('\r\n', '\n');
    return CONTROL.test(plain) || plain.includes('<script>') ? JSON.stringify(plain) : 'none';
  }),
];

/** Control characters (C0, C1) but for the ends of lines. */
const CONTROL = /(?!\n)\p{Cc}/u;

/** Asks the SOCKS proxy for port 443 of a host (RFC 1928 4). */
async function socks(world: World, command: number, host: string): Promise<string> {
  const request = `\x05${String.fromCharCode(command)}\0\x03${String.fromCharCode(host.length)}${host}\x01\xbb`;
  const { said, end } = await world.tcp({ ...SOCKS_AT, pieces: ['\x05\x01\0', request], gapMs: 20, halfClose: true });
  return said.length > 3 ? `reply ${said.charCodeAt(3)}` : end;
}

/** RFC 6455 4.1. @returns the status, and what the first frame holds or why there is none */
async function webSocket(world: World, name: string): Promise<string> {
  const head = `GET http://${name}/socket HTTP/1.1\r\nHost: ${name}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`;
  const rest = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
  const answer = await world.tcp({ ...PROXY_AT, pieces: [`${head}${rest}`], enough: '\x81\x02ok' });
  return answer.said.endsWith('\x81\x02ok') ? `${answer.said.slice(9, 12)}, ok` : outcome(answer);
}
