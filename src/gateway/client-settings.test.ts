import assert from 'node:assert/strict';
import { test } from 'node:test';
import { intentOf } from '../../test/lab/policies.ts';
import { clientSettings } from './client-settings.ts';

function settings(gateway: string): ReadonlyMap<string, string> {
  const intent = intentOf(`portcullis: 1
gateway: { upstream: 9.9.9.9${gateway} }
zones:
  agent: { host: { users: [openclaw] } }
flows:
  - { name: web, from: agent, to: api.example.com, service: https }
  - { name: database, from: agent, to: [10.0.7.3, 10.8.0.0/16, "fd00:7::3"], service: tcp/5432 }
  - { name: public, from: agent, to: 8.8.8.8, service: tcp/8443 }
`);
  assert.ok(intent.gateway);
  return new Map(clientSettings(intent, intent.gateway).map(({ name, text }) => [name, text]));
}

test('OpenClaw and the environment are told of the loopback listeners, and what goes directly', () => {
  const files = settings('');
  assert.deepEqual([...files.keys()], ['openclaw.json', 'gateway.env']);
  assert.deepEqual(JSON.parse(files.get('openclaw.json') ?? ''), {
    proxy: { enabled: true, proxyUrl: 'http://127.0.0.1:3128', loopbackMode: 'gateway-only' },
  });
  assert.equal(
    files.get('gateway.env'),
    `HTTP_PROXY=http://127.0.0.1:3128
http_proxy=http://127.0.0.1:3128
HTTPS_PROXY=http://127.0.0.1:3128
https_proxy=http://127.0.0.1:3128
ALL_PROXY=socks5h://127.0.0.1:1080
all_proxy=socks5h://127.0.0.1:1080
NO_PROXY=localhost,127.0.0.1,::1,10.0.7.3,10.8.0.0/16,fd00:7::3
no_proxy=localhost,127.0.0.1,::1,10.0.7.3,10.8.0.0/16,fd00:7::3
NODE_USE_ENV_PROXY=1
`,
  );
});

test('containers are told of a listener that they reach', () => {
  const files = settings(', proxy: ["[::1]:8080", 10.0.0.1:8081]');
  assert.match(files.get('openclaw.json') ?? '', /"http:\/\/\[::1\]:8080"/);
  assert.match(files.get('gateway-containers.env') ?? '', /^HTTPS_PROXY=http:\/\/10\.0\.0\.1:8081$/m);
  assert.doesNotMatch(files.get('gateway-containers.env') ?? '', /ALL_PROXY/);
});
