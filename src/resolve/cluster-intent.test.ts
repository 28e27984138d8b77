import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadCatalog } from '../catalog/index.ts';
import { type ClusterIntent, type ClusterPeer, EVERYTHING, namespaceNamed } from '../kubernetes/index.ts';
import { formatDnsPattern, formatRange } from '../net/index.ts';
import { loadPolicyText } from '../policy/index.ts';
import { SourceFile } from '../source/index.ts';
import { type ResolvedForCluster, resolveForCluster } from './cluster-intent.ts';

const catalog = loadCatalog();
const AGENT = 'agent: { kubernetes: { namespace: claw, podSelector: { app: agent } } }';

interface Asked {
  readonly zones?: readonly string[];
  readonly flows: readonly string[];
  readonly more?: string;
  readonly namespaces?: readonly string[];
  readonly nodeLocalDns?: boolean;
}

function resolve({
  zones = [AGENT],
  flows,
  more = '',
  namespaces = [],
  nodeLocalDns = false,
}: Asked): ResolvedForCluster {
  const lines = [
    'portcullis: 1',
    more,
    'zones:',
    ...zones.map((zone) => `  ${zone}`),
    'flows:',
    ...flows.map((flow) => `  - ${flow}`),
  ];
  const { policy, diagnostics } = loadPolicyText(new SourceFile('p.yaml', lines.join('\n')), () => ({
    reason: 'none',
  }));
  assert.deepEqual(diagnostics, []);
  assert.ok(policy);
  return resolveForCluster(policy, { accounts: new Map(), catalog, today: '2026-11-26', namespaces, nodeLocalDns });
}

function codes({ diagnostics }: ResolvedForCluster): string[] {
  return diagnostics.map(({ code }) => code).filter((code) => code.startsWith('T'));
}

function sound(asked: Asked): ClusterIntent {
  const { intent, diagnostics } = resolve(asked);
  assert.ok(intent, diagnostics.map(({ message }) => message).join('; '));
  return intent;
}

/** `agent: app=agent in claw`, `10.0.0.0/8`, `api.example.com`. */
function peerText(peer: ClusterPeer): string {
  switch (peer.kind) {
    case 'addresses':
      return peer.ranges.map(formatRange).join(', ');
    case 'names':
      return peer.patterns.map(formatDnsPattern).join(', ');
    case 'workloads':
      return JSON.stringify(peer.workloads);
    case 'everybody':
    case 'nodes':
    case 'api-server':
      return peer.kind;
  }
}

describe('which namespaces are governed', () => {
  const flows = ['{ name: out, from: agent, to: 192.0.2.1, service: tcp/1 }'];
  const DB = 'db: { kubernetes: { namespace: data } }';

  test('the one that zones name', () => assert.deepEqual(sound({ flows }).governed, ['claw']));

  test('of several, whoever renders says which', () => {
    assert.deepEqual(codes(resolve({ zones: [AGENT, DB], flows })), ['T0003']);
    assert.deepEqual(sound({ zones: [AGENT, DB], flows, namespaces: ['data', 'claw'] }).governed, ['claw', 'data']);
  });

  test('where zones name none, it has to be said', () => {
    const zones = ['agent: { kubernetes: { podSelector: { app: agent } } }'];
    assert.deepEqual(codes(resolve({ zones, flows })), ['T0003']);
    assert.deepEqual(sound({ zones, flows, namespaces: ['claw'] }).governed, ['claw']);
  });

  test('by a name that can be one', () =>
    assert.deepEqual(codes(resolve({ flows, namespaces: ['Claw_1'] })), ['T0004']));
});

