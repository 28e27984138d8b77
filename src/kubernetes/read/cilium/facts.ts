import type { AddressRange } from '../../../net/index.ts';
import type { ClusterOpaque } from '../../cluster.ts';
import type { ObjectRef } from '../../policy.ts';
import type { LabelMap } from '../../selector.ts';
import type { Part } from '../part.ts';
import type { ServiceTargets } from '../service-targets.ts';

/** What policies of Cilium refer to, and where to say what is not followed. */
export interface CiliumFacts {
  readonly groups: readonly AddressGroup[];
  readonly services: readonly ServiceTargets[];
  readonly opaque: ClusterOpaque[]; // added to
}

/** CiliumCIDRGroup. */
export interface AddressGroup {
  readonly name: string;
  readonly labels: LabelMap;
  readonly ranges: readonly AddressRange[];
}

/** A rule of a policy, as it is being read. */
export interface RuleContext {
  readonly policy: ObjectRef; // without a namespace: clusterwide
  readonly direction: 'ingress' | 'egress';
  readonly action: 'allow' | 'deny';
  readonly facts: CiliumFacts;
}

/** A rule that is left out: a grant that is missed lets more through than is said, a denial less. */
export function leftOut(part: Part, { policy, action, facts }: RuleContext, reason: string): void {
  const bounds = action === 'allow' ? 'wider' : 'narrower';
  facts.opaque.push({ ref: policy, span: part.span, text: part.path, reason, bounds });
}
