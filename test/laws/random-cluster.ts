import type { ClusterQuestion, Connection, End } from '../../src/cluster/index.ts';
import {
  type Cluster,
  type ClusterPeer,
  type ClusterPolicy,
  type ContainerPort,
  EVERYTHING,
  type LabelMap,
  NAMESPACE_NAME,
  POD_NETWORK,
  type PolicyLayer,
  type PolicyRule,
  type PolicySide,
  type PortMatch,
  SERVICE_ACCOUNT_NAME,
  type Selector,
  type Stage,
  type Workload,
  type WorkloadSelector,
} from '../../src/kubernetes/index.ts';
import { type AddressRange, addressRange, parseAddress, parseDnsPattern, range } from '../../src/net/index.ts';
import { SourceFile, type Span } from '../../src/source/index.ts';
import type { Random } from '../judge/random.ts';

/**
 * Small clusters over few values, so that selectors overlap, ports meet at their edges, and addresses fall on both sides of every border.
 */
const SPAN: Span = { file: new SourceFile('random.yaml', ''), start: 0, end: 0 };
const KEYS = ['app', 'tier'];
const VALUES = ['a', 'b'];
const NETWORKS = [POD_NETWORK, 'blue', 'green'];
const EVERY_WORKLOAD: WorkloadSelector = { namespaces: EVERYTHING, pods: EVERYTHING };
const PORT_NAMES = ['web', 'dns'];
const PORTS = [1, 53, 80, 81, 8080, 65535];
const PROTOCOLS = ['TCP', 'UDP', 'SCTP'] as const;
const BLOCKS = ['0.0.0.0/0', '10.0.0.0/8', '10.1.0.0/16', '10.1.2.3', '::/0', '2001:db8::/32'];
const EVERYWHERE = [range('0.0.0.0/0'), range('::/0')];
const ADDRESSES = [
  '9.255.255.255',
  '10.0.0.0',
  '10.1.0.0',
  '10.1.2.3',
  '10.1.2.4',
  '11.0.0.0',
  '::1',
  '2001:db8::',
  '2001:db9::',
];
const NAMES = ['*.b.example', 'a.b.example', 'c.example'].map((text) => parseDnsPattern(text)!);

export function randomCluster(random: Random): Cluster {
  const namespaces = Array.from({ length: random.between(1, 3) }, (_, at) => `ns${at}`);
  const severalNetworks = random.chance(0.3);
  const workloads = Array.from({ length: random.between(1, 5) }, (_, at) =>
    randomWorkload(random, `w${at}`, random.pick(namespaces), severalNetworks),
  );
  return {
    namespaces: new Map(namespaces.map((name) => [name, { name, labels: namespaceLabels(random, name) }])),
    workloads,
    services: [],
    entrances: [],
    layers: randomLayers(random, severalNetworks),
    opaque: [],
  };
}

function namespaceLabels(random: Random, name: string): LabelMap {
  return new Map([...randomLabels(random), [NAMESPACE_NAME, name]]);
}

function randomWorkload(random: Random, name: string, namespace: string, severalNetworks: boolean): Workload {
  const serviceAccount = random.pick(['default', 'robot']);
  const primary = severalNetworks ? random.pick(NETWORKS) : POD_NETWORK;
  const others = severalNetworks ? random.some(NETWORKS, random.below(3)).filter((network) => network !== primary) : [];
  return {
    id: `${namespace}/${name}[Deployment]`,
    ref: { kind: 'Deployment', namespace, name },
    namespace,
    labels: randomLabels(random),
    serviceAccount,
    serviceAccountLabels: new Map([[SERVICE_ACCOUNT_NAME, serviceAccount]]),
    ports: Array.from({ length: random.below(3) }, () => randomPort(random)),
    hostNetwork: random.chance(0.15),
    networks: [primary, ...others],
    addresses: [],
    span: SPAN,
  };
}

function randomPort(random: Random): ContainerPort {
  const port = { protocol: random.pick(PROTOCOLS), port: random.pick(PORTS) };
  return random.chance(0.8) ? { name: random.pick(PORT_NAMES), ...port } : port;
}

