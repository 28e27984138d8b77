import assert from 'node:assert/strict';
import { createServer as createHttp, type Server as HttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { range } from '../../net/index.ts';
import { tokenDigest } from './credentials.ts';
import { clientHello } from './hello-maker.ts';
import { eventually, Hand, ignore, listening, policyOf, startWorld, type World } from './support.ts';

const ALERT = '\x15\x03\x03\x00\x02\x02\x31'; // access_denied

/** Rows P6, P8, T4, T5, T9, K5, K8 and K9 of the attack matrix, through CONNECT. */
describe('a tunnel', () => {
  let site: HttpServer;
  let echo: Server;
  let banner: Server;
  let second: Server;
  let ports: { tls: number; any: number; http: number; banner: number };
  let world: World;
  let reached = 0; // connections to `echo` that sent something
  const names = ['site.example', 'relay.example'];
  const policy = () => policyOf({ to: names, ports: Object.values(ports) }, { to: ['127.0.0.1'], ports: [ports.tls] });

  before(async () => {
    site = createHttp((request, response) => response.end(`${request.headers.host} ${request.url}\n`));
    echo = createServer((socket) =>
      socket
        .once('data', () => reached++)
        .on('error', ignore)
        .pipe(socket),
    );
    banner = createServer((socket) => socket.on('error', ignore).write('220 hello\r\n', () => socket.pipe(socket)));
    const tls = await listening(echo);
    second = createServer((socket) => echo.emit('connection', socket));
    ports = { tls, any: await listening(second), http: await listening(site), banner: await listening(banner) };
    const speech = new Map([
      [ports.tls, 'tls'],
      [ports.http, 'http'],
    ] as const);
    world = await startWorld(policy(), { speech, limits: { hellosOfClient: 4 } });
  });
  after(async () => {
    await world.proxy.stop(0);
    for (const server of [site, echo, banner, second]) server.close();
  });

  async function tunnel(authority: string, hand?: Hand): Promise<Hand> {
    const client = hand ?? (await Hand.connect(world.port));
    const before = client.text.length;
    client.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
    await eventually(
      () => client.isClosed || /HTTP\/1.1 \d+[\s\S]*\r\n\r\n/.test(client.text.slice(before)),
      'an answer',
    );
    return client;
  }
  const open = 'HTTP/1.1 200 Connection established\r\n\r\n';

  test('carries TLS whose server name is its host, in whatever pieces it comes (T4)', async () => {
    const hello = clientHello({
      names: [[0, 'SITE.example.']],
      extensions: [[0x33, Buffer.alloc(1_400)]],
      recordSize: 500,
    });
    const hand = await tunnel(`site.example:${ports.tls}`);
    for (const byte of hello) {
      hand.write(Buffer.from([byte]));
      if (byte === 7) await new Promise((done) => setImmediate(done));
    }
    await eventually(() => hand.bytes.length >= open.length + hello.length, 'the echo');
    assert.deepEqual(hand.bytes.subarray(open.length), hello);
    hand.close();
  });

  test('that is open when the proxy is stopped is recorded before it has stopped', async () => {
    const stopped = await startWorld(policy(), { speech: new Map([[ports.tls, 'tls']]) });
    const authority = `site.example:${ports.tls}`;
    const hands = [await Hand.connect(stopped.port), await Hand.connect(stopped.port)];
    for (const hand of hands) {
      hand.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
      await eventually(() => hand.text.includes(open), 'an answer');
      hand.write(clientHello({ names: [[0, 'site.example']] }));
      await eventually(() => hand.bytes.length > open.length, 'the echo');
    }
    hands[0]?.socket.resetAndDestroy(); // as the kernel does for a client that is killed
    await stopped.proxy.stop(100);
    const ended = stopped.records.map(({ verdict, host, received }) => `${verdict} ${host} ${(received ?? 0) > 0}`);
    assert.deepEqual(ended, ['allow site.example true', 'allow site.example true']);
  });

  const denied: readonly (readonly [string, () => string, string | Buffer, string])[] = [
    ['P8: another name', () => `site.example:${ports.tls}`, clientHello({ names: [[0, 'evil.example']] }), ALERT],
    [
      'P8: another name that a flow leads to',
      () => `site.example:${ports.tls}`,
      clientHello({ names: [[0, 'relay.example']] }),
      ALERT,
    ],
    [
      'P8: another name, on a port of any kind',
      () => `site.example:${ports.any}`,
      clientHello({ names: [[0, 'evil.example']] }),
      ALERT,
    ],
    [
      'two names',
      () => `site.example:${ports.tls}`,
      clientHello({
        names: [
          [0, 'site.example'],
          [0, 'evil.example'],
        ],
      }),
      ALERT,
    ],
    ['an address as a name', () => `site.example:${ports.tls}`, clientHello({ names: [[0, '127.0.0.1']] }), ALERT],
    ['a name of another type', () => `site.example:${ports.tls}`, clientHello({ names: [[1, 'site.example']] }), ALERT],
    ['T9: SSH where TLS belongs', () => `site.example:${ports.tls}`, 'SSH-2.0-OpenSSH_9.2\r\n', ''],
    [
      'T9: HTTP where TLS belongs',
      () => `site.example:${ports.tls}`,
      'GET / HTTP/1.1\r\nHost: site.example\r\n\r\n',
      'HTTP/1.1 400',
    ],
    [
      'T9: TLS where HTTP belongs',
      () => `site.example:${ports.http}`,
      clientHello({ names: [[0, 'site.example']] }),
      ALERT,
    ],
    ['T9: something else where HTTP belongs', () => `site.example:${ports.http}`, '\x00\x01\x02', ''],
    ['what begins like TLS and is none', () => `site.example:${ports.any}`, '\x16\x03\x01\x00\x00', ALERT],
  ];
  for (const [what, authority, first, answer] of denied) {
    test(`${what}: denied, and nothing of it arrives`, async () => {
      reached = 0;
      const hand = await tunnel(authority());
      const all = await hand.write(first).all();
      assert.equal(all.slice(0, open.length + answer.length), open + answer);
      assert.equal(world.records.at(-1)?.reason, 'bad-request');
      assert.equal(reached, 0);
    });
  }

  test('to an address carries TLS of any name or none: the flow leads there, whatever is asked for', async () => {
    for (const hello of [clientHello({}), clientHello({ names: [[0, 'whatever.example']] })]) {
      const hand = await tunnel(`127.0.0.1:${ports.tls}`);
      hand.write(hello);
      await eventually(() => hand.bytes.length === open.length + hello.length, 'the echo');
      hand.close();
    }
  });

  test('waits for a server that speaks first, and for a client that says nothing yet', async () => {
    const hand = await tunnel(`site.example:${ports.banner}`);
    assert.match(await hand.until(/220 hello\r\n/), /220 hello\r\n$/);
    await new Promise((done) => setTimeout(done, 50));
    assert.match(await hand.write('EHLO me\r\n').until(/EHLO me\r\n/), /220 hello\r\nEHLO me\r\n$/);
    hand.close();
  });

  test('T5: first bytes that are not complete, in too many connections at once', async () => {
    const slow = await Promise.all(Array.from({ length: 4 }, () => tunnel(`site.example:${ports.tls}`)));
    for (const hand of slow) hand.write('\x16\x03\x01');
    const fifth = await tunnel(`site.example:${ports.tls}`);
    await fifth.all();
    assert.ok(fifth.isClosed && !slow.some(({ isClosed }) => isClosed), 'the fifth, and the fifth only');
    for (const hand of slow) hand.close();
    await eventually(() => world.gatekeeper.open.size === 0, 'they are gone');
    const next = await tunnel(`site.example:${ports.tls}`);
    const hello = clientHello({ names: [[0, 'site.example']] });
    next.write(hello);
    await eventually(() => next.bytes.length === open.length + hello.length, 'the next is served');
    next.close();
  });

  test('T5: first bytes that do not come in time', async () => {
    const speech = new Map([[ports.tls, 'tls']] as const);
    const hasty = await startWorld(policy(), { speech, limits: { firstBytesMs: 200 } });
    const hand = await Hand.connect(hasty.port);
    const authority = `site.example:${ports.tls}`;
    const start = performance.now();
    hand.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n\x16\x03`);
    await hand.all();
    assert.ok(performance.now() - start >= 195);
    assert.equal(hasty.records.at(-1)?.reason, 'bad-request');
    await hasty.proxy.stop(0);
  });

  for (const kind of ['http', 'any'] as const) {
    test(`with HTTP inside, on a port for ${kind}: each request is judged by its Host`, async () => {
      const port = kind === 'http' ? ports.http : await listening(site2());
      if (kind === 'any') world.gatekeeper.replace(policyOf({ to: names, ports: [...Object.values(ports), port] }));
      const hand = await tunnel(`site.example:${port}`);
      const get = (host: string, path: string) => `GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`;
      assert.match(
        await hand.write(get('site.example', '/one')).until(/\/one\n/),
        new RegExp(`site.example:${port} /one`),
      );
      assert.match(await hand.write(get('evil.example', '/two')).until(/unlisted-name[\s\S]*\n\}\n/), /403 Forbidden/);
      assert.match(
        await hand.write(get('relay.example', '/three')).until(/\/three\n/),
        new RegExp(`relay.example:${port} /three`),
      );
      hand.close();
    });
  }

  function site2(): HttpServer {
    const server = createHttp((request, response) => response.end(`${request.headers.host} ${request.url}\n`));
    after(() => server.close());
    return server;
  }

  test('T5: a head of a request that does not come in time, outside a tunnel and inside', async () => {
    const speech = new Map([[ports.http, 'http']] as const);
    const hasty = await startWorld(policy(), { speech, limits: { headMs: 300 } });
    const outside = await Hand.connect(hasty.port);
    outside.write('GET http://site.example/ HTTP/1.1\r\nHo');
    const inside = await Hand.connect(hasty.port);
    const authority = `site.example:${ports.http}`;
    await inside.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`).until(/\r\n\r\n/);
    inside.write('GET / HTTP/1.1\r\nHo');
    assert.match(await outside.all(), /^HTTP\/1.1 400/);
    assert.match(await inside.all(), /^HTTP\/1.1 200[\s\S]*HTTP\/1.1 400/);
    await hasty.proxy.stop(0);
  });

  test('P6: a CONNECT inside gets the answer that it would get outside', async () => {
    world.gatekeeper.replace(policy());
    const relay = await tunnel(`relay.example:${ports.any}`);
    const inner = await tunnel(`evil.example:${ports.tls}`, relay);
    assert.match(inner.text, /200[\s\S]*403 Forbidden[\s\S]*unlisted-name/);
    const again = await tunnel(`relay.example:${ports.any}`);
    await tunnel(`site.example:${ports.tls}`, again);
    again.write(clientHello({ names: [[0, 'evil.example']] }));
    assert.ok((await again.all()).endsWith(`${open}${open}${ALERT}`));
  });

  test('K8: a policy that becomes narrower cuts it within a second, and nothing else', async () => {
    const cuts = (): number => world.records.filter(({ reason }) => reason === 'cut').length;
    const before = cuts();
    const quiet = await tunnel(`site.example:${ports.any}`);
    quiet.write('x');
    await quiet.until(/x$/);
    const other = await tunnel(`relay.example:${ports.banner}`);
    const inside = await tunnel(`site.example:${ports.http}`);
    await inside.write(`GET / HTTP/1.1\r\nHost: site.example:${ports.http}\r\n\r\n`).until(/ \/\n/);
    const start = performance.now();
    assert.equal(world.gatekeeper.replace(policyOf({ to: ['relay.example'], ports: Object.values(ports) })), 2);
    await quiet.all(1_000);
    await inside.all(1_000);
    assert.ok(performance.now() - start < 1_000);
    await eventually(() => cuts() === before + 2, 'both are recorded');
    assert.match(await other.write('still').until(/still$/), /still$/);
    other.close();
    world.gatekeeper.replace(policy());
  });

  test('ends when its destination does, and the other way round', async (t) => {
    const closing = createServer((socket) => socket.on('error', ignore).end('bye'));
    t.after(() => closing.close());
    const port = await listening(closing);
    world.gatekeeper.replace(policyOf({ to: names, ports: [port, ports.any] }));
    const hand = await tunnel(`site.example:${port}`);
    assert.match(await hand.all(), /bye$/);
    const left = await tunnel(`site.example:${ports.any}`);
    await left.write('x').until(/x$/);
    left.close();
    await eventually(() => world.gatekeeper.open.size === 0, 'nothing is left open');
    world.gatekeeper.replace(policy());
  });
});

