import {
  type Coverage,
  formatFlow,
  type PathEntry,
  type ProbePlan,
  type ProbeResult,
  pathEntry,
  type Replay,
  type TestOutcome,
} from '../../analysis/index.ts';
import type { PolicyTest } from '../../ir/index.ts';
import type { LabRun } from './run.ts';

/** `gateway`: who is let through is not the kernel's to say, but the gateway's. */
export type KernelOutcome = TestOutcome | { readonly kind: 'gateway'; readonly test: PolicyTest };

/** Everything that `portcullis test` found out. */
export interface TestRun {
  readonly policy: string; // as the user named it
  readonly onPolicy: readonly TestOutcome[];
  readonly onNftables: readonly KernelOutcome[]; // the same tests, in the same order
  readonly plan: ProbePlan;
  readonly replays: readonly Replay[];
  readonly lab?: LabRun;
  readonly coverage?: readonly Coverage[];
}

/** Whether everything that was asked holds. A packet that says nothing (`void`) is no success, and no failure either. */
export function holds(run: TestRun): boolean {
  return (
    run.onPolicy.every(({ kind }) => kind !== 'failed') &&
    run.onNftables.every(({ kind }) => kind !== 'failed') &&
    run.replays.every(({ judgement }) => judgement !== 'contradicts') &&
    labHolds(run)
  );
}

function labHolds({ lab, coverage = [] }: TestRun): boolean {
  if (lab === undefined) return true;
  const agreeing = lab.results.filter(({ judgement }) => judgement === 'agrees').length;
  const contradicting = lab.results.some(({ judgement }) => judgement === 'contradicts');
  return agreeing > 0 && !contradicting && coverage.every((each) => !undercounted(each));
}

/** Packets passed that the rule's own counter did not see: then another rule let them through. */
export function undercounted({ passed, counted }: Coverage): boolean {
  return counted !== undefined && counted < passed;
}

/** schema/test.json */
export interface TestJson {
  readonly ok: boolean;
  readonly policy: string;
  /** The policy's own tests: proven for every packet they speak of, on the policy and on the nftables text read back. */
  readonly tests: readonly {
    readonly test: string;
    readonly policy: TestOutcome['kind'];
    readonly nftables: KernelOutcome['kind'];
    readonly witness?: string; // a packet that refutes it
    readonly path?: readonly PathEntry[];
  }[];
  /** Packets made for every flow and test, asked of the policy and of the nftables text. */
  readonly generated: {
    readonly packets: number;
    readonly leftOut: number;
    readonly agree: number;
    readonly declared: number;
    readonly contradictions: readonly { readonly flow: string; readonly policy: string; readonly nftables: string }[];
    readonly without: ProbePlan['without'];
  };
  /** The same packets through the real kernel; absent without `--lab`. */
  readonly lab?: LabJson;
}

interface LabJson {
  readonly isolation: LabRun['isolation'];
  readonly worlds: number;
  readonly milliseconds: number;
  readonly limits: readonly string[];
  readonly agree: number;
  readonly declared: number;
  readonly contradict: number;
  readonly void: number;
  readonly coverage: readonly Coverage[];
  readonly packets: readonly PacketJson[];
}

interface PacketJson {
  readonly flow: string;
  readonly about: string;
  readonly aspect: string;
  readonly expected: string;
  readonly rule: string; // that decides in the policy
  readonly before: string; // what became of it without the policy
  readonly after: string;
  readonly error?: string;
  readonly milliseconds: number;
  readonly judgement: ProbeResult['judgement'];
  readonly reason?: string;
}

export function testJson(run: TestRun): TestJson {
  const { plan, replays, lab } = run;
  return {
    ok: holds(run),
    policy: run.policy,
    tests: run.onPolicy.map((outcome, index) => {
      const rendered = run.onNftables[index] ?? outcome;
      const failed = [outcome, rendered].find((each) => each.kind === 'failed');
      return {
        test: outcome.test.text,
        policy: outcome.kind,
        nftables: rendered.kind,
        ...(failed?.kind === 'failed' ? { witness: formatFlow(failed.witness), path: failed.path.map(pathEntry) } : {}),
      };
    }),
    generated: {
      packets: plan.probes.length,
      leftOut: plan.leftOut,
      agree: count(replays, 'agrees'),
      declared: count(replays, 'declared'),
      contradictions: replays.flatMap(({ probe, actual, judgement }) =>
        judgement === 'contradicts'
          ? [{ flow: formatFlow(probe.decidedAt), policy: probe.expected.verdict, nftables: actual.verdict }]
          : [],
      ),
      without: plan.without,
    },
    ...(lab === undefined ? {} : { lab: labJson(lab, run.coverage ?? []) }),
  };
}

function labJson(lab: LabRun, coverage: readonly Coverage[]): LabJson {
  return {
    isolation: lab.isolation,
    worlds: lab.worlds,
    milliseconds: lab.tookMs,
    limits: lab.limits,
    agree: count(lab.results, 'agrees'),
    declared: count(lab.results, 'declared'),
    contradict: count(lab.results, 'contradicts'),
    void: count(lab.results, 'void'),
    coverage,
    packets: lab.results.map(packetJson),
  };
}

export function packetJson({ probe, before, after, judgement, reason }: ProbeResult): PacketJson {
  return {
    flow: formatFlow(probe.flows[0]),
    about: probe.about,
    aspect: probe.aspect,
    expected: probe.expected.verdict,
    rule: decidingRule(probe.expected.path.map(pathEntry)),
    before: before.result,
    after: after.result,
    ...(after.error === undefined ? {} : { error: after.error }),
    milliseconds: after.afterMs,
    judgement,
    ...(reason === undefined ? {} : { reason }),
  };
}

function decidingRule(path: readonly PathEntry[]): string {
  return path.at(-1)?.rule ?? 'no flow allows it';
}

export function count(items: readonly { readonly judgement: string }[], judgement: ProbeResult['judgement']): number {
  return items.filter((item) => item.judgement === judgement).length;
}
