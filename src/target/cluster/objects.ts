import { type ClusterIntent, EVERYTHING, namespaceNamed, type WorkloadSelector } from '../../kubernetes/index.ts';
import { type Side, sidesOf } from './sides.ts';
import type { ClusterTargetOptions } from './target.ts';

/** What one object says; without a `namespace` it is one of the whole cluster, and `subject` says where its pods are. */
export interface ObjectSide extends Omit<Side, 'namespace'> {
  readonly namespace: string | undefined;
}

export interface ObjectDeny {
  readonly namespace: string | undefined;
  readonly subject: WorkloadSelector;
  readonly where: string; // for people
}

export interface Objects {
  readonly denied: readonly ObjectDeny[];
  readonly sides: readonly ObjectSide[];
}

/** What objects there are to write: some in each governed namespace, or one of the whole cluster for all that say the same. */
export function objectsOf(intent: ClusterIntent, { clusterWide }: ClusterTargetOptions): Objects {
  const { governed } = intent;
  const sides = sidesOf(intent);
  const every = (names: readonly string[]) => ({ namespaces: namespaceNamed(...names), pods: EVERYTHING });
  if (!clusterWide) {
    const denied = governed.map((namespace) => ({ namespace, subject: every([namespace]), where: namespace }));
    return { denied, sides };
  }
  return {
    denied: [{ namespace: undefined, subject: every(governed), where: governed.join(', ') }],
    sides: [...Map.groupBy(sides, said).values()].map(together),
  };
}

/** All of a side but where its pods are: the peers follow from the flow and the direction. */
function said({ zone, direction, subject, rules }: Side): string {
  const { pods, serviceAccounts } = subject;
  return JSON.stringify([zone, direction, pods, serviceAccounts, rules.map(({ grant }) => grant.name)]);
}

function together(same: readonly Side[]): ObjectSide {
  const [first] = same;
  if (first === undefined) throw new RangeError('a group has a member');
  const namespaces = namespaceNamed(...same.map(({ namespace }) => namespace));
  return { ...first, namespace: undefined, subject: { ...first.subject, namespaces } };
}

/** What to know of objects that no namespace keeps apart. */
export const CLUSTER_WIDE_COMMENT =
  'For the whole cluster: rendered again for other namespaces, the same objects replace these, so name all namespaces at once.';
