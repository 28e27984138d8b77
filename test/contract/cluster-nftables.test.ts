import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadCatalog } from '../../src/catalog/index.ts';
import { type Connection, connections, type End } from '../../src/cluster/index.ts';
import type { Flow, Ruleset } from '../../src/ir/index.ts';
import { type Cluster, NAMESPACE_NAME, readCluster } from '../../src/kubernetes/index.ts';
import { type Address, addressRange, PROTOCOLS, parseAddress } from '../../src/net/index.ts';
import { loadPolicyText } from '../../src/policy/index.ts';
import { hostIntent, resolvePolicy } from '../../src/resolve/index.ts';
import { evaluate } from '../../src/semantics/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { CLUSTER_TARGET_NAMES, CLUSTER_TARGETS, type ClusterTargetName, TARGETS } from '../../src/target/index.ts';
import { intentOf, OPTIONS } from './cluster-policies.ts';

/**
 * One policy for a cluster and for a machine that routes between its pods: who is who, each knows in its own way. Both are asked about the same
 * connections, of which one end is the agent, whose namespace is governed.
 */
const TEXT = `portcullis: 1
name: both
zones:
  agent:
    addresses: [10.244.1.5, "fd00:244:1::5"]
    kubernetes: { namespace: claw, podSelector: { app: agent } }
  db:
    addresses: [10.244.2.9, "fd00:244:2::9"]
    kubernetes: { namespace: data, podSelector: { app: db } }
  office: { addresses: [192.0.2.0/24, "2001:db8:7::/48"], except: [192.0.2.66] }
flows:
  - { name: db, from: agent, to: db, service: [tcp/5432, tcp/8000-8100] }
  - { name: web, from: agent, to: internet, service: https }
  - { name: control, from: office, to: agent, service: [tcp/18789, ping] }
  - { name: back, from: db, to: agent, service: [sctp/36412, udp/514] }
  - { name: time, from: agent, to: office, service: udp/123 }
`;
const POLICY = { name: 'both', why: '', namespaces: ['claw'], text: TEXT };

/** Who may stand at an end: for the cluster, and at which addresses for the machine. */
interface Someone {
  readonly name: string;
  readonly pod?: { readonly namespace: string; readonly app: string };
  readonly addresses: readonly string[];
}

const AGENT: Someone = {
  name: 'agent',
  pod: { namespace: 'claw', app: 'agent' },
  addresses: ['10.244.1.5', 'fd00:244:1::5'],
};
const OTHERS: readonly Someone[] = [
  { name: 'db', pod: { namespace: 'data', app: 'db' }, addresses: ['10.244.2.9', 'fd00:244:2::9'] },
  { name: 'another pod', pod: { namespace: 'data', app: 'web' }, addresses: ['10.244.2.10', 'fd00:244:2::10'] },
  { name: 'a neighbour', pod: { namespace: 'claw', app: 'other' }, addresses: ['10.244.1.6', 'fd00:244:1::6'] },
  { name: 'the office', addresses: ['192.0.2.7', '2001:db8:7::1'] },
  { name: 'an exception', addresses: ['192.0.2.66'] },
  { name: 'the internet', addresses: ['198.41.0.4', '2620:fe::fe'] },
  { name: 'instance metadata', addresses: ['169.254.169.254', 'fe80::a9fe:a9fe'] },
];

const CONNECTIONS: readonly Connection[] = [
  ...[22, 443, 5432, 7999, 8000, 8100, 8101, 18_789].map((port) => ({ protocol: 'TCP', port }) as const),
  ...[53, 123, 443, 514].map((port) => ({ protocol: 'UDP', port }) as const),
  ...[443, 36_412].map((port) => ({ protocol: 'SCTP', port }) as const),
];
const PING: Readonly<Record<4 | 6, Connection>> = {
  4: { protocol: 'ICMP', port: 8 },
  6: { protocol: 'ICMPv6', port: 128 },
};

