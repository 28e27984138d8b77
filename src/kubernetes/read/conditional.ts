import type { ClusterPeer } from '../policy.ts';
import { EVERYTHING, NAMESPACE_NAME } from '../selector.ts';

/** Some of those that a rule is about, and what else it asks for with them. One rule of a product becomes one of ours for each. */
export interface ConditionalPeers {
  readonly peers: readonly ClusterPeer[];
  readonly condition?: string; // for people, as in `PolicyRule`
}

/** One condition of several, for people. */
export function joined(conditions: readonly (string | undefined)[]): { readonly condition?: string } {
  const kept = conditions.filter((condition) => condition !== undefined);
  return kept.length === 0 ? {} : { condition: kept.join('; ') };
}

/** Who is in no known namespace: that stands for the controllers that Ingress, Route and Gateway speak to (`End` of `cluster`). */
export const CONTROLLER: ClusterPeer = {
  kind: 'workloads',
  workloads: { namespaces: { kind: 'not', of: { kind: 'has', key: NAMESPACE_NAME } }, pods: EVERYTHING },
};
