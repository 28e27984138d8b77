import type { Origin } from '../ir/index.ts';
import type { Step } from '../semantics/index.ts';
import { spanPosition } from '../source/index.ts';

/** A step on a packet's way, as people and other programs read it. */
export interface PathEntry {
  readonly layer: string;
  readonly chain: string;
  readonly rule: string; // its name in the policy, or its own text; of a chain's last word, what that is
  readonly origin: { readonly file: string; readonly line: number } | null; // line counts from 1
  readonly verdict: Step['outcome'];
}

export function pathEntry(step: Step): PathEntry {
  return {
    layer: step.layer,
    chain: step.chain,
    rule: ruleText(step),
    origin: originPlace(step.origin),
    verdict: step.outcome,
  };
}

function ruleText(step: Step): string {
  if (step.rule === undefined) return step.layer === 'policy' ? 'no flow allows it' : `policy ${step.outcome}`;
  return (
    step.origin?.text ??
    step.origin?.flow ??
    step.rule.origin.text ??
    step.rule.origin.flow ??
    `rule ${(step.index ?? 0) + 1}`
  );
}

function originPlace(origin: Origin | undefined): PathEntry['origin'] {
  if (origin?.span === undefined) return null;
  return { file: origin.span.file.name, line: spanPosition(origin.span).line };
}