describe('what is left out is said', () => {
  const cases: readonly (readonly [string, Asked, readonly string[]])[] = [
    ['the machine itself', { flows: ['{ name: ssh, from: 192.0.2.1, to: host, service: ssh }'] }, ['T0001']],
    [
      'accounts',
      {
        zones: [AGENT, 'user: { host: { users: [u] } }'],
        flows: ['{ name: f, from: user, to: agent, service: tcp/1 }'],
      },
      ['T0001'],
    ],
    ['flows between others', { flows: ['{ name: f, from: 192.0.2.1, to: 192.0.2.2, service: tcp/1 }'] }, ['T0002']],
    ['limits', { flows: ['{ name: f, from: 192.0.2.1, to: agent, service: tcp/1, rate: 6/minute }'] }, ['T0010']],
    ['codes of ICMP', { flows: ['{ name: f, from: 192.0.2.1, to: agent, service: icmp/3/4 }'] }, ['T0012']],
    ['private addresses', { flows: ['{ name: f, from: agent, to: 10.0.0.0/8, service: tcp/1 }'] }, ['T0011']],
    [
      'zones by labels of namespaces',
      {
        zones: [AGENT, 'ops: { kubernetes: { namespaceSelector: { team: ops } } }'],
        flows: ['{ name: f, from: ops, to: agent, service: tcp/1 }'],
      },
      ['T0005'],
    ],
    [
      'a name as a source',
      {
        zones: [AGENT, 'site: { domains: [example.com] }'],
        flows: ['{ name: f, from: site, to: agent, service: tcp/1 }'],
      },
      ['T0007'],
    ],
    [
      'names of a gateway that is not there',
      { more: 'enforce: gateway', flows: ['{ name: f, from: agent, to: example.com, service: tcp/443 }'] },
      ['T0008'],
    ],
    [
      'what no gateway carries',
      {
        more: 'gateway: { upstream: 9.9.9.9 }',
        flows: ['{ name: f, from: agent, to: example.com, service: udp/443 }'],
      },
      ['T0009'],
    ],
    [
      'names that are taken out of addresses',
      {
        zones: [AGENT, 'site: { domains: [example.com] }', 'rest: { addresses: [192.0.2.0/24], except: [site] }'],
        flows: ['{ name: f, from: agent, to: rest, service: tcp/1 }'],
      },
      ['T0006'],
    ],
  ];
  for (const [what, asked, expected] of cases) test(what, () => assert.deepEqual(codes(resolve(asked)), expected));
});

describe('who stands at the ends', () => {
  test('a zone with `kubernetes` is told by it alone', () => {
    const zones = [AGENT, 'db: { addresses: [192.0.2.1], kubernetes: { namespace: data } }'];
    const { grants } = sound({
      zones,
      flows: ['{ name: f, from: agent, to: db, service: tcp/1 }'],
      namespaces: ['claw'],
    });
    assert.deepEqual(
      grants[0]?.to.map(({ peer }) => peer),
      [{ kind: 'workloads', workloads: { namespaces: namespaceNamed('data'), pods: EVERYTHING } }],
    );
  });

  test('members are called by the zone that has them, exceptions are taken out', () => {
    const zones = [AGENT, 'desk: { addresses: [192.0.2.0/24] }', 'all: { zones: [desk], except: [192.0.2.0/25] }'];
    const [grant] = sound({ zones, flows: ['{ name: f, from: agent, to: all, service: tcp/1 }'] }).grants;
    assert.deepEqual(
      grant?.to.map(({ zone, peer }) => [zone, peerText(peer)]),
      [['all', '192.0.2.128/25']],
    );
  });

  test('pods that look names up reach the cluster’s DNS; those of a gateway’s zone only the gateway', () => {
    const more = 'gateway: { upstream: "tls://9.9.9.9#dns.quad9.net" }';
    const flows = ['{ name: f, from: agent, to: example.com, service: tcp/443 }'];
    const { grants, gateways } = sound({ more, flows });
    const gateway = 'portcullis-gateway-agent';
    assert.deepEqual(
      gateways.map(({ name, namespace }) => [name, namespace]),
      [[gateway, 'claw']],
    );
    assert.deepEqual(
      grants.map(({ name, from, to }) => [name, from.map(({ zone }) => zone), to.map(({ zone }) => zone)]),
      [
        [gateway, ['agent'], [gateway]],
        [`${gateway}.resolvers`, [gateway], ['resolvers']],
        [`${gateway}.dials`, [gateway], ['internet']],
        ['cluster-dns', [gateway], ['cluster-dns']],
      ],
    );
  });

  test('a cache on each node is one more place to ask', () => {
    const flows = ['{ name: f, from: agent, to: 192.0.2.1, service: tcp/443 }'];
    const { grants } = sound({ flows, nodeLocalDns: true });
    assert.deepEqual(
      grants.at(-1)?.to.map(({ zone }) => zone),
      ['cluster-dns', 'node-local-dns'],
    );
  });
});
