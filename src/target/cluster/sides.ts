import {
  type ClusterEnd,
  type ClusterGrant,
  type ClusterIntent,
  governedPart,
  type WorkloadSelector,
} from '../../kubernetes/index.ts';

export type Direction = 'ingress' | 'egress';

/** What the pods of one zone in one governed namespace may do in one direction. */
export interface Side {
  readonly zone: string;
  readonly namespace: string;
  readonly subject: WorkloadSelector; // its `namespaces` is that one
  readonly direction: Direction;
  readonly rules: readonly SideRule[]; // at least one
}

export interface SideRule {
  readonly grant: ClusterGrant;
  readonly peers: readonly ClusterEnd[]; // at the other end
}

/** The grants as seen from the pods that are governed: each is written at both its ends, as far as these are. In the policy's order. */
export function sidesOf({ governed, grants }: ClusterIntent): readonly Side[] {
  const sides = new Map<string, { side: Omit<Side, 'rules'>; rules: SideRule[] }>();
  for (const grant of grants) {
    for (const direction of ['egress', 'ingress'] as const) {
      const [own, peers] = direction === 'egress' ? [grant.from, grant.to] : [grant.to, grant.from];
      for (const end of own)
        for (const namespace of governed) {
          const part = governedPart(end, namespace);
          if (part?.peer.kind !== 'workloads') continue;
          const side = { zone: end.zone, namespace, subject: part.peer.workloads, direction };
          const key = JSON.stringify(side);
          const known = sides.get(key) ?? { side, rules: [] };
          sides.set(key, known);
          if (!known.rules.some((rule) => rule.grant === grant)) known.rules.push({ grant, peers });
        }
    }
  }
  return [...sides.values()].map(({ side, rules }) => ({ ...side, rules })).toSorted(byPlace);
}

function byPlace(a: Side, b: Side): number {
  return compare(a.namespace, b.namespace) || compare(a.zone, b.zone) || compare(a.direction, b.direction);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
