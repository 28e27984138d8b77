import assert from 'node:assert/strict';
import { createServer as createHttp, request as httpRequest } from 'node:http';
import { createSecureServer } from 'node:http2';
import { type get, request as httpsRequest } from 'node:https';
import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import { tokenDigest } from '../../src/gateway/proxy/credentials.ts';
import { listening, policyOf, startWorld, type World } from '../../src/gateway/proxy/support.ts';
import { findProgram, run } from '../../src/host/index.ts';
import { selfSigned } from './certificate.ts';

const missing = ['curl', 'openssl'].filter((program) => findProgram(program) === undefined);
const skip =
  missing.length === 0
    ? false
    : `SKIPPED: ${missing.join(' and ')} not installed; apt-get install ${missing.join(' ')}`;

/** Clients that others wrote, through every way into the proxy; on the loopback. */
describe('real clients', { skip }, () => {
  let world: World;
  let plain: Server;
  let secure: Server;
  let ports: { http: number; tls: number };
  const at: Record<'http' | 'https' | 'socks', number> = { http: 0, https: 0, socks: 0 };

  before(async () => {
    const own = await selfSigned(['site.example', 'other.example', 'localhost']);
    plain = createHttp((request, response) => request.pipe(response.writeHead(200, { 'X-Path': request.url ?? '' })));
    const tls = createSecureServer({ ...own, allowHTTP1: true }, (request, response) => {
      response.end(`HTTP/${request.httpVersion} ${request.headers.host ?? request.authority} ${request.url}`);
    });
    secure = tls;
    ports = { http: await listening(plain), tls: await listening(secure) };
    world = await startWorld(policyOf({ to: ['site.example'], ports: Object.values(ports) }), {
      listeners: [
        { kind: 'http', at: { host: '127.0.0.1', port: 0 } },
        { kind: 'http', at: { host: '127.0.0.1', port: 0 }, tls: own },
        { kind: 'socks', at: { host: '127.0.0.1', port: 0 } },
      ],
      speech: new Map([
        [ports.http, 'http'],
        [ports.tls, 'tls'],
      ]),
      credentials: [
        { user: 'agent', digest: tokenDigest('secret'), accounts: [{ first: 1_000, last: 1_000 }], addresses: [] },
      ],
    });
    const [http, https, socks] = world.proxy.endpoints.map(({ port }) => port);
    Object.assign(at, { http, https, socks });
  });
  after(async () => {
    await world.proxy.stop(0);
    plain.close();
    secure.close();
  });

  async function curl(...args: string[]): Promise<string> {
    const done = await run('curl', ['-q', '-sS', '-k', '--max-time', '10', '--proxy-insecure', ...args], {
      timeoutMs: 15_000,
      env: {},
    });
    return `${done.exitCode} ${done.stdout}${done.stderr}`;
  }

  const ways: readonly (readonly [string, () => string[]])[] = [
    ['the plain listener', () => ['-x', `http://127.0.0.1:${at.http}`]],
    ['the TLS listener', () => ['-x', `https://localhost:${at.https}`]],
    ['SOCKS5', () => ['-x', `socks5h://127.0.0.1:${at.socks}`]],
    ['the plain listener, with credentials', () => ['-x', `http://agent:secret@127.0.0.1:${at.http}`]],
    ['SOCKS5, with credentials', () => ['-x', `socks5h://agent:secret@127.0.0.1:${at.socks}`]],
  ];
  for (const [what, way] of ways) {
    test(`curl through ${what}: HTTP, TLS, HTTP/2 (blindly); and what is denied`, async () => {
      const { http, tls } = ports;
      assert.equal(await curl(...way(), '-d', 'body', `http://site.example:${http}/a`), '0 body');
      assert.equal(await curl(...way(), '-p', '-d', 'in a tunnel', `http://site.example:${http}/a`), '0 in a tunnel');
      assert.match(
        await curl(...way(), '--http1.1', `https://site.example:${tls}/b`),
        /^0 HTTP\/1\.1 site\.example:\d+ \/b/,
      );
      assert.match(
        await curl(...way(), '--http2', `https://site.example:${tls}/b`),
        /^0 HTTP\/2\.0 site\.example:\d+ \/b/,
      );
      assert.doesNotMatch(await curl(...way(), `https://evil.example:${tls}/`), /^0 /);
      assert.doesNotMatch(
        await curl(
          ...way(),
          '--connect-to',
          `other.example:${tls}:site.example:${tls}`,
          `https://other.example:${tls}/`,
        ),
        /^0 /,
        'P8',
      );
    });
  }

  test('curl is told why', async () => {
    const said = await curl('-x', `http://127.0.0.1:${at.http}`, 'http://evil.example/', '-i');
    assert.match(
      said,
      /403 Forbidden[\s\S]*Proxy-Status: portcullis; error=http_request_denied[\s\S]*"reason": "unlisted-name"/,
    );
    const wrong = await curl('-x', `http://agent:wrong@127.0.0.1:${at.http}`, `https://site.example:${ports.tls}/`);
    assert.match(wrong, /407/);
  });

  test('openssl s_client, with the name that the tunnel is for and with another', async () => {
    const proxy = ['-proxy', `127.0.0.1:${at.http}`, '-connect', `site.example:${ports.tls}`, '-alpn', 'http/1.1'];
    const input = 'GET / HTTP/1.0\r\n\r\n';
    const s_client = (name: string[]) =>
      run('openssl', ['s_client', '-quiet', ...proxy, ...name], { input, timeoutMs: 10_000 });
    assert.match((await s_client(['-servername', 'site.example'])).stdout, /HTTP\/1\.0 /);
    assert.match((await s_client(['-servername', 'evil.example'])).stderr, /alert access denied/);
    assert.match((await s_client(['-noservername'])).stdout, /HTTP\/1\.0 /, 'the tunnel says where it goes');
  });

  test('the TLS listener speaks HTTP/1.1 by ALPN, and not HTTP/2', async () => {
    const offered = (protocols: string[]) =>
      new Promise<string>((done) => {
        const socket = tlsConnect({
          host: '127.0.0.1',
          port: at.https,
          ALPNProtocols: protocols,
          rejectUnauthorized: false,
        });
        socket
          .once('secureConnect', () => done(String(socket.alpnProtocol)))
          .once('error', ({ message }) => done(message));
        socket.once('secureConnect', () => socket.end());
      });
    assert.equal(await offered(['h2', 'http/1.1']), 'http/1.1');
    assert.match(await offered(['h2']), /no application protocol/);
  });

  test('Node through CONNECT', async () => {
    const socket = await new Promise<Duplex>((done, fail) => {
      const authority = `site.example:${ports.tls}`;
      httpRequest({
        host: '127.0.0.1',
        port: at.http,
        method: 'CONNECT',
        path: authority,
        headers: { Host: authority },
      })
        .once('connect', (_, tunnel) => done(tunnel))
        .once('error', fail)
        .end();
    });
    const createConnection = () => tlsConnect({ socket, servername: 'site.example', rejectUnauthorized: false });
    const text = await new Promise<string>((done, fail) => {
      const request: ReturnType<typeof get> = httpsRequest({
        host: 'site.example',
        port: ports.tls,
        path: '/node',
        createConnection,
      });
      request
        .once('response', (response) => response.once('data', (chunk) => done(String(chunk))))
        .once('error', fail)
        .end();
    });
    assert.match(text, /^HTTP\/1\.1 site\.example:\d+ \/node$/);
    socket.destroy();
  });
});
