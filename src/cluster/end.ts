import type { LabelMap, Workload } from '../kubernetes/index.ts';
import { type AddressRange, type DnsPattern, formatDnsPattern, formatRange } from '../net/index.ts';

/** One end of a connection. */
export type End =
  | { readonly kind: 'workload'; readonly workload: Workload }
  /** Outside of the cluster. */
  | { readonly kind: 'addresses'; readonly range: AddressRange }
  /** Outside of the cluster: whatever addresses it has, and that they are its is known to whoever enforces (a wildcard: some name below). */
  | { readonly kind: 'name'; readonly name: DnsPattern }
  /** Some pod of a controller that Ingress, Route or Gateway speak to: it has no labels that anybody knows, and is in no known namespace. */
  | { readonly kind: 'ingress-controller' }
  /** Pods that do not exist yet. */
  | NewWorkload
  /** Some node of the cluster, whose labels and addresses nobody knows. */
  | { readonly kind: 'node' }
  | { readonly kind: 'api-server' };

export interface NewWorkload {
  readonly kind: 'new-workload';
  readonly namespaceLabels: LabelMap; // with `NAMESPACE_NAME`
  readonly labels: LabelMap;
  readonly serviceAccountLabels?: LabelMap; // with `SERVICE_ACCOUNT_NAME`
}

export type Direction = 'ingress' | 'egress';

/** As reports name it: `shop/web[Deployment]`, `10.0.0.0/8`, `{ingress-controller}`. */
export function formatEnd(end: End): string {
  switch (end.kind) {
    case 'workload':
      return end.workload.id;
    case 'addresses':
      return formatRange(end.range);
    case 'name':
      return formatDnsPattern(end.name);
    case 'ingress-controller':
      return '{ingress-controller}';
    case 'new-workload':
      return '{new-workload}';
    case 'node':
      return '{node}';
    case 'api-server':
      return '{api-server}';
  }
}

const NO_LABELS: LabelMap = new Map();

/** What selectors of workloads see of an end; `undefined`: it is none that they could match. */
export interface Seen {
  readonly namespace: LabelMap;
  readonly labels: LabelMap;
  readonly serviceAccount: LabelMap;
}

export function seenOf(end: End, namespaces: ReadonlyMap<string, { readonly labels: LabelMap }>): Seen | undefined {
  switch (end.kind) {
    case 'workload': {
      const { workload } = end;
      return {
        namespace: namespaces.get(workload.namespace)?.labels ?? NO_LABELS,
        labels: workload.labels,
        serviceAccount: workload.serviceAccountLabels,
      };
    }
    case 'new-workload':
      return {
        namespace: end.namespaceLabels,
        labels: end.labels,
        serviceAccount: end.serviceAccountLabels ?? NO_LABELS,
      };
    case 'ingress-controller':
      return { namespace: NO_LABELS, labels: NO_LABELS, serviceAccount: NO_LABELS };
    case 'addresses':
    case 'name':
    case 'node':
    case 'api-server':
      return undefined;
  }
}
