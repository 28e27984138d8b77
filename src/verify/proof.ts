import type { Diagnostic } from '../diagnostic/index.ts';
import type { Flow } from '../ir/index.ts';
import type { Step } from '../semantics/index.ts';
import type { Approximation, Artifact, Opaque } from '../target/index.ts';

/** Whether a text means what the policy says, and every way in which it does not. */
export interface Proof {
  readonly target: string;
  readonly holds: boolean; // nothing unexplained, nothing opaque, no error
  readonly artifacts: readonly Artifact[]; // what the proof is about
  readonly approximations: readonly ProvenApproximation[];
  readonly unexplained: readonly Difference[];
  readonly opaque: readonly Opaque[];
  readonly diagnostics: readonly Diagnostic[]; // of the target and of the proof
}

/** A declared difference that really is one. */
export interface ProvenApproximation {
  readonly approximation: Approximation;
  readonly packets: readonly string[]; // those that differ, as lines of text, disjoint
  readonly witness: Flow;
}

/** A difference that nobody declared. */
export interface Difference {
  readonly effect: Approximation['effect'];
  readonly packets: readonly string[]; // as lines of text, disjoint; the last may say that there are more
  readonly witness: Flow;
  readonly policyPath: readonly Step[]; // the rules that the witness meets in the policy
  readonly emittedPath: readonly Step[]; // and in what was written
}
