import { Random } from '../random.ts';
import type { JudgeWorld } from '../world/client.ts';
import type { Restore } from '../world/xtables.ts';
import { judgeRestore, type RestoreOutcome } from './case.ts';
import { type RestoreDraft, randomDraft } from './draft.ts';

/** The rules of one run; the same for the same seed and number, as long as the generator stays. */
export interface RestoreCase {
  readonly seed: number;
  readonly index: number;
  readonly backend: Restore['backend'];
  readonly draft: RestoreDraft;
  readonly outcome: RestoreOutcome;
  readonly used: ReadonlySet<string>; // features
}

/** Random rules of iptables: every other time those of iptables-legacy. */
export async function judgeRestoreOf(
  world: JudgeWorld,
  index: number,
  { seed, packets }: { readonly seed: number; readonly packets: number },
  onRefused: (rule: string, said: string) => void = () => undefined,
): Promise<RestoreCase> {
  const random = new Random(seed, index, 77);
  const used = new Set<string>();
  const drafted = randomDraft(random, (feature) => used.add(feature));
  const backend = index % 2 === 0 ? 'nft' : 'legacy';
  const { outcome, draft } = await judgeRestore(world, random, drafted, backend, packets, onRefused);
  return { seed, index, backend, draft, outcome, used };
}
