import { ConnectionSet, connections, unnamedPorts } from '../../cluster/index.ts';
import { type ClusterPeer, formatRef, namespacesNamed, selectorText, type Workload } from '../../kubernetes/index.ts';
import { parseAddress } from '../../net/index.ts';
import { type Alike, subjectOf } from './cluster-alike.ts';
import { placesOf } from './cluster-place.ts';
import { type ClusterView, DNS_PODS, idsText, type PlacedRule } from './cluster-view.ts';
import { addressEnd, shown, workloadEnd } from './cluster-witness.ts';
import { type Finding, type Fix, finding } from './finding.ts';
import { CLUSTER_REACH } from './kinds-cluster-reach.ts';

const UDP = ConnectionSet.of('UDP', 53, 53);
const TCP = ConnectionSet.of('TCP', 53, 53);
/** Where NodeLocal DNSCache listens (Kubernetes, "Using NodeLocal DNSCache in Kubernetes Clusters"). */
const NODE_LOCAL = parseAddress('169.254.20.10')!;

/** Who is held back and cannot ask for names, and why. */
export function dnsFindings(view: ClusterView, groups: readonly Alike[]): Finding[] {
  const resolvers = view.matching(DNS_PODS);
  return resolvers.length === 0 ? [] : groups.flatMap((alike) => of(view, alike, resolvers));
}

function of(view: ClusterView, alike: Alike, resolvers: readonly Workload[]): Finding[] {
  const { namespace, workloads, first, world } = alike;
  if (view.isStandIn(first) && first.labels.size === 0) return []; // nobody knows whether there are such pods
  const from = workloadEnd(first);
  const ends = [...resolvers.map(workloadEnd), addressEnd(NODE_LOCAL)];
  const open = ends
    .map((to) => connections(view.cluster, from, to).possibly)
    .reduce((sum, each) => sum.union(each), world.anywhere);
  if (open.includes(UDP) && open.includes(TCP)) return [];
  if (asksGateway(view, first)) return [];
  const to = workloadEnd(resolvers[0]!);
  const subject = subjectOf(namespace, workloads);
  if (open.includes(UDP)) {
    const particulars = { subject, ...shown(view, from, to, { protocol: 'TCP', port: 53 }) };
    return [finding(CLUSTER_REACH.dnsOnlyUdp, particulars, idsText(workloads))];
  }
  const { connection, origins } = shown(view, from, to, { protocol: 'UDP', port: 53 });
  const meant = rulesOn53(view, first);
  const [why, conditions] = reason(view, meant);
  const particulars = {
    subject,
    connection,
    conditions,
    origins: meant.length > 0 ? placesOf(...meant.map(({ rule }) => rule.span)) : origins,
    fix: ALLOW_DNS,
  };
  return [finding(CLUSTER_REACH.dnsCut, particulars, idsText(workloads), why)];
}

/** Names are asked of an egress gateway of ours where there is one (`render kubernetes` writes it beside the agent), on a port of its own. */
function asksGateway(view: ClusterView, first: Workload): boolean {
  return view.cluster.workloads
    .filter(({ labels }) => labels.get(OF_GATEWAYS[0]) === OF_GATEWAYS[1])
    .some((gateway) => {
      const heard = gateway.ports
        .filter(({ protocol }) => protocol === 'UDP')
        .map(({ port }) => ConnectionSet.of('UDP', port, port))
        .reduce((all, each) => all.union(each), ConnectionSet.none);
      const { possibly } = connections(view.cluster, workloadEnd(first), workloadEnd(gateway));
      return !possibly.intersect(heard).isEmpty;
    });
}

const OF_GATEWAYS = ['app.kubernetes.io/name', 'portcullis-gateway'] as const;

const ALLOW_DNS: Fix = {
  language: 'kubernetes',
  remove: [],
  add: [
    '- to:',
    '    - namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: kube-system } }',
    '      podSelector: { matchLabels: { k8s-app: kube-dns } }',
    '  ports: [{ protocol: UDP, port: 53 }, { protocol: TCP, port: 53 }]',
  ],
};

/** Rules for the workload that seem to be meant for DNS. */
function rulesOn53(view: ClusterView, workload: Workload): PlacedRule[] {
  const selecting = new Set(view.selecting(workload).map(({ policy }) => policy));
  return view.rules.filter(
    ({ policy, direction, rule }) =>
      direction === 'egress' &&
      selecting.has(policy) &&
      rule.action === 'allow' &&
      rule.ports !== 'any' &&
      !unnamedPorts(rule.ports).intersect(UDP.union(TCP)).isEmpty,
  );
}

/** In words, and what it depends on. */
function reason(view: ClusterView, meant: readonly PlacedRule[]): [why: string, conditions: string[]] {
  if (meant.length === 0) return ['no policy that selects it allows port 53', []];
  const reasons = meant.flatMap((placed) => placed.rule.peers.map((peer) => whyNot(view, placed, peer)));
  const known = reasons.find((each) => each !== undefined);
  if (known !== undefined) return known;
  const names = [...new Set(meant.map(({ policy }) => formatRef(policy.ref)))].join(', ');
  return [`what ${names} allows on port 53 does not lead to the cluster’s resolver, or is not let in there`, []];
}

function whyNot(view: ClusterView, { policy }: PlacedRule, peer: ClusterPeer): [string, string[]] | undefined {
  if (peer.kind !== 'workloads') return undefined;
  const name = formatRef(policy.ref);
  const { namespaces } = peer.workloads;
  const named = namespacesNamed(namespaces);
  if (named?.length === 1 && named[0] === policy.ref.namespace && named[0] !== 'kube-system')
    return [
      `${name} allows port 53 to pods of its own namespace only (\`podSelector\` without \`namespaceSelector\`), and the resolver is in \`kube-system\``,
      [],
    ];
  if (view.namespacesOf(peer.workloads).some((namespace) => namespace.name === 'kube-system')) return undefined;
  const text = selectorText(namespaces);
  const isDeclared = view.cluster.namespaces.get('kube-system')?.span !== undefined;
  return [
    `${name} allows port 53 to namespaces \`${text}\`, and \`kube-system\` is none of them by the labels that Kubernetes gives it`,
    isDeclared ? [] : [`whether somebody has labelled the namespace \`kube-system\` with \`${text}\``],
  ];
}