function randomLabels(random: Random): Map<string, string> {
  return new Map(random.some(KEYS, random.below(3)).map((key) => [key, random.pick(VALUES)]));
}

/** Those of Kubernetes with its admin policies, Calico's tiers, what is neither; sometimes with another layer above. */
function randomLayers(random: Random, networks: boolean): PolicyLayer[] {
  const policies = (): ClusterPolicy[] =>
    Array.from({ length: random.below(5) }, (_, at) => randomPolicy(random, `p${at}`, networks));
  const plain = (): Stage => ({ name: 'network policies', combine: 'union', isolated: 'deny', policies: policies() });
  const admin = (name: string): Stage => ({ name, combine: 'ordered', isolated: 'next', policies: policies() });
  const anyStage = (): Stage => ({
    name: 'tier',
    combine: random.pick(['ordered', 'union']),
    isolated: random.pick(['deny', 'next']),
    policies: policies(),
  });
  const stages = random.chance(0.5)
    ? [admin('admin policies'), plain(), admin('baseline policies')]
    : Array.from({ length: random.between(1, 3) }, anyStage);
  const layers: PolicyLayer[] = [{ name: 'network policies', stages }];
  if (random.chance(0.2)) layers.push({ name: 'mesh', stages: [anyStage()] });
  return layers;
}

function randomPolicy(random: Random, name: string, networks: boolean): ClusterPolicy {
  const [ingress, egress] = [random.chance(0.7), random.chance(0.7)];
  return {
    ref: { kind: 'Policy', name },
    span: SPAN,
    subject: random.chance(0.4) ? EVERY_WORKLOAD : randomWorkloads(random),
    ingress: ingress ? randomSide(random) : undefined,
    egress: egress ? randomSide(random) : undefined,
    ...(networks && random.chance(0.4) ? { networks: random.some(NETWORKS, random.between(1, 2)) } : {}),
    ...(random.chance(0.3) ? { seesHostNetwork: true } : {}),
  };
}

function randomSide(random: Random): PolicySide {
  return {
    isolates: random.chance(0.7),
    rules: Array.from({ length: random.below(4) }, () => randomRule(random)),
  };
}

function randomRule(random: Random): PolicyRule {
  return {
    action: random.pick(['allow', 'allow', 'deny', 'pass']),
    peers: Array.from({ length: random.below(3) + (random.chance(0.9) ? 1 : 0) }, () => randomPeer(random)),
    ports: random.chance(0.4) ? 'any' : Array.from({ length: random.between(1, 2) }, () => randomPortMatch(random)),
    ...(random.chance(0.1) ? { subject: randomWorkloads(random) } : {}),
    ...(random.chance(0.1) ? { condition: 'requests GET only' } : {}),
    span: SPAN,
  };
}

function randomPeer(random: Random): ClusterPeer {
  const kind = random.below(20);
  if (kind < 2) return { kind: 'everybody' };
  if (kind < 13) return { kind: 'workloads', workloads: randomWorkloads(random) };
  if (kind < 17) return { kind: 'addresses', ranges: randomRanges(random) };
  if (kind < 18) return { kind: 'names', patterns: random.some(NAMES, random.between(1, 2)) };
  if (kind < 19) return { kind: 'nodes', nodes: random.chance(0.5) ? { kind: 'everything' } : randomSelector(random) };
  return { kind: 'api-server' };
}

/** A block, or what `except` leaves of it. */
function randomRanges(random: Random): AddressRange[] {
  if (random.chance(0.2)) return EVERYWHERE;
  const block = range(random.pick(BLOCKS));
  const hole = parseAddress(random.pick(ADDRESSES))!;
  const { family, first, last } = block;
  if (hole.family !== family || hole.value <= first || hole.value >= last || random.chance(0.3)) return [block];
  return [
    { family, first, last: hole.value - 1n },
    { family, first: hole.value + 1n, last },
  ];
}

