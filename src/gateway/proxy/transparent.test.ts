import assert from 'node:assert/strict';
import { createServer as createHttp, type Server as HttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { Endpoint } from '../../net/index.ts';
import { clientHello, ECH } from './hello-maker.ts';
import { address, eventually, Hand, ignore, listening, policyOf, startWorld, type World } from './support.ts';

const ALERT = '\x15\x03\x03\x00\x02\x02\x31'; // access_denied
const ATTACKER = '127.0.0.66'; // the address that clients choose
const GRANTED = '127.0.0.77'; // one that a flow leads to by itself

/** Rows T1 to T6 and T9 of the attack matrix; the kernel's own redirection is in test/lab/transparent-proxy.test.ts. */
describe('a redirected connection', () => {
  let echo: Server;
  let attacker: Server;
  let granted: Server;
  let site: HttpServer;
  let port = 0; // of TLS
  let httpPort = 0;
  let otherPort = 0;
  let world: World;
  let original: Endpoint | undefined;
  const reached = { attacker: 0 };

  before(async () => {
    echo = createServer((socket) => socket.on('error', ignore).pipe(socket));
    port = await listening(echo);
    attacker = createServer((socket) => {
      reached.attacker++;
      socket.on('error', ignore).end('attacker');
    });
    await listening(attacker, ATTACKER, port);
    granted = createServer((socket) => {
      socket.on('error', ignore);
      socket.write('granted');
      socket.pipe(socket);
    });
    await listening(granted, GRANTED, port);
    site = createHttp((request, response) => response.end(`${request.headers.host} ${request.url}\n`));
    httpPort = await listening(site);
    otherPort = port + 1;
    world = await startWorld(
      policyOf({ to: ['site.example'], ports: [port, httpPort] }, { to: [GRANTED], ports: [port, otherPort] }),
      {
        listeners: [{ kind: 'transparent', at: { host: '127.0.0.1', port: 0 }, originalDestination: () => original }],
        speech: new Map([
          [port, 'tls'],
          [httpPort, 'http'],
        ]),
        limits: { hellosOfClient: 4 },
      },
    );
  });
  after(async () => {
    await world.proxy.stop(0);
    for (const server of [echo, attacker, granted, site]) server.close();
  });

  async function redirected(to: string, at: number, first: string | Buffer): Promise<Hand> {
    original = { address: address(to), port: at };
    const hand = await Hand.connect(world.port);
    return hand.write(first);
  }

  const hello = (name: string) => clientHello({ names: [[0, name]] });

  test('T1: an allowed name at the address of an attacker: the gateway goes to its own', async () => {
    const first = hello('site.example');
    const hand = await redirected(ATTACKER, port, first);
    await eventually(() => hand.bytes.length === first.length, 'the echo of the real one');
    assert.deepEqual(hand.bytes, first);
    assert.equal(reached.attacker, 0);
    hand.close();
    await eventually(() => world.records.at(-1)?.verdict === 'allow', 'its record');
    assert.deepEqual([world.records.at(-1)?.host, world.records.at(-1)?.address], ['site.example', '127.0.0.1']);
  });

  test('T4: in pieces of one byte, over records, with a hello of 2 kB', async () => {
    const first = clientHello({
      names: [[0, 'site.example']],
      extensions: [[51, Buffer.alloc(1_900)]],
      recordSize: 300,
    });
    const hand = await redirected(ATTACKER, port, '');
    for (const [at, byte] of first.entries()) {
      hand.write(Buffer.from([byte]));
      if (at % 500 === 0) await new Promise((done) => setTimeout(done, 5));
    }
    await eventually(() => hand.bytes.length === first.length, 'the echo');
    hand.close();
  });

  test('T6: real ECH is judged by its outer name, GREASE works', async () => {
    const extensions = [[ECH, Buffer.alloc(250, 3)]] as const;
    const grease = clientHello({ names: [[0, 'site.example']], extensions });
    const works = await redirected(ATTACKER, port, grease);
    await eventually(() => works.bytes.length === grease.length, 'the echo');
    works.close();
    const real = await redirected('127.0.0.1', port, clientHello({ names: [[0, 'front.example']], extensions }));
    assert.equal(await real.all(), ALERT);
  });

  const denied: readonly (readonly [string, string, () => number, Buffer | string, string])[] = [
    ['T2: an unlisted name at an allowed address', '127.0.0.1', () => port, hello('evil.example'), ALERT],
    ['T3: no name', '127.0.0.1', () => port, clientHello({}), ALERT],
    ['T3: an address as a name', '127.0.0.1', () => port, hello('127.0.0.1'), ALERT],
    [
      'T3: two names',
      '127.0.0.1',
      () => port,
      clientHello({
        names: [
          [0, 'site.example'],
          [0, 'evil.example'],
        ],
      }),
      ALERT,
    ],
    ['T3: a name of another type', '127.0.0.1', () => port, clientHello({ names: [[1, 'site.example']] }), ALERT],
    ['T9: SSH on a port for TLS', '127.0.0.1', () => port, 'SSH-2.0-OpenSSH_9.2\r\n', ''],
    [
      'T9: HTTP on a port for TLS',
      '127.0.0.1',
      () => port,
      'GET / HTTP/1.1\r\nHost: site.example\r\n\r\n',
      'HTTP/1.1 400',
    ],
    ['T9: TLS on a port for HTTP', '127.0.0.1', () => httpPort, hello('site.example'), ALERT],
    ['another port, of whatever kind', '127.0.0.1', () => otherPort, 'anything', ''],
    ['T9: SSH on a port for TLS, even where the address is granted', GRANTED, () => port, 'SSH-2.0-x\r\n', ''],
  ];
  for (const [what, to, at, first, answer] of denied) {
    test(`${what}: denied, nothing looked up or dialled`, async () => {
      const [records, lookups] = [world.records.length, world.lookedUp.length];
      const hand = await redirected(to, at(), first);
      assert.equal((await hand.all()).slice(0, answer.length || undefined), answer);
      assert.equal(world.records.length, records + 1);
      assert.equal(world.records.at(-1)?.verdict, 'deny');
      assert.equal(world.lookedUp.length, lookups);
    });
  }

  test('T3: without a name, or with one that no flow leads to, to an address that a flow leads to by itself', async () => {
    for (const first of [clientHello({}), hello('internal.example')]) {
      const hand = await redirected(GRANTED, port, first);
      await eventually(() => hand.bytes.length === first.length + 7, 'granted, and the echo');
      hand.close();
    }
  });

  test('HTTP: each request by its Host', async () => {
    const get = (host: string, path: string) => `GET ${path} HTTP/1.1\r\nHost: ${host}:${httpPort}\r\n\r\n`;
    const hand = await redirected(ATTACKER, httpPort, get('site.example', '/one'));
    await hand.until(/\/one\n/);
    await hand.write(get('evil.example', '/two')).until(/unlisted-name[\s\S]*\n\}\n/);
    await hand.write(get('site.example', '/three')).until(/\/three\n/);
    assert.equal(hand.text.match(/HTTP\/1\.1 200/g)?.length, 2);
    hand.close();
    const none = await redirected(ATTACKER, httpPort, 'GET / HTTP/1.1\r\n\r\n');
    assert.match(await none.all(), /^HTTP\/1\.1 400/);
    const inner = await redirected(
      ATTACKER,
      httpPort,
      `CONNECT evil.example:${port} HTTP/1.1\r\nHost: evil.example:${port}\r\n\r\n`,
    );
    assert.match(await inner.all(), /^HTTP\/1\.1 403/);
  });

  test('T5: hellos that are not complete, in too many connections at once; and one that does not come in time', async () => {
    const slow = await Promise.all(Array.from({ length: 4 }, () => redirected('127.0.0.1', port, '\x16\x03\x01')));
    await eventually(() => world.proxy.connections === 4, 'all are there');
    const fifth = await redirected('127.0.0.1', port, '\x16\x03\x01');
    await fifth.all();
    assert.equal(world.records.at(-1)?.reason, 'budget');
    const plain = await redirected('127.0.0.1', httpPort, 'GET / HTTP/1.1\r\nHost: site.example\r\n\r\n');
    assert.match(await plain.all(), /^HTTP\/1\.1 \d+ [\s\S]*budget/, 'on the port of HTTP it is told so');
    assert.ok(!slow.some(({ isClosed }) => isClosed));
    for (const hand of slow) hand.close();
    const hasty = await startWorld(policyOf(), {
      listeners: [{ kind: 'transparent', at: { host: '127.0.0.1', port: 0 }, originalDestination: () => original }],
      limits: { firstBytesMs: 200 },
    });
    const late = await Hand.connect(hasty.port);
    await late.write('\x16\x03\x01').all();
    assert.equal(hasty.records.at(-1)?.reason, 'bad-request');
    await hasty.proxy.stop(0);
  });

  test('one that was not redirected at all, or whose destination nobody knows, is refused', async () => {
    original = { address: address('127.0.0.1'), port: world.port };
    assert.equal(await (await Hand.connect(world.port)).write(hello('site.example')).all(), '');
    original = undefined;
    assert.equal(await (await Hand.connect(world.port)).write(hello('site.example')).all(), '');
  });
});
