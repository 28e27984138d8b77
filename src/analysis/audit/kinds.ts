import type { ControlId } from './controls.ts';
import type { FindingKind } from './finding.ts';
import { CLUSTER_EXPOSURE } from './kinds-cluster-exposure.ts';
import { CLUSTER_POLICIES } from './kinds-cluster-policies.ts';
import { CLUSTER_REACH } from './kinds-cluster-reach.ts';
import { CONTAINERS, DAEMON } from './kinds-docker.ts';
import { HOST } from './kinds-host.ts';
import { HYGIENE } from './kinds-hygiene.ts';
import { INBOUND } from './kinds-inbound.ts';
import { OUTBOUND } from './kinds-outbound.ts';
import { POLICY } from './kinds-policy.ts';
import { RULES } from './kinds-rules.ts';
import { SUPPRESSION } from './suppress.ts';

/** Every kind of finding of its own; rules without effect have the words of `rule-problems.ts`. */
export const FINDING_KINDS = {
  'What comes in': INBOUND,
  'What goes out': OUTBOUND,
  'The firewall as a whole': HYGIENE,
  'Parts of rules': RULES,
  'The policy as a document': POLICY,
  'The machine': HOST,
  Containers: CONTAINERS,
  'Docker’s daemon and networks': DAEMON,
  'Policies of a cluster': CLUSTER_POLICIES,
  'What workloads of a cluster reach': CLUSTER_REACH,
  'What leads into a cluster': CLUSTER_EXPOSURE,
  Suppressions: SUPPRESSION,
} as const satisfies Readonly<
  Record<string, Readonly<Record<string, FindingKind<never> & { readonly controls: readonly ControlId[] }>>>
>;