describe('K5: who asks', () => {
  const digest = tokenDigest('of-the-container');
  const agents = tokenDigest('of-the-agent');
  const basic = (user: string, token: string) =>
    `Proxy-Authorization: Basic ${Buffer.from(`${user}:${token}`).toString('base64')}\r\n`;
  let echo: Server;
  let port = 0;
  let world: World;
  before(async () => {
    echo = createServer((socket) => socket.on('error', ignore).pipe(socket));
    port = await listening(echo);
    world = await startWorld(
      policyOf({ to: ['agents.example'], ports: [port] }, { to: ['box.example'], ports: [port], from: '127.0.0.2' }),
      {
        credentials: [
          { user: 'box', digest, accounts: [], addresses: [range('127.0.0.2')] },
          { user: 'agent', digest: agents, accounts: [{ first: 1_000, last: 1_000 }], addresses: [] },
        ],
      },
    );
  });
  after(async () => {
    await world.proxy.stop(0);
    echo.close();
  });

  async function ask(host: string, from: string, header = ''): Promise<string> {
    const hand = await Hand.connect(world.port, { localAddress: from });
    const text = await hand
      .write(`CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}:${port}\r\n${header}\r\n`)
      .until(/\r\n\r\n/);
    hand.close();
    return text.slice(9, 12);
  }

  test('an account is known without credentials, with its own, and not with those of another', async () => {
    assert.equal(await ask('agents.example', '127.0.0.1'), '200');
    assert.equal(await ask('agents.example', '127.0.0.1', basic('agent', 'of-the-agent')), '200');
    assert.equal(await ask('agents.example', '127.0.0.1', basic('box', 'of-the-container')), '407');
    assert.equal(await ask('box.example', '127.0.0.1', basic('box', 'of-the-container')), '407');
    assert.equal(await ask('agents.example', '127.0.0.1', 'Proxy-Authorization: Bearer x\r\n'), '407');
  });

  test('a container shows its credentials, and gets what its own flows say', async () => {
    assert.equal(await ask('box.example', '127.0.0.2'), '407');
    assert.equal(await ask('box.example', '127.0.0.2', basic('box', 'wrong')), '407');
    assert.equal(await ask('box.example', '127.0.0.2', basic('nobody', 'of-the-container')), '407');
    assert.equal(await ask('box.example', '127.0.0.2', basic('box', 'of-the-container')), '200');
    assert.equal(await ask('agents.example', '127.0.0.2', basic('box', 'of-the-container')), '403');
    assert.equal(await ask('agents.example', '127.0.0.2', basic('agent', 'of-the-agent')), '407');
  });

  test('whom nobody knows gets nothing, and no credentials help', async () => {
    assert.equal(await ask('box.example', '127.0.0.3'), '403');
    assert.equal(await ask('box.example', '127.0.0.3', basic('box', 'of-the-container')), '403');
    assert.equal(world.records.at(-1)?.reason, 'no-identity');
  });
});

