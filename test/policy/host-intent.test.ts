import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Grant, Intent, Redirect, Service } from '../../src/ir/index.ts';
import { type Endpoint, formatAddress, formatPortRange, formatRange, protocolName } from '../../src/net/index.ts';
import { loadPolicyText } from '../../src/policy/index.ts';
import { hostIntent, resolvePolicy } from '../../src/resolve/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { context, readerOfTexts } from './support.ts';

function policyOf(gateway: string, ...flows: readonly string[]): Intent {
  const text = `portcullis: 1
${gateway}
zones:
  agent: { host: { users: [openclaw] } }
  unit: { host: { cgroups: agent.slice } }
  containers: { addresses: 172.20.0.0/16 }
  git: { domains: git.example.com, enforce: resolved }
flows:
${flows.map((flow) => `  - { ${flow} }`).join('\n')}
tests:
  - { from: agent, allow: "api.example.com:443/tcp", deny: ["api.example.com:22/tcp", "1.2.3.4:443/tcp"] }
  - { from: host, deny: "1.2.3.4:443/tcp" }
`;
  const loaded = loadPolicyText(new SourceFile('policy.yaml', text), readerOfTexts({}));
  assert.ok(loaded.policy);
  const { intent, diagnostics } = resolvePolicy(loaded.policy, context);
  assert.ok(intent, JSON.stringify([...loaded.diagnostics, ...diagnostics].map(({ message }) => message)));
  return intent;
}

function service({ protocol, ports }: Service): string {
  return `${protocolName(protocol)}/${ports === undefined ? 'any' : formatPortRange(ports)}`;
}

function peers(grant: Pick<Grant, 'from'>): string {
  return grant.from
    .map((peer) => {
      if (peer.kind === 'named') return peer.group;
      if (peer.kind === 'remote') return peer.ranges.length > 3 ? 'the internet' : peer.ranges.map(formatRange).join();
      const accounts = (peer.accounts ?? []).map(({ first, last }) => (first === last ? first : `${first}-${last}`));
      return `local ${[...accounts, peer.cgroup ?? ''].filter((part) => part !== '').join()}`.trim();
    })
    .join(' and ');
}

function grants(intent: Intent): string[] {
  return intent.grants.map(
    (grant) =>
      `${grant.name}: ${peers(grant)} -> ${peers({ from: grant.to })} on ${grant.services.map(service).join()}`,
  );
}

function socket({ address, port }: Endpoint): string {
  return `${formatAddress(address)}#${port}`;
}

function redirects(intent: Intent): string[] {
  return (intent.redirects ?? []).map(
    ({ name, from, protocols, ports, except, to }: Redirect) =>
      `${name}: ${peers({ from })} ${protocols.map(protocolName).join()}/${ports.join()} but ${except.map(formatRange).join()} -> ${to.map(socket).join()}`,
  );
}

const GATEWAY = 'gateway: { upstream: [9.9.9.9, tls://9.9.9.10], user: 990 }';
const WEB = 'name: web, from: agent, to: api.example.com, service: [https, tcp/8443]';

