import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseAddress, parseHost } from '../net/index.ts';
import { AccessRequests } from './access-requests.ts';
import { controlServer, type Health } from './control.ts';

const folder = mkdtempSync(join(tmpdir(), 'control-'));
const socketPath = join(folder, 'socket');
const HEALTH: Health = { ok: true, since: '2026-11-26T00:00:00.000Z', policy: 'p', observe: false, troubles: [] };

interface Answer {
  readonly status: number;
  readonly text: string;
}

function ask(method: string, path: string, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

describe('the operator’s socket of a gateway', () => {
  const requests = new AccessRequests(() => 0);
  let health = HEALTH;
  const server = controlServer({
    health: () => health,
    metrics: async () => 'portcullis_gateway_open_connections 0\n',
    connections: () => [],
    requests: () => requests.all(),
    approve: (...args) => requests.approve(...args),
    refuse: (...args) => requests.refuse(...args),
    reload: async () => ({ ok: false, problems: ['there is no such zone'] }),
  });
  before(async () => {
    const host = parseHost('example.com', { bracketed: true });
    assert.ok(host.kind === 'name');
    const client = { address: parseAddress('127.0.0.1')!, account: 1000 };
    requests.note({ id: 'a1', agent: 'openclaw', client, host, protocol: 6, port: 443 });
    await new Promise<void>((done) => server.listen(socketPath, done));
  });
  after(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  const cases: readonly (readonly [string, string, string | undefined, number, RegExp])[] = [
    ['GET', '/health', undefined, 200, /"ok":true/],
    ['GET', '/metrics', undefined, 200, /open_connections 0/],
    ['GET', '/requests', undefined, 200, /"id":"a1","agent":"openclaw","host":"example.com","port":443,"times":1/],
    ['POST', '/requests/a1/approve', undefined, 400, /`by` must say/],
    ['POST', '/requests/a1/approve', '{', 400, /`by` must say/],
    ['POST', '/requests/a1/approve', '{"by":"ops"}', 400, /`seconds` must be/],
    ['POST', '/requests/a1/approve', '{"by":"ops","seconds":0}', 400, /`seconds` must be/],
    ['POST', '/requests/none/approve', '{"by":"ops","seconds":60}', 404, /no request `none`/],
    [
      'POST',
      '/requests/a1/approve',
      '{"by":"ops","seconds":60}',
      200,
      /"state":"approved","by":"ops","until":"1970-01-01T00:01:00/,
    ],
    ['POST', '/requests/a1/refuse', '{"by":"ops"}', 200, /"state":"refused"/],
    ['POST', '/requests/../refuse', '{"by":"ops"}', 404, /no such thing/],
    ['POST', '/reload', undefined, 409, /no such zone/],
    ['DELETE', '/requests', undefined, 404, /no such thing/],
    ['POST', '/requests/a1/approve', `{"by":"${'x'.repeat(5_000)}"}`, 400, /`by` must say/],
  ];
  for (const [method, path, body, status, text] of cases) {
    test(`${method} ${path} ${(body ?? '').slice(0, 30)}`, async () => {
      const answer = await ask(method, path, body);
      assert.equal(answer.status, status, answer.text);
      assert.match(answer.text, text);
    });
  }

  test('health that is not well says so by its status', async () => {
    health = { ...HEALTH, ok: false, troubles: ['the kernel does not enforce the policy'] };
    assert.equal((await ask('GET', '/health')).status, 503);
  });
});
