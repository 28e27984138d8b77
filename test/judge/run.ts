import * as fc from 'fast-check';
import type { Intent } from '../../src/ir/index.ts';
import { nftablesTarget } from '../../src/target/nftables/index.ts';
import { renderProven } from '../../src/verify/index.ts';
import { intentArbitrary } from '../laws/nftables-intents.ts';
import { judgeDraft, judgeText, type Outcome } from './case.ts';
import type { RulesetDraft } from './generate/draft.ts';
import { type Ingredients, randomRuleset } from './generate/ruleset.ts';
import { Random } from './random.ts';
import type { JudgeWorld } from './world/client.ts';

/** One ruleset of a run; the same for the same seed and number, as long as the generator and the reader's features stay. */
export interface Case {
  readonly seed: number;
  readonly index: number;
  readonly outcome: Outcome;
  readonly draft: RulesetDraft | undefined; // undefined for what our own target has written
}

export interface RunOptions {
  readonly seed: number;
  readonly packets: number; // for each ruleset
  readonly ingredients: Ingredients;
}

/** A random ruleset of anybody. */
export async function judgeRandom(
  world: JudgeWorld,
  index: number,
  { seed, packets, ingredients }: RunOptions,
  onRefused: (rule: string, said: string) => void,
): Promise<Case> {
  const random = new Random(seed, index);
  const drafted = randomRuleset(random, ingredients);
  const { outcome, draft } = await judgeDraft(world, random, drafted, packets, onRefused);
  return { seed, index, outcome, draft };
}

/** What our own target writes for a random policy. */
export async function judgeOwn(world: JudgeWorld, index: number, { seed, packets }: RunOptions): Promise<Case> {
  const random = new Random(seed, index);
  const [policy] = fc.sample(intentArbitrary, { seed: random.below(2 ** 31), numRuns: 1 });
  if (policy === undefined) throw new RangeError('no policy was drawn');
  return { seed, index, outcome: await judgeText(world, random, renderedText(policy), packets), draft: undefined };
}

/** What our own target writes for a policy without its rates: they let through what comes first, whatever one packet is like. */
export function renderedText(policy: Intent): string {
  const grants = policy.grants.map(({ rate: _, ...grant }) => grant);
  const { artifacts, proof } = renderProven(nftablesTarget, { ...policy, grants });
  const [artifact] = artifacts ?? [];
  if (artifact === undefined)
    throw new Error(`not rendered: ${proof.diagnostics.map(({ message }) => message).join('; ')}`);
  return artifact.text;
}
