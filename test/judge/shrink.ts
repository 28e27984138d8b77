import { judgePackets } from './case.ts';
import { type ChainDraft, type RulesetDraft, type TableDraft, withRules } from './generate/draft.ts';
import { draftText } from './generate/styles.ts';
import type { Disagreement } from './judge.ts';
import type { Packet } from './packet.ts';
import { readRuleset } from './read.ts';
import type { JudgeWorld } from './world/client.ts';

const MOST_TRIALS = 200;

export interface Shrunk {
  readonly text: string;
  readonly disagreement: Disagreement;
}

/** A smaller ruleset over which we and the kernel differ still, about the same packet; `undefined` where it does not show again. */
export async function shrink(
  world: JudgeWorld,
  draft: RulesetDraft,
  { packet, source }: Disagreement,
): Promise<Shrunk | undefined> {
  let trials = 0;
  const differs = async (candidate: RulesetDraft): Promise<Shrunk | undefined> => {
    if (++trials > MOST_TRIALS) return undefined;
    return stillDiffers(world, draftText(candidate), packet, source);
  };
  let best = await differs(draft);
  if (best === undefined) return undefined;
  let current = draft;
  for (let smaller = true; smaller; ) {
    smaller = false;
    for (const candidate of smallerDrafts(current)) {
      const found = await differs(candidate);
      if (found === undefined) continue;
      [current, best, smaller] = [candidate, found, true];
      break;
    }
  }
  return best;
}

async function stillDiffers(
  world: JudgeWorld,
  text: string,
  packet: Packet,
  source: string,
): Promise<Shrunk | undefined> {
  const reading = readRuleset('text', text);
  if (reading.kind === 'refused') return undefined;
  const outcome = await judgePackets(world, text, reading, [packet]);
  if (outcome.kind !== 'judged') return undefined;
  const disagreement = outcome.judgement.disagreements.find((each) => each.source === source);
  return disagreement === undefined ? undefined : { text, disagreement };
}

/** Drafts with one part less, large parts first. */
function* smallerDrafts(draft: RulesetDraft): Generator<RulesetDraft> {
  const { tables } = draft;
  const instead = (table: TableDraft, changes: Partial<TableDraft>): RulesetDraft => ({
    ...draft,
    tables: tables.map((each) => (each === table ? { ...table, ...changes } : each)),
  });
  if (draft.style !== 'blocks') yield { ...draft, style: 'blocks' };
  for (const table of tables) {
    if (tables.length > 1) yield { ...draft, tables: tables.filter((each) => each !== table) };
  }
  for (const table of tables) {
    for (const chain of table.chains) {
      const chains = table.chains.filter((each) => each !== chain);
      if (chains.length > 0) yield instead(table, { chains });
    }
  }
  const rules = tables.flatMap(({ chains }) =>
    chains.flatMap((chain) => chain.rules.map((_, index) => ({ chain, index }))),
  );
  for (const { chain, index } of rules) yield withoutRule(draft, chain, index);
  for (const table of tables) {
    for (const object of table.objects) {
      yield instead(table, { objects: table.objects.filter((each) => each !== object) });
    }
  }
}

function withoutRule(draft: RulesetDraft, chain: ChainDraft, index: number): RulesetDraft {
  let at = -1;
  return withRules(draft, (_, each) => each !== chain || ++at !== index);
}
