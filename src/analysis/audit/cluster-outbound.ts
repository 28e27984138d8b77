import { ConnectionSet, connections, unnamedPorts } from '../../cluster/index.ts';
import { formatRef } from '../../kubernetes/index.ts';
import { type Address, type Family, parseAddress, range } from '../../net/index.ts';
import { type Alike, isAgent, subjectOf } from './cluster-alike.ts';
import { isEverybody } from './cluster-coverage.ts';
import { cutOffFindings } from './cluster-cut-off.ts';
import { placesOf } from './cluster-place.ts';
import { type ClusterView, idsText, type PlacedRule, ruleText } from './cluster-view.ts';
import { addressEnd, shown, workloadEnd } from './cluster-witness.ts';
import type { World } from './cluster-world.ts';
import { STRANGER } from './docker-flows.ts';
import { type Finding, type FindingKind, finding } from './finding.ts';
import { CLUSTER_REACH } from './kinds-cluster-reach.ts';
import { isDns, isWeb } from './well-known.ts';

/** What workloads may open to others, judged by what all policies let through together. */
export function outboundFindings(view: ClusterView, groups: readonly Alike[]): Finding[] {
  return [
    ...groups.flatMap((alike) => [
      ...internet(view, alike),
      ...metadata(view, alike),
      ...controlPlane(view, alike),
      ...cutOffFindings(view, alike, groups),
    ]),
    ...view.rules.flatMap((placed) => podsForInternet(view, placed, groups)),
  ];
}

const TCP = ConnectionSet.of('TCP');

function internet(view: ClusterView, alike: Alike): Finding[] {
  const { open } = alike.world;
  const whole = ([4, 6] as const).filter((family) => open[family].includes(TCP));
  if (whole.length > 0) return [worldwide(view, alike, CLUSTER_REACH.internetAnyPort, TCP, whole)];
  return openPorts(open[4].union(open[6])).map(([kind, set, text]) => {
    const families = ([4, 6] as const).filter((family) => open[family].includes(set));
    return worldwide(view, alike, kind, set, families.length === 0 ? familiesOf(open, set) : families, text);
  });
}

function familiesOf(open: World['open'], set: ConnectionSet): Family[] {
  return ([4, 6] as const).filter((family) => !open[family].intersect(set).isEmpty);
}

type PortKind = FindingKind<[whom: string, ports: string, families: string]>;

/** Each run of ports by itself: they are worth different words. */
function openPorts(open: ConnectionSet): (readonly [kind: PortKind, set: ConnectionSet, text: string])[] {
  return open.allowed().flatMap(({ protocol, ports = '1-65535' }) =>
    ports.split(',').map((part) => {
      const [first = 1, last = first] = part.split('-').map(Number);
      const transport = protocol === 'UDP' ? 'udp' : 'tcp';
      const kind = isDns({ first, last })
        ? CLUSTER_REACH.dnsAnywhere
        : protocol !== 'SCTP' && isWeb(transport, { first, last })
          ? CLUSTER_REACH.internetWeb
          : CLUSTER_REACH.internetPort;
      return [kind, ConnectionSet.of(protocol, first, last), `${protocol.toLowerCase()}/${part}`] as const;
    }),
  );
}

function worldwide<Words extends [whom: string, families: string] | [whom: string, ports: string, families: string]>(
  view: ClusterView,
  { namespace, workloads, first, world }: Alike,
  kind: FindingKind<Words>,
  set: ConnectionSet,
  families: readonly Family[],
  text?: string,
): Finding {
  const over = families.length === 1 ? ` over IPv${families[0]}` : '';
  const words = (text === undefined ? [idsText(workloads), over] : [idsText(workloads), text, over]) as Words;
  const example = families.map((family) => world.example(family, set)).find((each) => each !== undefined);
  const connection = set.sample()!;
  const particulars = {
    subject: [subjectOf(namespace, workloads), ...(text === undefined ? [] : [text])].join(' '),
    ...(example === undefined ? {} : shown(view, workloadEnd(first), addressEnd(example), connection)),
  };
  return finding(kind, particulars, ...words);
}

