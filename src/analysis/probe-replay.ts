import type { Match, Ruleset } from '../ir/index.ts';
import { type Evaluation, evaluate, matches } from '../semantics/index.ts';
import type { Probe } from './probes.ts';

/** What a firewall's own text does with a probe, beside what the policy says. */
export interface Replay {
  readonly probe: Probe;
  readonly actual: Evaluation;
  readonly judgement: 'agrees' | 'declared' | 'contradicts';
}

/**
 * Asks a firewall's text, read back, for the verdict on each probe; no packet is sent.
 * @param declared the packets that the target named as differing from the policy
 */
export function replay(probes: readonly Probe[], firewall: Ruleset, declared: readonly Match[]): Replay[] {
  return probes.map((probe) => {
    const actual = lastWord(probe, firewall);
    if (actual.verdict === probe.expected.verdict) return { probe, actual, judgement: 'agrees' };
    const isDeclared = probe.flows.some((flow) => declared.some((match) => matches(match, flow)));
    return { probe, actual, judgement: isDeclared ? 'declared' : 'contradicts' };
  });
}

function lastWord(probe: Probe, firewall: Ruleset): Evaluation {
  const [first, ...later] = probe.flows;
  return later.reduce(
    (before, flow) => (before.verdict === 'accept' ? evaluate(firewall, flow) : before),
    evaluate(firewall, first),
  );
}
