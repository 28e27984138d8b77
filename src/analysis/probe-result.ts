import type { Match } from '../ir/index.ts';
import { matches } from '../semantics/index.ts';
import { decidingFlow, type Probe } from './probes.ts';

/** What became of a packet that was sent; the same words as the sender's. */
export interface Observed {
  readonly result: 'passed' | 'refused' | 'silence' | 'unsent';
  readonly error?: string;
  readonly afterMs: number;
}

/**
 * `agrees`: the kernel did what the policy says. `declared`: it did not, and the target had said so of this packet.
 * `contradicts`: it did not, and nobody had said so. `void`: it says nothing (the packet did not pass before the policy
 * was there either, or it could not be sent), with the reason.
 */
export type Judgement = 'agrees' | 'declared' | 'contradicts' | 'void';

export interface ProbeResult {
  readonly probe: Probe;
  readonly before: Observed; // without any policy: the positive control
  readonly after: Observed;
  readonly judgement: Judgement;
  readonly reason?: string; // for everything but `agrees`
}

/**
 * A denied local sender must know by then. A connection that is told nothing at first tries again after a second (RFC 6298, 2.1) and may be told
 * then; whatever is told clearly earlier was told at the first packet, however busy the machine is.
 */
const AT_ONCE_MS = 800;

/** @param declared the packets that the target named as differing from the policy */
export function judge(probe: Probe, before: Observed, after: Observed, declared: readonly Match[]): ProbeResult {
  const result = { probe, before, after };
  if (before.result !== 'passed') {
    return { ...result, judgement: 'void', reason: `without the policy it did not pass either (${words(before)})` };
  }
  if (after.result === 'unsent')
    return { ...result, judgement: 'void', reason: `it could not be sent (${words(after)})` };
  const problem = disagreement(probe, after);
  if (problem === undefined) return { ...result, judgement: 'agrees' };
  const isDeclared = probe.flows.some((flow) => declared.some((match) => matches(match, flow)));
  return { ...result, judgement: isDeclared ? 'declared' : 'contradicts', reason: problem };
}

function disagreement(probe: Probe, after: Observed): string | undefined {
  const { verdict } = probe.expected;
  const by = decidingFlow(probe) ?? 'nothing allows it';
  switch (verdict) {
    case 'accept':
      return after.result === 'passed'
        ? undefined
        : `the policy allows it (${by}), and it did not pass (${words(after)})`;
    case 'drop':
      return after.result === 'passed' ? `the policy denies it (${by}), and it passed` : undefined;
    case 'reject':
      if (after.result === 'passed') return `the policy denies it (${by}), and it passed`;
      // A sender that waits for a time-out hangs for minutes: to be told at once is part of the policy.
      if (after.result === 'silence') return 'it was denied, but the sender was not told';
      return probe.decidedAt.dport !== undefined && after.afterMs > AT_ONCE_MS
        ? `it was denied, but the sender was told only after ${after.afterMs} ms`
        : undefined;
  }
}

function words(observed: Observed): string {
  return observed.error === undefined ? observed.result : `${observed.result}, ${observed.error}`;
}
