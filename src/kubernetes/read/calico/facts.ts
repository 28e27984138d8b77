import type { ClusterOpaque } from '../../cluster.ts';
import type { ServiceTargets } from '../service-targets.ts';
import type { NetworkSet } from './sets.ts';

/** What policies of Calico refer to, and where to say what is not followed. */
export interface CalicoFacts {
  readonly sets: readonly NetworkSet[];
  readonly services: readonly ServiceTargets[];
  readonly opaque: ClusterOpaque[]; // added to
}