test('K9: too many connections of one client are refused, others are not, and it recovers', async (t) => {
  const world = await startWorld(policyOf(), { limits: { connectionsOfClient: 3 } });
  t.after(() => world.proxy.stop(0));
  const hands = await Promise.all([1, 2, 3].map(() => Hand.connect(world.port)));
  const fourth = await Hand.connect(world.port);
  await eventually(() => fourth.isClosed, 'the fourth is closed');
  const other = await Hand.connect(world.port, { localAddress: '127.0.0.2' });
  assert.match(await other.write('CONNECT a.example:1 HTTP/1.1\r\nHost: a.example:1\r\n\r\n').all(), /^HTTP\/1.1 403/);
  hands[0]?.close();
  await eventually(() => world.proxy.connections === 2, 'one is gone');
  const next = await Hand.connect(world.port);
  assert.match(await next.write('CONNECT a.example:1 HTTP/1.1\r\nHost: a.example:1\r\n\r\n').all(), /^HTTP\/1.1 403/);
  assert.match(world.troubles.join(), /too many/);
});

test('stopping: no new connections, tunnels go on until the deadline, then they are cut', async (t) => {
  const echo = createServer((socket) => socket.on('error', ignore).pipe(socket));
  t.after(() => echo.close());
  const port = await listening(echo);
  const world = await startWorld(policyOf({ to: ['echo.example'], ports: [port] }));
  const idle = await Hand.connect(world.port);
  const hand = await Hand.connect(world.port);
  await hand.write(`CONNECT echo.example:${port} HTTP/1.1\r\nHost: echo.example:${port}\r\n\r\n`).until(/\r\n\r\n/);
  const start = performance.now();
  const stopped = world.proxy.stop(400);
  // The kernel may still take it while the listener's end is under way, but nobody serves it.
  const late = await Hand.connect(world.port);
  await eventually(() => late.isClosed, 'the late one is closed');
  assert.equal(late.text, '');
  assert.match(await hand.write('still').until(/still$/), /still$/);
  await stopped;
  const took = performance.now() - start;
  assert.ok(took >= 390 && took < 2_000, `${took} ms`);
  await eventually(() => hand.isClosed && idle.isClosed, 'both are cut');
  await eventually(() => world.records.length === 1, 'the tunnel is recorded, and nothing else');
});
