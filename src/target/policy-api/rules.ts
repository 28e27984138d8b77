import { diagnose } from '../../diagnostic/index.ts';
import type { ClusterEnd, ClusterGrant, WorkloadSelector } from '../../kubernetes/index.ts';
import { formatDnsPattern } from '../../net/index.ts';
import { prefixesOf } from '../cluster/blocks.ts';
import type { Findings } from '../cluster/findings.ts';
import { labelSelector } from '../cluster/label-selector.ts';
import { Noted, type ObjectTree } from '../cluster/manifest.ts';
import { flowNote } from '../cluster/names.ts';
import { spansOf } from '../cluster/ports.ts';
import { CLUSTER_TARGET_PROBLEMS } from '../cluster/problems.ts';
import type { Direction, Side, SideRule } from '../cluster/sides.ts';
import { NETWORKS_AT_MOST, type PolicyApi } from './api.ts';

/** Address blocks of this API mean pods in them, too (its documentation of `networks`): pods are decided about before. */
export type Phase = 'pods' | 'outside';

export const EVERY_POD: ObjectTree = { namespaces: {} };
export const EVERY_ADDRESS: ObjectTree = { networks: ['0.0.0.0/0', '::/0'] };

/** What a side lets through in one phase. */
export function rulesOf(side: Side, phase: Phase, api: PolicyApi, findings: Findings): readonly Noted[] {
  return side.rules.flatMap((rule) => rulesOfGrant(rule, side.direction, phase, api, findings));
}

function rulesOfGrant(
  { grant, peers }: SideRule,
  direction: Direction,
  phase: Phase,
  api: PolicyApi,
  findings: Findings,
): Noted[] {
  findings.unsaidPorts(grant, ['TCP', 'UDP', 'SCTP'], 'render for `calico` or `cilium`, which know ICMP');
  const found = peers.flatMap((end) =>
    phase === 'pods' ? pods(end, findings) : direction === 'egress' ? outside(end, grant, api, findings) : [],
  );
  const fields = portFields(grant, api);
  const groups = slices(found, api.rulesAtMost);
  return groups.flatMap((some) =>
    fields.map(
      (ports) =>
        new Noted(flowNote(grant), {
          name: grant.name,
          action: api.allow,
          [direction === 'egress' ? 'to' : 'from']: some,
          ...ports,
        }),
    ),
  );
}

/** None where the flow has no port that the API knows. */
function portFields({ ports }: ClusterGrant, api: PolicyApi): readonly ObjectTree[] {
  if (ports === 'any') return [{}];
  const spans = spansOf(ports).filter(({ protocol }) => protocol !== 'ICMP' && protocol !== 'ICMPv6');
  return slices(spans, api.portsAtMost).map(api.ports);
}

function pods({ zone, peer }: ClusterEnd, findings: Findings): ObjectTree[] {
  if (peer.kind === 'everybody') return [EVERY_POD];
  if (peer.kind !== 'workloads') return [];
  const selected = podsField(zone, peer.workloads, findings);
  return selected === undefined ? [] : [{ pods: selected }];
}

/** `undefined` where it cannot be said, which is told. */
export function podsField(
  zone: string,
  { namespaces, pods: selector, serviceAccounts }: WorkloadSelector,
  findings: Findings,
): ObjectTree | undefined {
  if (serviceAccounts !== undefined) {
    findings.serviceAccount(zone);
    return undefined;
  }
  const namespaceSelector = labelSelector(namespaces);
  const podSelector = labelSelector(selector);
  if (namespaceSelector !== undefined && podSelector !== undefined) return { namespaceSelector, podSelector };
  findings.unsaid(zone);
  return undefined;
}

function outside(end: ClusterEnd, grant: ClusterGrant, api: PolicyApi, findings: Findings): ObjectTree[] {
  const { peer, zone, enforcement } = end;
  switch (peer.kind) {
    case 'everybody':
      return [EVERY_ADDRESS];
    case 'workloads':
      return []; // has been decided about
    case 'addresses':
      return slices(prefixesOf(peer.ranges), NETWORKS_AT_MOST).map((networks) => ({ networks }));
    case 'names':
      if (enforcement === 'ranges') {
        findings.byRanges(end, grant);
        return [];
      }
      if (findings.first('experimental', grant.name))
        findings.diagnostics.push(diagnose(CLUSTER_TARGET_PROBLEMS.experimental, grant.span, grant.name, api.title));
      return slices(peer.patterns.map(formatDnsPattern), NETWORKS_AT_MOST).map((domainNames) => ({ domainNames }));
    case 'nodes':
    case 'api-server':
      findings.unsaid(zone);
      return [];
  }
}

export function slices<T>(items: readonly T[], size: number): readonly T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}
