import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { healthChecks, settledHealth, tryHealth } from '../../src/cli/node/health.ts';
import { portcullis } from './cli.ts';

const files = {
  'node.yaml': 'portcullis: 1\nbaseline: { forwarding: true }\n',
  'host.yaml': 'portcullis: 1\n',
  'account.yaml':
    'portcullis: 1\nbaseline: { forwarding: true }\nzones: { kubelet: { host: { users: [nobody-has-this] } } }\nflows:\n  - { name: out, from: kubelet, to: 10.0.0.10, service: tcp/6443 }\n',
};
const CHECK = ['--healthy', 'tcp host -> 127.0.0.1:1'];

describe('what `portcullis node` cannot be told', () => {
  const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['a policy that cuts pods off', ['host.yaml', ...CHECK], /A0201/],
    ['a check that is none', ['node.yaml', '--healthy', 'everything'], /A0202.*`everything`/],
    ['Kubernetes outside of Kubernetes', ['node.yaml'], /A0203/],
    ['a while that no trial is long enough for', ['node.yaml', ...CHECK, '--trial', '30s', '--settle', '25s'], /A0204/],
    ['an account that only the node itself can have', ['account.yaml', ...CHECK], /nobody-has-this/],
  ];
  for (const [name, args, said] of wrong)
    test(name, async () => {
      const ran = await portcullis(['node', ...args, '--once'], { files });
      assert.equal(ran.exitCode, 2, ran.stderr);
      assert.match(ran.stderr, said);
    });
});

describe('whether a node is well', () => {
  test('the API server is asked where Kubernetes says, IPv6 in brackets, and the kubelet on loopback', () => {
    const at = (host: string) =>
      healthChecks(['kubernetes'], { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: '6443' }).map(
        ({ text }) => text,
      );
    const kubelet = 'http://127.0.0.1:10248/healthz';
    assert.deepEqual(at('10.96.0.1'), ['https://10.96.0.1:6443/readyz', kubelet]);
    assert.deepEqual(at('fd00::1'), ['https://[fd00::1]:6443/readyz', kubelet]);
  });

  test('any answer will do but a fault of the server; one that fails is named', async () => {
    await using server = await Answering.open((path) => (path === '/ill' ? 500 : 401));
    assert.equal((await tryHealth(healthChecks([server.at('/')], {}))).passed, true);
    const ill = await tryHealth(healthChecks([server.at('/'), server.at('/ill')], {}));
    assert.deepEqual(ill, { passed: false, said: `${server.at('/ill')} answered with 500` });
  });

  test('it has to be well for a while without a break, within its time', async () => {
    let asked = 0;
    await using server = await Answering.open(() => (++asked === 2 ? 503 : 200));
    const checks = healthChecks([server.at('/')], {});
    const { signal } = new AbortController();
    const found = await settledHealth(checks, { settleMs: 1_500, withinMs: 30_000, signal });
    assert.equal(found.passed, true);
    assert.ok(asked >= 4, 'the while began anew after the second answer');
    const never = await settledHealth(healthChecks(['http://127.0.0.1:1/'], {}), {
      settleMs: 0,
      withinMs: 500,
      signal,
    });
    assert.match(never.said, /ECONNREFUSED/);
  });
});

class Answering {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(status: (path: string) => number): Promise<Answering> {
    const server = createServer((request, answer) => answer.writeHead(status(request.url ?? '')).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Answering(server);
  }

  at(path: string): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}${path}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
