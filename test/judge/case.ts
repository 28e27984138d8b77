import { type RulesetDraft, withRules } from './generate/draft.ts';
import { draftText } from './generate/styles.ts';
import { type Judgement, judge } from './judge.ts';
import type { Packet } from './packet.ts';
import { boundaryPackets } from './packets.ts';
import type { Random } from './random.ts';
import { readRuleset, type Understood } from './read.ts';
import type { JudgeWorld } from './world/client.ts';

/** A ruleset, sent to the kernel and read by us. */
export type Outcome =
  | {
      readonly kind: 'judged';
      readonly text: string;
      readonly reading: Understood;
      readonly judgement: Judgement;
      readonly notListed: readonly string[]; // which listings nft broke over
      readonly notRead: readonly string[]; // constructs of the listings that our reader does not understand
    }
  | { readonly kind: 'refused by the kernel'; readonly text: string; readonly said: string }
  | { readonly kind: 'refused by the reader'; readonly text: string; readonly constructs: readonly string[] };

/** Judges a text with packets on its borders. */
export async function judgeText(world: JudgeWorld, random: Random, text: string, count: number): Promise<Outcome> {
  const reading = readRuleset('text', text);
  if (reading.kind === 'refused') return { kind: 'refused by the reader', text, constructs: reading.constructs };
  return judgePackets(world, text, reading, boundaryPackets(random, text, reading.ruleset, count));
}

/** Judges a text with packets that are given; what nft lists of it is read too, as text and as JSON. */
export async function judgePackets(
  world: JudgeWorld,
  text: string,
  reading: Understood,
  packets: readonly Packet[],
): Promise<Outcome> {
  const result = await world.trial({ ruleset: text, packets });
  if (result.kind === 'refused') return { kind: 'refused by the kernel', text, said: result.said };
  const readings: Record<string, Understood> = { text: reading };
  const notListed: string[] = [];
  const notRead: string[] = [];
  for (const [source, listed] of Object.entries(result.listing)) {
    if (listed === undefined) {
      notListed.push(source);
      continue;
    }
    const again = readRuleset(source, listed);
    if (again.kind === 'understood') readings[`listed ${source}`] = again;
    else notRead.push(...again.constructs);
  }
  const judgement = judge(readings, packets, result.sightings);
  return { kind: 'judged', text, reading, judgement, notListed, notRead };
}

const REPAIRS = 4;

/** Judges a random ruleset; rules that nft or the kernel refuses are left out first, and told to `onRefused`. */
export async function judgeDraft(
  world: JudgeWorld,
  random: Random,
  draft: RulesetDraft,
  count: number,
  onRefused: (rule: string, said: string) => void,
): Promise<{ readonly outcome: Outcome; readonly draft: RulesetDraft }> {
  let current = draft;
  for (let repair = 0; ; repair++) {
    const outcome = await judgeText(world, random, draftText(current), count);
    if (outcome.kind !== 'refused by the kernel' || repair === REPAIRS) return { outcome, draft: current };
    const bad = refusedLines(outcome.text, outcome.said);
    for (const [line, said] of bad) onRefused(line, said);
    current = withRules(current, (rule) => ![...bad.keys()].some((line) => line.endsWith(rule)));
  }
}

/** The rules that nft complains of (`/dev/stdin:12:3-9: Error: ...`), with the complaint. */
function refusedLines(text: string, said: string): Map<string, string> {
  const lines = text.split('\n');
  return new Map(
    [...said.matchAll(/^[^\n:]+:(\d+):[\d-]+: Error: (.*)$/gm)].flatMap(([, line, complaint]) => {
      const found = lines[Number(line) - 1];
      return found === undefined || complaint === undefined ? [] : [[found, complaint] as const];
    }),
  );
}
