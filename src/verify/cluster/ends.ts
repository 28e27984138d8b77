import { type End, formatEnd } from '../../cluster/index.ts';
import {
  type ClusterPeer,
  type LabelMap,
  matches,
  NAMESPACE_NAME,
  SERVICE_ACCOUNT_NAME,
  type WorkloadSelector,
} from '../../kubernetes/index.ts';
import { formatDnsPattern, matchesDnsPattern } from '../../net/index.ts';

/** One end that stands for all that neither the policy nor what was written tells from it. */
export interface Representative {
  readonly end: End;
  readonly governed: boolean;
}

/** How a peer sees an end: a name may be at any address, nodes and API servers too. */
export type Sight = 'yes' | 'maybe' | 'no';

export function sees(peer: ClusterPeer, end: End): Sight {
  switch (peer.kind) {
    case 'everybody':
      return 'yes';
    case 'workloads':
      return end.kind === 'new-workload' && selects(peer.workloads, end) ? 'yes' : 'no';
    case 'addresses':
      if (end.kind === 'addresses')
        return peer.ranges.some(
          ({ family, first, last }) =>
            family === end.range.family && first <= end.range.first && end.range.last <= last,
        )
          ? 'yes'
          : 'no';
      return end.kind === 'name' || end.kind === 'node' || end.kind === 'api-server' ? 'maybe' : 'no';
    case 'names':
      if (end.kind === 'addresses') return 'maybe';
      return end.kind === 'name' && peer.patterns.some((pattern) => matchesDnsPattern(pattern, end.name.name))
        ? 'yes'
        : 'no';
    case 'nodes':
      return end.kind === 'node' ? 'yes' : 'no';
    case 'api-server':
      return end.kind === 'api-server' ? 'yes' : 'no';
  }
}

type Pods = Extract<End, { kind: 'new-workload' }>;

export function selects({ namespaces, pods, serviceAccounts }: WorkloadSelector, end: Pods): boolean {
  return (
    matches(namespaces, end.namespaceLabels) &&
    matches(pods, end.labels) &&
    (serviceAccounts === undefined || matches(serviceAccounts, end.serviceAccountLabels ?? new Map()))
  );
}

/** `pods app=agent of openclaw, as runner`. */
export function endText(end: End): string {
  switch (end.kind) {
    case 'new-workload': {
      const namespace = end.namespaceLabels.get(NAMESPACE_NAME) ?? '?';
      const other = labelsText(end.namespaceLabels, NAMESPACE_NAME);
      const account = end.serviceAccountLabels?.get(SERVICE_ACCOUNT_NAME);
      const labels = labelsText(end.labels);
      return [
        labels === '' ? 'pods without labels' : `pods ${labels}`,
        `of ${namespace}${other === '' ? '' : ` (${other})`}`,
        ...(account === undefined ? [] : [`as ${account}`]),
      ].join(' ');
    }
    case 'name':
      return formatDnsPattern(end.name);
    case 'workload':
    case 'addresses':
    case 'ingress-controller':
    case 'node':
    case 'api-server':
      return formatEnd(end);
  }
}

function labelsText(labels: LabelMap, without?: string): string {
  return [...labels]
    .filter(([key]) => key !== without)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}
