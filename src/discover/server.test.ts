import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatHost, parseServer } from './server.ts';

test('servers of URLs, and nothing else of them', () => {
  const cases: readonly (readonly [text: string, host: string, port: number, http: boolean])[] = [
    ['https://api.example.com/v1?key=x', 'api.example.com', 443, true],
    ['http://API.Example.com:8080', 'api.example.com', 8080, true],
    ['wss://user:pass@chat.example.com', 'chat.example.com', 443, true],
    ['example.com', 'example.com', 443, true],
    ['example.com:8443', 'example.com', 8443, true],
    ['http://[2001:db8::1]:8000/', '2001:db8::1', 8000, true],
    ['http://10.0.0.5', '10.0.0.5', 80, true],
    ['http://127.0.0.1:11434', 'localhost', 11434, true],
    ['http://[::1]:1234', 'localhost', 1234, true],
    ['http://localhost:4000', 'localhost', 4000, true],
    ['http://ollama.localhost', 'localhost', 80, true],
    ['http://0.0.0.0:8000', 'localhost', 8000, true],
    ['http://0x7f.1:8000', 'localhost', 8000, true], // the URL standard reads it as 127.0.0.1, and so does OpenClaw
    ['ssh://me@box.example.com', 'box.example.com', 22, false],
    ['ssh://box.example.com:2222', 'box.example.com', 2222, false],
    ['http://gpu-box:8000', 'gpu-box', 8000, true],
    ['https://bücher.example', 'xn--bcher-kva.example', 443, true],
  ];
  for (const [text, host, port, http] of cases) {
    const server = parseServer(text);
    assert.ok(server, text);
    assert.deepEqual([formatHost(server.host), server.port, server.http], [host, port, http], text);
  }
});

test('what names no server', () => {
  for (const text of [
    '',
    'https://',
    'not a url',
    'https://exa mple.com',
    'ftp://example.com',
    'unix:///run/x.sock',
    'https://-bad-.com',
    'https://x:0',
    'https://x:99999',
    'file:///etc/passwd',
    'https://999.1.1.1',
  ])
    assert.equal(parseServer(text), undefined, text);
});

test('whatever the text, an answer or none', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.webUrl(),
        fc.string().map((text) => `https://${text}`),
      ),
      (text) => {
        const server = parseServer(text);
        assert.ok(server === undefined || (server.port >= 1 && server.port <= 65535 && formatHost(server.host) !== ''));
      },
    ),
  );
});
