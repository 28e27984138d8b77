import type { Flow, Intent, PolicyTest, Ruleset } from '../ir/index.ts';
import { HeaderSpace, type PacketSet, UNWATCHED, type Watcher } from '../packetset/index.ts';
import {
  type Denotation,
  denote,
  evaluate,
  intentRuleset,
  packetsOf,
  patternMatch,
  possiblePackets,
  type Step,
  sampleFlow,
} from '../semantics/index.ts';
import { type PatternContext, patternContext, testPassages } from './flow-patterns.ts';

/** Whether a claim of the policy's own tests holds, for every packet it speaks of. */
export type TestOutcome =
  | { readonly kind: 'passed'; readonly test: PolicyTest }
  /** `witness` is a packet that fares otherwise than claimed, by way of `path`. */
  | { readonly kind: 'failed'; readonly test: PolicyTest; readonly witness: Flow; readonly path: readonly Step[] }
  /** It speaks of no packet that this machine could tell apart: nothing was proven. */
  | { readonly kind: 'empty'; readonly test: PolicyTest };

/**
 * Proves every claim by packet sets: no packet is left out.
 * @param ruleset what is asked: the policy itself, or a firewall's rules
 */
export function provePolicyTests(
  intent: Intent,
  ruleset: Ruleset = intentRuleset(intent),
  watcher: Watcher = UNWATCHED,
): TestOutcome[] {
  if (intent.tests.length === 0) return [];
  const space = HeaderSpace.watched(watcher);
  const denotation = denote(space, ruleset);
  const context = patternContext(intent, ruleset);
  watcher.begin(intent.tests.length, 'tests');
  return intent.tests.map((test) => {
    watcher.advance();
    const counterexample = refute(test, space, denotation, context);
    if (counterexample === 'empty') return { kind: 'empty', test };
    if (counterexample === undefined) return { kind: 'passed', test };
    const { verdict, path } = evaluate(ruleset, counterexample);
    if ((verdict === 'accept') === (test.expect === 'allow')) throw new Error('a witness does not refute its test');
    return { kind: 'failed', test, witness: counterexample, path };
  });
}

function refute(
  test: PolicyTest,
  space: HeaderSpace,
  denotation: Denotation,
  context: PatternContext,
): Flow | 'empty' | undefined {
  const possible = possiblePackets(space);
  let spokenOf = false;
  for (const passage of testPassages(test, context)) {
    const stages = passage.map((pattern) => packetsOf(space, patternMatch(pattern)).intersect(possible));
    if (stages.every((stage) => stage.isEmpty())) continue;
    spokenOf = true;
    const wrong = wrongPackets(test, stages, denotation);
    if (wrong === undefined) continue;
    const found = sampleFlow(wrong);
    const dstName = passage[0]?.dstName;
    if (found !== undefined) return dstName === undefined ? found : { ...found, dstName };
  }
  return spokenOf ? undefined : 'empty';
}

/** Allowed must pass every stage; denied must be stopped at one of them. */
function wrongPackets(test: PolicyTest, stages: readonly PacketSet[], denotation: Denotation): PacketSet | undefined {
  switch (test.expect) {
    case 'allow':
      return stages.map((stage) => stage.subtract(denotation.accept)).find((wrong) => !wrong.isEmpty());
    case 'deny': {
      const passing = stages.map((stage) => stage.intersect(denotation.accept));
      return passing.every((part) => !part.isEmpty()) ? passing[0] : undefined;
    }
  }
}