function randomWorkloads(random: Random): WorkloadSelector {
  const namespaces: Selector = random.chance(0.3)
    ? { kind: 'in', key: NAMESPACE_NAME, values: [random.pick(['ns0', 'ns1', 'ns9'])] }
    : randomSelector(random);
  return {
    namespaces,
    pods: randomSelector(random),
    ...(random.chance(0.1)
      ? { serviceAccounts: { kind: 'in', key: SERVICE_ACCOUNT_NAME, values: [random.pick(['default', 'robot'])] } }
      : {}),
  };
}

function randomSelector(random: Random, depth = 2): Selector {
  const key = random.pick(KEYS);
  switch (random.below(depth > 0 ? 10 : 6)) {
    case 0:
    case 1:
      return { kind: 'everything' };
    case 2:
      return { kind: 'has', key };
    case 3:
      return { kind: 'like', key, how: random.pick(['starts', 'ends', 'contains']), text: random.pick(VALUES) };
    case 4:
    case 5:
      return { kind: 'in', key, values: random.some(VALUES, random.between(0, 2)) };
    case 6:
      return { kind: 'not', of: randomSelector(random, depth - 1) };
    case 7:
      return { kind: 'any', of: [randomSelector(random, depth - 1), randomSelector(random, depth - 1)] };
    case 8:
      return { kind: 'all', of: [randomSelector(random, depth - 1), randomSelector(random, depth - 1)] };
    default:
      return random.chance(0.2) ? { kind: 'nothing' } : { kind: 'everything' };
  }
}

function randomPortMatch(random: Random): PortMatch {
  const kind = random.below(10);
  if (kind < 6) {
    const [a, b] = [random.pick(PORTS), random.pick(PORTS)];
    const isRange = random.chance(0.4);
    return {
      kind: 'ports',
      protocol: random.pick(PROTOCOLS),
      first: isRange ? Math.min(a, b) : a,
      last: isRange ? Math.max(a, b) : a,
    };
  }
  if (kind < 8) {
    const name = random.pick(PORT_NAMES);
    return random.chance(0.2) ? { kind: 'named', name } : { kind: 'named', protocol: random.pick(PROTOCOLS), name };
  }
  if (kind < 9) {
    return { kind: 'ports', protocol: random.pick(['ICMP', 'ICMPv6']), first: 8, last: random.pick([8, 128]) };
  }
  return { kind: 'protocol', number: random.pick([4, 6, 47]) };
}

export function randomQuestion(random: Random, cluster: Cluster): ClusterQuestion {
  const known = (): End => ({ kind: 'workload', workload: random.pick(cluster.workloads) });
  const [from, to] = [random.chance(0.6) ? known() : randomEnd(random), known()];
  const connection = randomConnection(random);
  return random.chance(0.5) ? { from, to, connection } : { from: to, to: from, connection };
}

function randomEnd(random: Random): End {
  switch (random.below(9)) {
    case 0:
    case 1:
    case 2:
      return { kind: 'addresses', range: addressRange(parseAddress(random.pick(ADDRESSES))!) };
    case 3:
    case 4:
      return { kind: 'name', name: random.pick(NAMES) };
    case 5:
      return { kind: 'ingress-controller' };
    case 6: {
      const serviceAccountLabels = new Map([[SERVICE_ACCOUNT_NAME, 'robot']]);
      const namespace = namespaceLabels(random, random.pick(['ns0', 'ns9']));
      return { kind: 'new-workload', namespaceLabels: namespace, labels: randomLabels(random), serviceAccountLabels };
    }
    case 7:
      return { kind: 'node' };
    default:
      return { kind: 'api-server' };
  }
}

function randomConnection(random: Random): Connection {
  switch (random.below(10)) {
    case 0:
      return { protocol: random.pick(['ICMP', 'ICMPv6']), port: random.pick([0, 8, 128]) };
    case 1:
      return { protocol: 'other', port: random.pick([4, 47]) };
    default:
      return { protocol: random.pick(PROTOCOLS), port: random.pick(PORTS) };
  }
}