/** Of AWS, Google Cloud, Azure and most others; and of AWS over IPv6 (EC2, instance metadata). */
const METADATA: readonly Address[] = ['169.254.169.254', 'fd00:ec2::254'].map((text) => parseAddress(text)!);
const HTTP = ConnectionSet.of('TCP', 80, 80);

function metadata(view: ClusterView, { namespace, workloads, first }: Alike): Finding[] {
  const from = workloadEnd(first);
  const reached = METADATA.find((address) =>
    connections(view.cluster, from, addressEnd(address)).certainly.includes(HTTP),
  );
  if (reached === undefined) return [];
  const particulars = {
    subject: subjectOf(namespace, workloads),
    ...shown(view, from, addressEnd(reached), { protocol: 'TCP', port: 80 }),
  };
  const text = reached.family === 4 ? '169.254.169.254' : 'fd00:ec2::254';
  return [finding(CLUSTER_REACH.metadata, particulars, idsText(workloads), text)];
}

/** Where nodes are, if a policy speaks of addresses. */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].map(range);
const RULING = [
  ['kubelets', 'node', 10250],
  ['etcd', 'node', 2379],
  ['the API server', 'api-server', 6443],
] as const;

function controlPlane(view: ClusterView, { namespace, workloads, first }: Alike): Finding[] {
  const from = workloadEnd(first);
  const reached = RULING.filter(([, kind, port]) => {
    const set = ConnectionSet.of('TCP', port, port);
    if (connections(view.cluster, from, { kind }).certainly.includes(set))
      return kind === 'node' || workloads.some(isAgent);
    return PRIVATE.every((block) =>
      connections(view.cluster, from, { kind: 'addresses', range: block }).certainly.includes(set),
    );
  });
  const [one] = reached;
  if (one === undefined) return [];
  const [, kind, port] = one;
  const particulars = {
    subject: subjectOf(namespace, workloads),
    ...shown(view, from, { kind }, { protocol: 'TCP', port }),
  };
  const what = reached.map(([name, , number]) => `${name} (tcp/${number})`).join(', ');
  return [finding(CLUSTER_REACH.controlPlane, particulars, idsText(workloads), what)];
}

/** Ports that are opened towards the internet rather than towards pods. */
const OUTWARD = [
  ...[22, 80, 443, 465, 587].map((port) => ConnectionSet.of('TCP', port, port)),
  ...[123, 443].map((port) => ConnectionSet.of('UDP', port, port)),
].reduce((sum, each) => sum.union(each));

function podsForInternet(view: ClusterView, placed: PlacedRule, groups: readonly Alike[]): Finding[] {
  const { rule, policy, direction } = placed;
  if (direction !== 'egress' || rule.action !== 'allow') return [];
  if (!rule.peers.some((peer) => peer.kind === 'workloads' && isEverybody(peer))) return [];
  const ports = rule.ports === 'any' ? ConnectionSet.all : unnamedPorts(rule.ports);
  const outward = ports.intersect(OUTWARD);
  const about = groups.find(({ first }) => view.selecting(first).some((each) => each.policy === policy));
  if (outward.isEmpty || about === undefined || !about.world.anywhere.intersect(outward).isEmpty) return [];
  const name = formatRef(policy.ref);
  const cut = shown(view, workloadEnd(about.first), addressEnd(parseAddress(STRANGER[4])!), outward.sample()!);
  const what = ports === ConnectionSet.all ? 'everything' : ports.toString();
  const particulars = {
    subject: `${name} egress ${what}`,
    connection: cut.connection,
    origins: placesOf(rule.span),
  };
  return [finding(CLUSTER_REACH.podsNotInternet, particulars, name, ruleText(placed), what)];
}
