import type { Origin, Rule } from '../ir/index.ts';
import type { Step } from '../semantics/index.ts';
import { spanPosition } from '../source/index.ts';

/** A step on a packet's way, as people and other programs read it. */
export interface PathEntry {
  readonly layer: string;
  readonly table?: string; // of a firewall that was read: chain names are its own
  readonly chain: string;
  readonly rule: string; // its name in the policy, or its own text; of a chain's last word, what that is
  readonly handle?: number; // by which the kernel knows the rule
  readonly origin: Place | null;
  readonly verdict: Step['outcome'];
}

export interface Place {
  readonly file: string;
  readonly line: number; // from 1
}

export function pathEntry(step: Step): PathEntry {
  const handle = step.rule?.origin.handle;
  return {
    layer: step.layer,
    ...(step.layer === 'policy' ? {} : { table: step.table }),
    chain: step.chain,
    rule: stepText(step),
    ...(handle === undefined ? {} : { handle }),
    origin: placeOf(step.origin),
    verdict: step.outcome,
  };
}

function stepText(step: Step): string {
  if (step.rule === undefined) return step.layer === 'policy' ? 'no flow allows it' : `policy ${step.outcome}`;
  return step.origin?.text ?? step.origin?.flow ?? ruleName(step.rule, step.index ?? 0);
}

/** What people know a rule by: its own text or the flow that asked for it, else its place in its chain (`index` from 0). */
export function ruleName(rule: Rule, index: number): string {
  return rule.origin.text ?? rule.origin.flow ?? `rule ${index + 1}`;
}

/** `null` where it is written nowhere. */
export function placeOf(origin: Origin | undefined): Place | null {
  if (origin?.span === undefined) return null;
  return { file: origin.span.file.name, line: spanPosition(origin.span).line };
}
