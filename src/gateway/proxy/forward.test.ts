import assert from 'node:assert/strict';
import { createServer as createHttp, type Server as HttpServer, type IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { eventually, Hand, ignore, listening, policyOf, startWorld, type World } from './support.ts';

/** Rows P1 to P5, P7, P9 and K11 of the attack matrix, on the plain listener. */
describe('the forward proxy', () => {
  let site: HttpServer; // what the names stand for
  let echo: Server;
  let sitePort = 0;
  let echoPort = 0;
  let world: World;
  const seen: { url: string; headers: string[]; body: string; trailers: string[] }[] = [];

  before(async () => {
    site = createHttp(
      (request, response) =>
        void serve(request).then(({ body }) => {
          seen.push({ url: request.url ?? '', headers: request.rawHeaders, body, trailers: request.rawTrailers });
          response.setHeader('Connection', 'X-Private, keep-alive');
          response.setHeader('X-Private', 'hop');
          response.setHeader('Proxy-Status', 'spoofed');
          if (request.url === '/plain') return void response.end('plain');
          response.setHeader('Trailer', 'X-Sum');
          response.write(`${request.method} ${body}`);
          response.addTrailers({ 'X-Sum': '42' });
          response.end();
        }),
    );
    site.on('upgrade', (_, socket) => {
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Answer: yes\r\n\r\nhello',
      );
      socket.pipe(socket);
      socket.on('error', ignore);
    });
    sitePort = await listening(site);
    echo = createServer((socket) => socket.on('error', ignore).pipe(socket));
    echoPort = await listening(echo);
    world = await startWorld(
      policyOf(
        { to: ['site.example', 'other.example'], ports: [sitePort, 80] },
        { to: ['echo.example'], ports: [echoPort] },
      ),
      { speech: new Map([[sitePort, 'http']]) },
    );
  });
  after(async () => {
    await world.proxy.stop(0);
    site.close();
    echo.close();
  });

  async function serve(request: IncomingMessage): Promise<{ body: string }> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    return { body };
  }

  async function once(text: string): Promise<string> {
    const hand = await Hand.connect(world.port);
    const answer = await hand.write(text).until(/\r\n\r\n(?:[\s\S]*\r\n0\r\n|[\s\S]*\n\}\n|[\s\S]*plain)/);
    hand.close();
    return answer;
  }

  const status = (answer: string): string => /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? answer.slice(0, 60);

  test('carries a request, its trailers and its answer; headers for one hop, and credentials, stay behind', async () => {
    seen.length = 0;
    const answer = await once(
      `POST http://SITE.example.:${sitePort}/a?b=c HTTP/1.1\r\nHost: site.EXAMPLE:${sitePort}\r\nTransfer-Encoding: chunked\r\n` +
        'Connection: X-Secret\r\nX-Secret: 1\r\nProxy-Connection: keep-alive\r\nVia: 1.1 me\r\nForwarded: for=10.0.0.1\r\nX-Forwarded-For: 10.0.0.1\r\n' +
        'TE: trailers\r\nX-Kept: a\r\nX-Kept: b\r\nTrailer: X-Last\r\n\r\n4\r\nbody\r\n0\r\nX-Last: 7\r\n\r\n',
    );
    assert.equal(status(answer), '200');
    assert.match(answer, /POST body/);
    assert.match(answer, /X-Sum: 42/);
    assert.doesNotMatch(answer, /X-Private|spoofed/);
    const [got] = seen;
    assert.equal(got?.url, '/a?b=c');
    assert.equal(got?.body, 'body');
    assert.deepEqual(got?.trailers, ['X-Last', '7']);
    assert.deepEqual(got?.headers, [
      ...['Host', `site.example:${sitePort}`, 'X-Kept', 'a', 'X-Kept', 'b', 'Trailer', 'X-Last'],
      ...['Transfer-Encoding', 'chunked', 'Connection', 'keep-alive'],
    ]);
  });

  test('P5: asks anew for every request of a connection', async () => {
    const hand = await Hand.connect(world.port);
    const get = (host: string) => `GET http://${host}:${sitePort}/plain HTTP/1.1\r\nHost: ${host}:${sitePort}\r\n\r\n`;
    assert.match(await hand.write(get('site.example')).until(/plain/), /^HTTP\/1\.1 200/);
    const denied = await hand.write(get('evil.example')).until(/403[\s\S]*\n\}\n/);
    assert.match(denied, /unlisted-name/);
    assert.match(await hand.write(get('other.example')).until(/403[\s\S]*plain/), /403[\s\S]*200 OK/);
    hand.close();
    assert.ok(!world.lookedUp.includes('evil.example'), 'nothing was looked up for it');
  });

  test('P1, P2: what is no host, or an address in disguise, is denied without a lookup', async () => {
    const before = world.lookedUp.length;
    const hosts = [
      'site.example%00.evil.example',
      'site.example%2eevil',
      'user@site.example',
      'site..example',
      '-site.example',
      'site_.example!',
      '0x7f.1',
      '2130706433',
      '0177.0.0.1',
      '127.1',
      '[::ffff:127.0.0.1]',
      '[fe80::1%25lo]',
      '127.0.0.1',
      '[::1]',
      'sitе.example', // a Cyrillic letter
      'xn--.example',
    ];
    for (const host of hosts) {
      const connect = await once(`CONNECT ${host}:${sitePort} HTTP/1.1\r\nHost: ${host}:${sitePort}\r\n\r\n`);
      assert.match(status(connect), /^40[03]$/, `CONNECT ${host}`);
      const get = await once(`GET http://${host}:${sitePort}/plain HTTP/1.1\r\nHost: ${host}:${sitePort}\r\n\r\n`);
      assert.match(status(get), /^40[03]$/, `GET ${host}`);
    }
    assert.equal(world.lookedUp.length, before);
  });

  const good = () => `site.example:${sitePort}`;
  const bad: readonly (readonly [string, () => string])[] = [
    [
      'P3: another Host than the URI',
      () => `GET http://${good()}/plain HTTP/1.1\r\nHost: other.example:${sitePort}\r\n\r\n`,
    ],
    ['P3: another port in Host', () => `GET http://${good()}/plain HTTP/1.1\r\nHost: site.example\r\n\r\n`],
    ['P3: two Hosts', () => `GET http://${good()}/plain HTTP/1.1\r\nHost: ${good()}\r\nHost: ${good()}\r\n\r\n`],
    ['P3: no Host', () => `GET http://${good()}/plain HTTP/1.1\r\n\r\n`],
    ['P3: CONNECT with another Host', () => `CONNECT ${good()} HTTP/1.1\r\nHost: other.example:${sitePort}\r\n\r\n`],
    ['P3: CONNECT without a Host', () => `CONNECT ${good()} HTTP/1.1\r\n\r\n`],
    ['P3: CONNECT with a body', () => `CONNECT ${good()} HTTP/1.1\r\nHost: ${good()}\r\nContent-Length: 3\r\n\r\nabc`],
    [
      'P4: length and chunks',
      () =>
        `POST http://${good()}/plain HTTP/1.1\r\nHost: ${good()}\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'P4: two lengths',
      () =>
        `POST http://${good()}/plain HTTP/1.1\r\nHost: ${good()}\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc`,
    ],
    [
      'P4: another transfer coding',
      () => `POST http://${good()}/plain HTTP/1.1\r\nHost: ${good()}\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'P4: chunks in HTTP/1.0',
      () => `POST http://${good()}/plain HTTP/1.0\r\nHost: ${good()}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['P4: a folded header', () => `GET http://${good()}/plain HTTP/1.1\r\nHost: ${good()}\r\nX: a\r\n b\r\n\r\n`],
    ['P4: a space before the colon', () => `GET http://${good()}/plain HTTP/1.1\r\nHost : ${good()}\r\n\r\n`],
    ['P4: a bare line feed', () => `GET http://${good()}/plain HTTP/1.1\nHost: ${good()}\n\n`],
    ['P4: NUL in a header', () => `GET http://${good()}/plain HTTP/1.1\r\nHost: ${good()}\r\nX: a\0b\r\n\r\n`],
    ['another version', () => `GET http://${good()}/plain HTTP/2.0\r\nHost: ${good()}\r\n\r\n`],
    ['origin form', () => `GET /plain HTTP/1.1\r\nHost: ${good()}\r\n\r\n`],
    ['https:// without CONNECT', () => `GET https://${good()}/plain HTTP/1.1\r\nHost: ${good()}\r\n\r\n`],
    ['HTTP/2 with prior knowledge', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ];
  for (const [what, text] of bad) {
    test(`${what}: 400, and the connection is closed`, async () => {
      seen.length = 0;
      const hand = await Hand.connect(world.port);
      const answer = await hand.write(text()).all();
      assert.equal(status(answer), '400');
      assert.equal(answer.split('HTTP/1.1 ').length, 2, 'one answer only');
      assert.deepEqual(seen, []);
    });
  }

  test('P7: other ports than the flow has are denied, and the answer says what would allow them', async () => {
    const hand = await Hand.connect(world.port);
    const answer = await hand.write('CONNECT site.example:25 HTTP/1.1\r\nHost: site.example:25\r\n\r\n').all();
    assert.match(answer, /^HTTP\/1\.1 403 Forbidden\r\n/);
    assert.match(
      answer,
      /\r\nProxy-Status: portcullis; error=http_request_denied; details="the flow `flow-0` to site\.example is not for tcp\/25"\r\n/,
    );
    const body: unknown = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')));
    const id = /X-Portcullis-Request: (\S+)/.exec(answer)?.[1];
    assert.deepEqual(body, {
      error: 'refused by the egress gateway',
      reason: 'other-service',
      sentence: 'the flow `flow-0` to site.example is not for tcp/25',
      request: id,
      flow: '- { name: "openclaw-to-site.example-25", from: "openclaw", to: "site.example", service: tcp/25 }',
    });
    assert.equal(world.records.find((record) => record.id === id)?.reason, 'other-service');
  });

  test('K11: what a client has written is escaped in what it is told', async () => {
    const answer = await once(`GET http://<b>\x1b[31m HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.equal(status(answer), '400');
    const html = await once(
      'GET http://a<script>/ HTTP/1.1\r\nHost: a<script>\r\nAccept: text/html\r\n\r\n'.replace('script>/', 'script>/'),
    );
    assert.doesNotMatch(html, /<script>/);
    const text = await once(`CONNECT a"b\\:1 HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.equal(status(text), '400');
  });

  test('text for those who ask for text', async () => {
    const hand = await Hand.connect(world.port);
    const answer = await hand
      .write('GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\nAccept: text/html,*/*\r\n\r\n')
      .until(/Request: r\d+\n/);
    hand.close();
    assert.match(answer, /Content-Type: text\/plain/);
    assert.match(
      answer,
      /Refused by the egress gateway: no flow of openclaw leads to evil\.example \(unlisted-name\)\./,
    );
    assert.match(answer, /The narrowest flow that would allow it: - \{ name: "openclaw-to-evil\.example-80"/);
  });

  test('P9: a WebSocket goes through, by the policy; another upgrade does not', async () => {
    const handshake = (host: string, protocol: string) =>
      `GET http://${host}:${sitePort}/ws HTTP/1.1\r\nHost: ${host}:${sitePort}\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: ${protocol}\r\nHTTP2-Settings: AAMAAABk\r\n\r\n`;
    const hand = await Hand.connect(world.port);
    assert.match(
      await hand.write(handshake('site.example', 'websocket')).until(/hello/),
      /^HTTP\/1\.1 101[\s\S]*X-Answer: yes[\s\S]*hello$/,
    );
    assert.match(await hand.write('ping').until(/hello.*ping/), /ping$/);
    hand.close();
    await eventually(
      () => world.records.at(-1)?.way === 'http' && world.records.at(-1)?.verdict === 'allow',
      'a record of the WebSocket',
    );
    assert.match(await once(handshake('evil.example', 'websocket')), /^HTTP\/1\.1 403/);
    seen.length = 0;
    assert.match(await once(handshake('site.example', 'h2c')), /^HTTP\/1\.1 200/);
    assert.ok(!seen[0]?.headers.some((header) => /upgrade|http2-settings|h2c/i.test(header)), 'an ordinary request');
  });

  test('100-continue, HEAD, and a response without a body', async () => {
    const hand = await Hand.connect(world.port);
    await hand
      .write(`PUT http://${good()}/x HTTP/1.1\r\nHost: ${good()}\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n`)
      .until(/100 Continue\r\n\r\n/);
    assert.match(await hand.write('data').until(/PUT data[\s\S]*\r\n0\r\n/), /PUT data/);
    hand.close();
    const head = await Hand.connect(world.port);
    const answer = await head
      .write(`HEAD http://${good()}/plain HTTP/1.1\r\nHost: ${good()}\r\nConnection: close\r\n\r\n`)
      .all();
    assert.match(answer, /^HTTP\/1\.1 200[\s\S]*\r\n\r\n$/);
  });

  test('a tunnel carries what it is given both ways, half-closed too, and is recorded with its bytes', async () => {
    const hand = await Hand.connect(world.port, { allowHalfOpen: true });
    await hand
      .write(`CONNECT echo.example:${echoPort} HTTP/1.1\r\nHost: echo.example:${echoPort}\r\n\r\n`)
      .until(/200.*\r\n\r\n/);
    await hand.write('one').until(/one$/);
    hand.socket.end('two');
    assert.match(await hand.all(), /onetwo$/);
    await eventually(() => world.records.at(-1)?.host === 'echo.example', 'its record');
    const { sent, received, verdict, address } = world.records.at(-1)!;
    assert.deepEqual(
      { sent, received, verdict, address },
      { sent: 6, received: 6, verdict: 'allow', address: '127.0.0.1' },
    );
  });

  test('502 where nobody answers, and where a name has no address', async () => {
    const closed = createServer();
    const port = await listening(closed);
    await new Promise((done) => closed.close(done));
    const more = await startWorld(policyOf({ to: ['gone.example', 'none.example'], ports: [port] }), {
      names: { 'none.example': [] },
    });
    for (const [host, error] of [
      ['gone.example', 'destination_unavailable'],
      ['none.example', 'dns_error'],
    ] as const) {
      const hand = await Hand.connect(more.port);
      const answer = await hand.write(`CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`).all();
      assert.match(answer, new RegExp(`^HTTP/1\\.1 502[\\s\\S]*error=${error}`));
    }
    await more.proxy.stop(0);
  });

  test('back-pressure: a client that does not read stops the server, not the memory', async () => {
    let written = 0;
    const flood = createServer((socket) => {
      socket.on('error', ignore);
      const more = (): void => {
        while (!socket.destroyed && socket.write(Buffer.alloc(65_536))) written += 65_536;
        socket.once('drain', more);
      };
      more();
    });
    const port = await listening(flood);
    const more = await startWorld(policyOf({ to: ['flood.example'], ports: [port] }));
    const hand = await Hand.connect(more.port);
    await hand.write(`CONNECT flood.example:${port} HTTP/1.1\r\nHost: flood.example:${port}\r\n\r\n`).until(/\r\n\r\n/);
    hand.socket.pause();
    let last = -1;
    await eventually(() => {
      const isStill = written === last;
      last = written;
      return isStill;
    }, 'the flood stops');
    await new Promise((done) => setTimeout(done, 100));
    assert.ok(written < 64e6, `${written} bytes`);
    hand.close();
    await more.proxy.stop(0);
    flood.close();
  });
});
