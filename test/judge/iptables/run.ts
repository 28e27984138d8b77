import * as fc from 'fast-check';
import type { Intent } from '../../../src/ir/index.ts';
import { iptablesIpsetTarget, iptablesTarget } from '../../../src/target/iptables/index.ts';
import { IPSET_FILE, printRule } from '../../../src/target/iptables/print.ts';
import { renderProven } from '../../../src/verify/index.ts';
import { intentArbitrary } from '../../laws/nftables-intents.ts';
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

/** What our own target writes for a random policy, by turns with sets and without. */
export async function judgeOwnRestore(
  world: JudgeWorld,
  index: number,
  { seed, packets }: { readonly seed: number; readonly packets: number },
): Promise<RestoreCase> {
  const random = new Random(seed, index, 78);
  const [policy] = fc.sample(intentArbitrary, { seed: random.below(2 ** 31), numRuns: 1 });
  if (policy === undefined) throw new RangeError('no policy was drawn');
  const [backend, useSets] = [random.pick(['nft', 'legacy'] as const), random.chance(0.5)];
  const drafted = ownDraft(policy, useSets);
  const { outcome, draft } = await judgeRestore(world, random, drafted, backend, packets, (rule, said) => {
    throw new Error(`iptables refuses what we write: ${rule}: ${said}`);
  });
  return { seed, index, backend, draft, outcome, used: new Set() };
}

/** Without rates, which let through what comes first, whatever one packet is like. */
function ownDraft(policy: Intent, useSets: boolean): RestoreDraft {
  const target = useSets ? iptablesIpsetTarget : iptablesTarget;
  const bare = { ...policy, grants: policy.grants.map(({ rate: _, ...grant }) => grant) };
  const { artifacts, proof } = renderProven(target, bare);
  if (artifacts === undefined)
    throw new Error(`not rendered: ${proof.diagnostics.map(({ message }) => message).join('; ')}`);
  return {
    sets: artifacts.find(({ name }) => name === IPSET_FILE)?.text ?? '',
    tables: target.lower(bare).ast.tables.map(({ family, name, chains }) => ({
      family,
      name,
      chains: chains.map((chain) => ({
        name: chain.name,
        policy: /^[A-Z]+$/.test(chain.name) ? ('ACCEPT' as const) : ('-' as const),
        rules: chain.rules.map(printRule),
      })),
    })),
  };
}
