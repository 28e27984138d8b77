import {
  type ProbePlan,
  type ProbeResult,
  probesFor,
  provePolicyTests,
  stageFor,
  type TestOutcome,
} from '../../analysis/index.ts';
import type { Diagnostic } from '../../diagnostic/index.ts';
import type { Proposal } from '../../discover/index.ts';
import { hostCapabilities, MachineError, requireIsolation } from '../../host/index.ts';
import type { Intent } from '../../ir/index.ts';
import { SourceFile } from '../../source/index.ts';
import type { Console } from '../console.ts';
import { countersByFlow, nftRules, type ProvenRules, provenRules } from '../lab/policy-in-nft.ts';
import { type LabRun, runInLab } from '../lab/run.ts';
import { soundPolicy } from '../policy-input.ts';
import { accounts, proposal } from './machine.ts';
import { type Scene, scenes } from './scenes.ts';

/** Each step of the demo as it is done, so that it can be shown at once. */
export interface Steps {
  readonly proposed: (proposal: Proposal) => void;
  readonly checked: (intent: Intent, tests: readonly TestOutcome[]) => void;
  readonly rendered: (rules: ProvenRules, tookMs: number) => void;
}

export interface Story {
  readonly proposal: Proposal;
  readonly tests: readonly TestOutcome[];
  readonly rules: ProvenRules;
  readonly scenes: readonly Scene[];
  readonly plan: ProbePlan;
  /** The packets; or why none could be sent, and what to do about it. */
  readonly sent:
    | { readonly lab: LabRun; readonly counters: ReadonlyMap<string, number> }
    | { readonly refused: Diagnostic };
  readonly tookMs: number;
}

const NAME = 'portcullis.yaml';

/** From the configuration to packets. Touches nothing outside the private network that it makes. */
export async function tellStory(console: Console, steps: Steps): Promise<Story> {
  const start = performance.now();
  const proposed = proposal();
  steps.proposed(proposed);
  const quiet = { ...console, stderr: { ...console.stderr, write: () => undefined } }; // what init says is in the policy itself
  const intent = soundPolicy(quiet, new SourceFile(NAME, proposed.text), accounts());
  const tests = provePolicyTests(intent);
  steps.checked(intent, tests);
  const before = performance.now();
  const rules = provenRules(intent);
  steps.rendered(rules, performance.now() - before);
  const stage = stageFor(intent);
  const list = scenes(stage);
  const plan = probesFor(
    intent,
    stage,
    list.map(({ subject }) => subject),
  );
  const sent = await send({
    probes: plan.probes,
    stage,
    rules: nftRules(rules.text),
    declared: rules.declared,
  });
  return { proposal: proposed, tests, rules, scenes: list, plan, sent, tookMs: performance.now() - start };
}

async function send(job: Parameters<typeof runInLab>[0]): Promise<Story['sent']> {
  try {
    const lab = await runInLab(job, requireIsolation(await hostCapabilities()));
    return { lab, counters: countersByFlow(lab.counters) };
  } catch (error) {
    if (error instanceof MachineError) return { refused: error.diagnostic };
    throw error;
  }
}

/** Whether everything came out as it must: the demo is a test, too. */
export function wentWell({ tests, sent }: Story): boolean {
  const proven = tests.every(({ kind }) => kind === 'passed');
  return proven && 'lab' in sent && sent.lab.results.every(({ judgement }: ProbeResult) => judgement === 'agrees');
}
