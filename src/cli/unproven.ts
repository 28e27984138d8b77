import type { Proof } from '../verify/index.ts';

/** Whether a proof failed, and not the policy. */
export function isFault(proof: Proof): boolean {
  return (
    proof.unexplained.length > 0 ||
    proof.opaque.length > 0 ||
    proof.diagnostics.some(({ code }) => code.startsWith('V'))
  );
}
