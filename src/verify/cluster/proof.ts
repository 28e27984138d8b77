import type { Diagnostic } from '../../diagnostic/index.ts';
import type { Artifact, ClusterApproximation } from '../../target/index.ts';

/** Whether manifests mean what the policy says, and every way in which they do not. */
export interface ClusterProof {
  readonly target: string;
  readonly holds: boolean; // nothing unexplained, nothing opaque, no error
  readonly artifacts: readonly Artifact[]; // what the proof is about
  readonly approximations: readonly ProvenClusterApproximation[];
  readonly unexplained: readonly ClusterDifference[];
  readonly diagnostics: readonly Diagnostic[]; // of the target and of the proof
}

/** A declared difference that really is one. */
export interface ProvenClusterApproximation {
  readonly approximation: ClusterApproximation;
  readonly witness: string; // one connection that fares otherwise
}

/** A difference that nobody declared. */
export interface ClusterDifference {
  readonly effect: ClusterApproximation['effect'];
  readonly from: string;
  readonly to: string;
  readonly connections: string;
}
