import { type Diagnostic, diagnose, sortDiagnostics } from '../../diagnostic/index.ts';
import type { ClusterIntent } from '../../kubernetes/index.ts';
import type { Findings } from './findings.ts';
import { CLUSTER_TARGET_PROBLEMS } from './problems.ts';
import { sidesOf } from './sides.ts';

/** What was found while writing, and what there is to know whatever was. */
export function remarks(intent: ClusterIntent, { diagnostics }: Findings): readonly Diagnostic[] {
  const sides = sidesOf(intent);
  const idle = intent.governed.filter((namespace) => !sides.some((side) => side.namespace === namespace));
  return sortDiagnostics([
    ...diagnostics,
    diagnose(CLUSTER_TARGET_PROBLEMS.probes, undefined, intent.governed),
    ...idle.map((namespace) => diagnose(CLUSTER_TARGET_PROBLEMS.nothing, undefined, namespace)),
  ]);
}
