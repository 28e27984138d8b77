import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Endpoint, parseAddress } from '../net/index.ts';
import { accountOfSocket, amongConnected } from './socket-account.ts';
import { type DiagnosedSocket, socketDiag } from './socket-diag.ts';

const endpoint = (address: string, port: number): Endpoint => ({ address: parseAddress(address)!, port });
const HEADING = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const line = (local: string, remote: string, state: string, uid: number, inode = 12345): string =>
  `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000 ${String(uid).padStart(5)}        0 ${inode} 1 0 20 4 30 10 -1`;

function asked(tcp: readonly string[], protocol: 'tcp' | 'udp' = 'tcp'): number | string {
  const proc = mkdtempSync(join(tmpdir(), 'proc-'));
  try {
    mkdirSync(join(proc, 'net'));
    writeFileSync(join(proc, 'net', protocol), [HEADING, ...tcp, ''].join('\n'));
    const server = endpoint('127.0.0.1', 3128);
    return accountOfSocket(protocol, endpoint('127.0.0.1', 0x9c40), server, proc);
  } finally {
    rmSync(proc, { recursive: true });
  }
}

const CLIENT = '0100007F:9C40';
const PROXY = '0100007F:0C38';

describe('the account behind a client of this machine', () => {
  const cases: readonly (readonly [string, readonly string[], number | string])[] = [
    ['its connection', [line(CLIENT, PROXY, '01', 1000), line(PROXY, CLIENT, '01', 0)], 1000],
    ['a connection that was redirected', [line(CLIENT, '08080808:01BB', '01', 1000)], 1000],
    [
      'the one to us, of two from one port',
      [line(CLIENT, '08080808:01BB', '01', 7), line(CLIENT, PROXY, '01', 1000)],
      1000,
    ],
    ['nobody can tell', [line(CLIENT, '08080808:01BB', '01', 7), line(CLIENT, '09090909:01BB', '01', 8)], 'several'],
    ['a connection that is over says nothing', [line(CLIENT, PROXY, '06', 0)], 'none'],
    ['closed by its process, and not root’s for that', [line(CLIENT, PROXY, '05', 0, 0)], 'none'],
    ['closed in one direction', [line(CLIENT, PROXY, '05', 1000)], 1000],
    ['closed, and its account is still told', [line(CLIENT, PROXY, '05', 1000, 0)], 1000],
    ['somebody who listens there does not send', [line(CLIENT, '00000000:0000', '0A', 0)], 'none'],
    ['another address', [line('0200007F:9C40', PROXY, '01', 1000)], 'none'],
    ['the port as the remote one', [line('0100007F:1111', CLIENT, '01', 1000)], 'none'],
    ['nothing', [], 'none'],
  ];
  for (const [name, lines, expected] of cases) test(name, () => assert.equal(asked(lines), expected));

  const datagrams: typeof cases = [
    ['of a socket without an address of its own', [line('00000000:9C40', '00000000:0000', '07', 1000)], 1000],
    ['of one that is connected to us', [line(CLIENT, PROXY, '01', 1000)], 1000],
    ['of one that is connected to a resolver', [line(CLIENT, '08080808:0035', '01', 1000)], 1000],
    ['not of one that is connected elsewhere', [line(CLIENT, '08080808:01BB', '01', 1000)], 'none'],
  ];
  for (const [name, lines, expected] of datagrams)
    test(`a datagram ${name}`, () => assert.equal(asked(lines, 'udp'), expected));
});

describe('the account behind a connection whose port the kernel has changed', () => {
  const [ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, TIME_WAIT, CLOSE_WAIT] = [1, 4, 5, 6, 8];
  const socket = (uid: number, state = ESTABLISHED, inode = 12345, from = '198.18.0.1'): DiagnosedSocket => ({
    ...{ local: endpoint(from, 40_000 + uid), remote: endpoint('192.0.2.1', 443) },
    ...{ uid, state, inode },
  });
  const cases: readonly (readonly [string, readonly DiagnosedSocket[], number | string, ours?: number])[] = [
    ['the only one that is connected there', [socket(7)], 7],
    ['several of one account', [socket(7), socket(7)], 7],
    ['of two accounts', [socket(7), socket(8)], 'several'],
    ['nobody is', [], 'none'],
    ['one from another address of the machine', [socket(7, ESTABLISHED, 1, '198.18.0.2')], 'none'],
    ['one that has ended its side just now', [socket(7, FIN_WAIT_1)], 7],
    ['beside one that is over', [socket(7), socket(0, TIME_WAIT, 0), socket(8, FIN_WAIT_2)], 7],
    ['beside one that was closed, and may be anybody’s', [socket(7), socket(0, FIN_WAIT_1, 0)], 'several'],
    ['only one that was closed', [socket(0, FIN_WAIT_1, 0)], 'several'],
    ['root, and open', [socket(0)], 0],
    ['the end has been heard: who sent may be gone', [socket(7)], 'none', CLOSE_WAIT],
  ];
  for (const [what, connected, expected, ours = ESTABLISHED] of cases)
    test(what, () =>
      assert.equal(amongConnected(endpoint('198.18.0.1', 12_558), connected, { state: ours }), expected),
    );
});

const skip =
  socketDiag() === undefined
    ? 'SKIPPED: the kernel is not asked for single sockets without the package `koffi`'
    : false;
for (const host of ['127.0.0.1', '::1'])
  test(`a thousand connections are told apart in the time in which /proc/net/tcp is read a few times, ${host}`, {
    skip,
  }, async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, host, done));
    const bound = server.address();
    assert.ok(typeof bound === 'object' && bound !== null);
    const client = connect(bound.port, host);
    await new Promise<void>((done) => client.once('connect', done));
    const from = endpoint(host, client.localPort ?? 0);
    const to = endpoint(host, bound.port);
    const began = process.cpuUsage();
    for (let at = 0; at < 1_000; at++) assert.equal(accountOfSocket('tcp', from, to), process.getuid?.());
    const { user, system } = process.cpuUsage(began); // microseconds of processor time: a busy machine makes nobody slow
    assert.ok(user + system < 500_000, `${(user + system) / 1_000} ms`);
    assert.equal(accountOfSocket('tcp', from, endpoint(host, 9)), 'none', 'another connection');
    assert.equal(accountOfSocket('tcp', to, endpoint(host, 9)), 'none', 'who listens there does not send');
    client.destroy();
    server.close();
  });

test('this very process, TCP and UDP, in the kernel at hand', async () => {
  const own = process.getuid?.() ?? 0;
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const bound = server.address();
  assert.ok(typeof bound === 'object' && bound !== null);
  const client = connect(bound.port, '127.0.0.1');
  await new Promise<void>((done) => client.once('connect', done));
  const from = endpoint('127.0.0.1', client.localPort ?? 0);
  const to = endpoint('127.0.0.1', bound.port);
  assert.equal(accountOfSocket('tcp', from, to), own);
  client.destroy();
  server.close();

  const socket = createSocket('udp4');
  await new Promise<void>((done) => socket.bind(0, done));
  const at = endpoint('127.0.0.1', socket.address().port);
  const resolver = endpoint('127.0.0.1', 53);
  assert.equal(accountOfSocket('udp', at, resolver), own);
  socket.close();
});
