import { BASELINE, type BaselinePiece, OFF_BY_DEFAULT } from '../ir/index.ts';
import type { BaselineSwitch, Reporter } from '../policy/index.ts';
import { RESOLVE_PROBLEMS } from './problems.ts';

/** The pieces that are on, in the baseline's own order. */
export function resolveBaseline(switches: readonly BaselineSwitch[], report: Reporter): readonly BaselinePiece[] {
  const on = new Set(BASELINE.map((piece) => piece.name).filter((name) => !OFF_BY_DEFAULT.includes(name)));
  for (const { piece: name, span, on: wanted } of switches) {
    const piece = BASELINE.find((each) => each.name === name);
    if (piece === undefined) {
      const known = BASELINE.map((each) => each.name);
      report.say(RESOLVE_PROBLEMS.unknownPiece, span, name, report.suggest(name, known), known);
    } else if (wanted) {
      on.add(name);
    } else {
      if (on.delete(name)) report.say(RESOLVE_PROBLEMS.pieceOff, span, name, piece.why);
    }
  }
  return BASELINE.filter((piece) => on.has(piece.name));
}