/** What an API declares that it cannot say: no answer is asked of it there. */
const UNSAID: Readonly<Partial<Record<ClusterTargetName, (from: Someone, connection: Connection) => boolean>>> = {
  kubernetes: (_from, { protocol }) => protocol.startsWith('ICMP'),
  'admin-network-policy': (from, { protocol }) => from.pod === undefined || protocol.startsWith('ICMP'),
  'cluster-network-policy': (from, { protocol }) => from.pod === undefined || protocol.startsWith('ICMP'),
};

function rulesOfMachine(): Ruleset {
  const { policy } = loadPolicyText(new SourceFile('both.yaml', TEXT), () => ({ reason: 'there is none' }));
  assert.ok(policy);
  const context = { accounts: new Map(), catalog: loadCatalog(), today: '2026-11-26' };
  const { intent } = resolvePolicy(policy, context);
  assert.ok(intent);
  const target = TARGETS.nftables;
  const artifacts = target.print(target.lower(hostIntent(intent)).ast);
  const { ast } = target.parse(artifacts.map(({ name, text }) => new SourceFile(name, text)));
  assert.ok(ast);
  return target.lift(ast).ruleset;
}

const RULES = rulesOfMachine();

function routed(src: Address, dst: Address, { protocol, port }: Connection): boolean {
  const isIcmp = protocol === 'ICMP' || protocol === 'ICMPv6';
  const flow: Flow = {
    hook: 'forward',
    family: src.family,
    src,
    dst,
    protocol: PROTOCOLS[protocol.toLowerCase() as keyof typeof PROTOCOLS],
    ...(isIcmp ? { icmpType: port, icmpCode: 0 } : { sport: 40_000, dport: port }),
    ...(protocol === 'TCP' ? { tcpFlags: 2 } : {}),
    state: 'new',
    inInterface: 'eth0',
    outInterface: 'eth1',
    srcType: 'unicast',
    dstType: 'unicast',
    symbols: new Set(),
  };
  return evaluate(RULES, flow).verdict === 'accept';
}

function clusterOf(name: ClusterTargetName): Cluster {
  const target = CLUSTER_TARGETS[name];
  const artifacts = target.print(target.lower(intentOf(POLICY), OPTIONS).files);
  return readCluster(artifacts.map((file) => new SourceFile(file.name, file.text))).cluster;
}

function endOf({ pod }: Someone, at: Address): End {
  if (pod === undefined) return { kind: 'addresses', range: addressRange(at) };
  const namespaceLabels = new Map([[NAMESPACE_NAME, pod.namespace]]);
  return { kind: 'new-workload', namespaceLabels, labels: new Map([['app', pod.app]]) };
}

describe('a cluster and a machine that routes between its pods give the same answers', () => {
  // Istio is a layer above the others: of what a packet filter decides it says too little to be compared.
  for (const name of CLUSTER_TARGET_NAMES.filter((each) => each !== 'istio')) {
    const cluster = clusterOf(name);
    test(name, () => {
      let allowed = 0;
      for (const [from, to] of OTHERS.flatMap((other) => [[AGENT, other] as const, [other, AGENT] as const]))
        for (const src of from.addresses.map(known))
          for (const dst of to.addresses.map(known).filter(({ family }) => family === src.family))
            for (const connection of [...CONNECTIONS, PING[src.family]]) {
              if (UNSAID[name]?.(from, connection) === true) continue;
              const { certainly, possibly } = connections(cluster, endOf(from, src), endOf(to, dst));
              const shown = `${from.name} -> ${to.name}: ${connection.protocol} ${connection.port} over IPv${src.family}`;
              const expected = routed(src, dst, connection);
              assert.equal(certainly.has(connection), expected, shown);
              // Calico compares addresses, whoever has them: that is declared, and no certainty.
              if (name !== 'calico') assert.equal(possibly.has(connection), expected, shown);
              if (expected) allowed++;
            }
      assert.ok(allowed > 10, `only ${allowed} of the connections are let through`);
    });
  }
});

function known(text: string): Address {
  const address = parseAddress(text);
  assert.ok(address);
  return address;
}
