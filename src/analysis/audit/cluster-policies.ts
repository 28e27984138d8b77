import {
  type ClusterPeer,
  formatRef,
  NAMESPACE_NAME,
  namespacesNamed,
  type PortMatch,
  type Selector,
  selectorText,
  type WorkloadSelector,
  workloadsText,
} from '../../kubernetes/index.ts';
import { placesOf } from './cluster-place.ts';
import { type ClusterView, idsText, type PlacedPolicy, type PlacedRule, ruleText, sideText } from './cluster-view.ts';
import { type Finding, finding } from './finding.ts';
import { CLUSTER_POLICIES } from './kinds-cluster-policies.ts';

/** Policies and rules that speak of nobody. Of namespaces whose workloads the manifests do not tell, nothing is said. */
export function policyFindings(view: ClusterView): Finding[] {
  return [
    ...view.policies.flatMap((placed) => subjects(view, placed)),
    ...view.rules.flatMap((placed) => [...peers(view, placed), ...namedPorts(view, placed)]),
  ];
}

function subjects(view: ClusterView, { policy }: PlacedPolicy): Finding[] {
  const name = formatRef(policy.ref);
  const particulars = { subject: name, origins: placesOf(policy.span) };
  const selected = view.matching(policy.subject);
  if (selected.length === 0) {
    const namespaces = view.namespacesOf(policy.subject);
    const isKnown = namespaces.some((namespace) => view.isPopulated(namespace.name));
    return isKnown ? [finding(CLUSTER_POLICIES.selectsNothing, particulars, name, workloadsText(policy.subject))] : [];
  }
  if (!selected.every(({ hostNetwork }) => hostNetwork)) return [];
  // What a NetworkPolicy does to such pods, Kubernetes leaves to the plugin (Network Policies, "NetworkPolicy and hostNetwork pods").
  const conditions =
    policy.seesHostNetwork === true ? ['whether the network plugin can tell such pods from their node: few can'] : [];
  return [finding(CLUSTER_POLICIES.selectsHostNetwork, { ...particulars, conditions }, name, idsText(selected))];
}

/** One of a rule's entries: what it is about stays the same when others are added. */
function about(placed: PlacedRule, what: string) {
  return {
    subject: `${formatRef(placed.policy.ref)} ${placed.direction} ${what}`,
    origins: placesOf(placed.rule.span),
  };
}

function peers(view: ClusterView, placed: PlacedRule): Finding[] {
  return placed.rule.peers.flatMap((peer) =>
    peer.kind === 'workloads' ? unmatched(view, placed, peer.workloads) : [],
  );
}

/** Pods that by custom live in a namespace of their own, whatever the manifests at hand tell. */
const ELSEWHERE =
  /^(?:prometheus|grafana|alertmanager|kube-dns|coredns|ingress-nginx|nginx-ingress|traefik|istio.*gateway|loki|fluent.*)$/;

function unmatched(view: ClusterView, placed: PlacedRule, peer: WorkloadSelector): Finding[] {
  if (view.matching(peer).length > 0) return [];
  const name = formatRef(placed.policy.ref);
  const rule = ruleText(placed);
  const own = placed.policy.ref.namespace;
  const named = namespacesNamed(peer.namespaces);
  if (own !== undefined && named?.length === 1 && named[0] === own)
    return onlyInOwn(view, placed, peer, own, `${name}`, rule);
  const namespaces = view.namespacesOf(peer);
  const label = namespaces.length === 0 ? customLabel(view, peer.namespaces) : undefined;
  if (label !== undefined) {
    const conditions = [
      `whether somebody has set the label \`${label}\` on a namespace that is not among the manifests`,
    ];
    return [finding(CLUSTER_POLICIES.namespaceLabel, { ...about(placed, label), conditions }, name, rule, label)];
  }
  const isKnown = namespaces.some((namespace) => view.isPopulated(namespace.name));
  const text = workloadsText(peer);
  return isKnown ? [finding(CLUSTER_POLICIES.peerMatchesNothing, about(placed, text), name, rule, text)] : [];
}

function onlyInOwn(
  view: ClusterView,
  placed: PlacedRule,
  peer: WorkloadSelector,
  own: string,
  name: string,
  rule: string,
): Finding[] {
  const others = view.workloads.filter(({ namespace }) => namespace !== own);
  const elsewhere = new Set(view.matching({ ...peer, namespaces: { kind: 'everything' } }));
  const found = others.filter((workload) => elsewhere.has(workload));
  const usually = valuesOf(peer.pods).some((value) => ELSEWHERE.test(value));
  if (found.length === 0 && !view.isPopulated(own) && !usually) return [];
  const hint =
    found.length > 0
      ? `there are such in other namespaces: ${idsText(found)}`
      : usually
        ? `such pods are usually in a namespace of their own, which \`${sideText(placed.direction)}\` does not name`
        : '';
  const whom = peer.pods.kind === 'everything' ? 'any pod' : `\`${selectorText(peer.pods)}\``;
  return [finding(CLUSTER_POLICIES.ownNamespaceOnly, about(placed, whom), name, rule, whom, hint)];
}

function valuesOf(selector: Selector): readonly string[] {
  switch (selector.kind) {
    case 'in':
      return selector.values;
    case 'all':
    case 'any':
      return selector.of.flatMap(valuesOf);
    case 'everything':
    case 'nothing':
    case 'has':
    case 'like':
    case 'not':
      return [];
  }
}

/** The first label that no namespace has and that people take for the namespace's name. */
function customLabel(view: ClusterView, selector: Selector): string | undefined {
  const parts = selector.kind === 'all' ? selector.of : [selector];
  for (const part of parts) {
    if (part.kind !== 'in' || part.key === NAMESPACE_NAME || part.values.length !== 1) continue;
    const isSet = [...view.cluster.namespaces.values()].some(({ labels }) => labels.has(part.key));
    const isItsName = view.cluster.namespaces.has(part.values[0]!) || /(?:^|\/)(?:name|ns|namespace)$/.test(part.key);
    if (!isSet && isItsName) return selectorText(part);
  }
  return undefined;
}

function namedPorts(view: ClusterView, placed: PlacedRule): Finding[] {
  const { rule, policy, direction } = placed;
  if (rule.ports === 'any') return [];
  const reached =
    direction === 'ingress' ? [...view.matching(policy.subject)] : rule.peers.flatMap((peer) => podsOf(view, peer));
  const known = reached.filter((workload) => !view.isStandIn(workload));
  if (known.length === 0) return [];
  return rule.ports.flatMap((match) => {
    if (match.kind !== 'named' || known.some(({ ports }) => ports.some((port) => isNamed(port, match)))) return [];
    const particulars = about(placed, match.name);
    return [finding(CLUSTER_POLICIES.namedPort, particulars, formatRef(policy.ref), ruleText(placed), match.name)];
  });
}

function isNamed(
  port: { readonly name?: string; readonly protocol: string },
  match: Extract<PortMatch, { kind: 'named' }>,
): boolean {
  return port.name === match.name && (match.protocol === undefined || match.protocol === port.protocol);
}

function podsOf(view: ClusterView, peer: ClusterPeer) {
  switch (peer.kind) {
    case 'workloads':
      return view.matching(peer.workloads);
    case 'everybody':
      return view.workloads;
    case 'addresses':
    case 'names':
    case 'nodes':
    case 'api-server':
      return [];
  }
}
