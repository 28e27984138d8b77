import type { Intent } from '../ir/index.ts';
import type { ProbeResult } from './probe-result.ts';
import { decidingFlow, type ProbePlan } from './probes.ts';

/** How far one grant or baseline piece was put to the test. */
export interface Coverage {
  readonly flow: string; // `baseline:established`, or the grant's name
  readonly passed: number; // packets that it let through
  readonly counted?: number; // packets that the kernel's own counter of it says; absent where it has none
  readonly uncovered?: string; // why no packet exercised it
}

/** @param counted the kernel's counters after the packets, by flow */
export function coverage(
  intent: Intent,
  plan: ProbePlan,
  results: readonly ProbeResult[],
  counted: ReadonlyMap<string, number>,
): Coverage[] {
  const passed = Map.groupBy(
    results.filter(
      ({ probe, after, judgement }) =>
        judgement === 'agrees' && probe.expected.verdict === 'accept' && after.result === 'passed',
    ),
    ({ probe }) => decidingFlow(probe),
  );
  const flows = [...intent.baseline.map(({ name }) => `baseline:${name}`), ...intent.grants.map(({ name }) => name)];
  return flows.map((flow) => {
    const count = passed.get(flow)?.length ?? 0;
    const own = counted.get(flow);
    const exercised = count > 0 || (flow.startsWith('baseline:') && (own ?? 0) > 0);
    return {
      flow,
      passed: count,
      ...(own === undefined ? {} : { counted: own }),
      ...(exercised ? {} : { uncovered: whyNot(flow, plan, results) }),
    };
  });
}

function whyNot(flow: string, plan: ProbePlan, results: readonly ProbeResult[]): string {
  if (flow.startsWith('baseline:')) {
    return flow === 'baseline:established'
      ? 'every connection that was opened used it'
      : 'the lab makes no such packets';
  }
  const without = plan.without.find(({ about }) => about === flow);
  if (without !== undefined) return without.reason;
  const own = plan.probes.filter(
    (probe) => probe.about === flow || probe.alsoAbout.includes(flow) || decidingFlow(probe) === flow,
  );
  const obstacle = own.find((probe) => probe.unsendable !== undefined)?.unsendable;
  if (obstacle !== undefined) return obstacle;
  const failed = results.find(({ probe, judgement }) => judgement !== 'agrees' && own.includes(probe));
  if (failed?.reason !== undefined) return failed.reason;
  const elsewhere = own.map(decidingFlow).find((other) => other !== undefined && other !== flow);
  if (elsewhere !== undefined) return `\`${elsewhere}\` lets its packets through already`;
  return own.length === 0 ? 'there were too many probes for all; raise `--probes`' : 'every packet for it is denied';
}