describe('what the host has to do for a gateway', () => {
  test('flows by name lead to its listeners, and it alone leaves', () => {
    const host = hostIntent(policyOf(GATEWAY, WEB));
    assert.deepEqual(grants(host), [
      'gateway:proxy: local 998 -> 127.0.0.1,::1 on tcp/3128',
      'gateway:socks: local 998 -> 127.0.0.1,::1 on tcp/1080',
      'gateway:transparent: local 998 -> 127.0.0.1,::1 on tcp/3129',
      'gateway:dns: local 998 -> 127.0.0.1,::1 on udp/5300,tcp/5300',
      'gateway:out: local 990 -> the internet on tcp/443,tcp/8443',
      'gateway:upstream:plain:53: local 990 -> 9.9.9.9 on udp/53,tcp/53',
      'gateway:upstream:tls:853: local 990 -> 9.9.9.10 on tcp/853',
    ]);
    assert.deepEqual(redirects(host), [
      'gateway:transparent: local 998 tcp/443 but 127.0.0.0/8,::1 -> 127.0.0.1#3129,::1#3129',
      'gateway:dns: local 998 udp,tcp/53 but  -> 127.0.0.1#5300,::1#5300',
    ]);
  });

  test('flows to addresses and to names that are enforced otherwise stay, and networks are reached directly', () => {
    const host = hostIntent(
      policyOf(
        `${GATEWAY}\nbaseline: { loopback: false }`,
        'name: mixed, from: unit, to: [api.example.com, 10.0.7.3, 8.8.8.8], service: https',
        'name: push, from: agent, to: git, service: ssh',
      ),
    );
    assert.deepEqual(grants(host).slice(0, 2), [
      'mixed: local agent.slice -> 8.8.8.8,10.0.7.3 on tcp/443',
      'push: local 998 -> git on tcp/22',
    ]);
    assert.deepEqual(
      host.groups.map(({ key }) => key),
      ['git'],
    );
    const others = '0-989,991-4294967294';
    assert.deepEqual(redirects(host), [
      `gateway:transparent: local ${others},agent.slice tcp/443 but 10.0.7.3,127.0.0.0/8,::1 -> 127.0.0.1#3129,::1#3129`,
      `gateway:dns: local 998 and local ${others},agent.slice udp,tcp/53 but  -> 127.0.0.1#5300,::1#5300`,
    ]);
    assert.equal(host.baseline[0]?.name, 'gateway'); // what was redirected has to come in
  });

  test('the gateway reaches what programs ask it for that know a proxy: addresses of flows, names of its own', () => {
    const host = hostIntent(
      policyOf(
        `gateway:
  upstream: 9.9.9.9
  user: 990
  domains: { corp.example: [10.0.0.53, tls://10.0.0.54] }
  hosts: { nas.home.arpa: [10.0.7.3, fd00::3], printer.home.arpa: 10.0.7.4, idle.home.arpa: 10.0.7.5 }
  tls: { listen: "10.0.0.1:3130", certificate: /etc/gateway.pem, key: /etc/gateway.key }`,
        'name: nas, from: agent, to: nas.home.arpa, service: https',
        'name: model, from: agent, to: [10.0.9.1, 10.0.9.2], service: [tcp/11434, udp/1]',
        'name: models, from: unit, to: 10.0.9.3, service: tcp/11434',
        'name: paper, from: unit, to: 10.0.7.4, service: [tcp/631, udp/631]',
        'name: others, from: containers, to: 10.0.8.1, service: tcp/11434', // no clients of the gateway
      ),
    );
    const own = grants(host).filter((line) => /^gateway:(?!proxy|socks|transparent)/.test(line));
    assert.deepEqual(own, [
      'gateway:tls: local 998 -> 10.0.0.1 on tcp/3130',
      'gateway:dns: local 998 -> 127.0.0.1,::1 on udp/5300,tcp/5300',
      'gateway:out: local 990 -> the internet on tcp/443',
      'gateway:upstream:plain:53: local 990 -> 9.9.9.9,10.0.0.53 on udp/53,tcp/53',
      'gateway:upstream:tls:853: local 990 -> 10.0.0.54 on tcp/853',
      'gateway:behalf:1: local 990 -> 10.0.7.3,fd00::3 on tcp/443',
      'gateway:behalf:2: local 990 -> 10.0.9.1-10.0.9.3 on tcp/11434',
      'gateway:behalf:3: local 990 -> 10.0.7.4 on tcp/631',
    ]);
    assert.equal(grants(host)[0], 'nas: local 998 -> 10.0.7.3,fd00::3 on tcp/443'); // its addresses are written, too
    assert.match(redirects(host)[0] ?? '', /but 10\.0\.7\.3,127\.0\.0\.0\/8,::1,fd00::3 ->/);
  });

  test('the gateway reaches nobody on behalf of others where nobody goes by name', () => {
    const host = hostIntent(policyOf(GATEWAY, 'name: model, from: agent, to: 10.0.9.1, service: tcp/11434'));
    assert.deepEqual(
      grants(host).map((line) => line.split(':').slice(0, 2).join(':')),
      ['model: local 998 -> 10.0.9.1 on tcp/11434', 'gateway:upstream', 'gateway:upstream'],
    );
  });

  test('everybody but the gateway is sent to it where everybody may go by name', () => {
    const host = hostIntent(policyOf(GATEWAY, 'name: all, from: host, to: api.example.com, service: http'));
    assert.deepEqual(
      redirects(host)[0],
      'gateway:transparent: local 0-989,991-4294967294 tcp/80 but 127.0.0.0/8,::1 -> 127.0.0.1#3129,::1#3129',
    );
  });

  test('other machines reach listeners that are not on the loopback', () => {
    const host = hostIntent(
      policyOf(
        'gateway: { upstream: 9.9.9.9, user: 990, proxy: ["127.0.0.1:3128", "172.20.0.1:3128"], intercept: [443, 8443] }',
        'name: containers, from: containers, to: api.example.com, service: https',
      ),
    );
    assert.deepEqual(grants(host), [
      'gateway:proxy:networks: 172.20.0.0/16 -> local on tcp/3128',
      'gateway:out: local 990 -> the internet on tcp/443,tcp/8443',
      'gateway:upstream:plain:53: local 990 -> 9.9.9.9 on udp/53,tcp/53',
    ]);
    assert.deepEqual(redirects(host), []);
  });

  test('of the tests those remain that the kernel keeps by itself, and not about the gateway', () => {
    const host = hostIntent(policyOf(GATEWAY, WEB));
    assert.deepEqual(
      host.tests.map(({ text, from }) => `${text}: ${peers({ from })}`),
      [
        'from agent deny api.example.com:22/tcp: local 998',
        'from agent deny 1.2.3.4:443/tcp: local 998',
        'from host deny 1.2.3.4:443/tcp: local 0-989,991-4294967294',
      ],
    );
  });

  test('nothing changes twice, and nothing where there is no gateway', () => {
    const host = hostIntent(policyOf(GATEWAY, WEB));
    assert.equal(hostIntent(host), host);
    const plain = policyOf('enforce: resolved', WEB);
    assert.equal(hostIntent(plain), plain);
  });
});
