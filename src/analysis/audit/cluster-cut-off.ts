import { ConnectionSet, connections, unnamedPorts } from '../../cluster/index.ts';
import type { Workload, WorkloadSelector } from '../../kubernetes/index.ts';
import { parseAddress } from '../../net/index.ts';
import { type Alike, isAgent, subjectOf } from './cluster-alike.ts';
import { isEverybody } from './cluster-coverage.ts';
import { exampleLabels } from './cluster-selectors.ts';
import { type ClusterView, idsText, isSystem } from './cluster-view.ts';
import { addressEnd, shown, workloadEnd } from './cluster-witness.ts';
import { STRANGER } from './docker-flows.ts';
import { type Finding, finding } from './finding.ts';
import { CLUSTER_REACH } from './kinds-cluster-reach.ts';

const HTTPS = ConnectionSet.of('TCP', 443, 443);

/** An agent that reaches nobody: neither an address or a name outside, nor a pod that does. */
export function cutOffFindings(
  view: ClusterView,
  { namespace, workloads, world }: Alike,
  groups: readonly Alike[],
): Finding[] {
  // Of pods without labels nobody knows whether there are any.
  const agents = workloads.filter((each) => isAgent(each) && !(view.isStandIn(each) && each.labels.size === 0));
  const [first] = agents;
  if (first === undefined || !world.anywhere.isEmpty || allowsElsewhere(view, first)) return [];
  const from = workloadEnd(first);
  const held = new Set(groups.filter((each) => each.world.anywhere.isEmpty).flatMap((each) => each.workloads));
  const gateway = view.cluster.workloads.find(
    (other) =>
      other !== first &&
      !held.has(other) &&
      !isSystem(other.namespace) &&
      !connections(view.cluster, from, workloadEnd(other)).possibly.isEmpty,
  );
  if (gateway !== undefined) return [];
  const outside = addressEnd(parseAddress(STRANGER[4])!);
  const particulars = {
    subject: subjectOf(namespace, agents),
    ...shown(view, from, outside, { protocol: 'TCP', port: 443 }),
  };
  return [finding(CLUSTER_REACH.cutOff, particulars, idsText(agents))];
}

/** By a name; to every pod, which is told by itself; or to somebody whom the manifests do not show and who may lead it out. */
function allowsElsewhere(view: ClusterView, workload: Workload): boolean {
  return view.selecting(workload).some(({ policy }) =>
    policy.egress?.rules.some(
      ({ action, peers, ports }) =>
        action === 'allow' &&
        peers.some((peer) => {
          if (peer.kind === 'names') return true;
          if (peer.kind !== 'workloads') return false;
          const set = ports === 'any' ? ConnectionSet.all : unnamedPorts(ports);
          if (isEverybody(peer)) return set.includes(HTTPS);
          return !set.intersect(TO_GATEWAYS).isEmpty && mayLeadOut(view, peer.workloads);
        }),
    ),
  );
}

const TO_GATEWAYS = ConnectionSet.of('TCP').subtract(ConnectionSet.of('TCP', 53, 53));

/** Nobody is it yet: would such a pod reach anybody outside? */
function mayLeadOut(view: ClusterView, selector: WorkloadSelector): boolean {
  if (view.matching(selector).length > 0) return false; // those are asked for themselves
  const labels = exampleLabels(selector.pods);
  const [known] = view.namespacesOf(selector);
  const namespaceLabels = known?.labels ?? exampleLabels(selector.namespaces);
  if (labels === undefined || namespaceLabels === undefined) return false;
  const outside = addressEnd(parseAddress(STRANGER[4])!);
  const { possibly } = connections(view.cluster, { kind: 'new-workload', namespaceLabels, labels }, outside);
  return !possibly.isEmpty;
}
