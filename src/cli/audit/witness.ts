import { type Finding, formatFlow } from '../../analysis/index.ts';
import type { Verdict } from '../../ir/index.ts';

/** What shows a finding, as a flow expression, and what becomes of it: a packet, or a connection of a cluster. */
export function witnessOf({
  witness,
  connection,
}: Finding): { readonly text: string; readonly verdict: Verdict } | undefined {
  return witness === undefined ? connection : { text: formatFlow(witness.flow), verdict: witness.verdict };
}
