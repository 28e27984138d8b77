import { hasErrors } from '../../../src/diagnostic/index.ts';
import { SourceFile } from '../../../src/source/index.ts';
import { iptablesReader } from '../../../src/target/iptables/index.ts';
import { type Judgement, judge } from '../judge.ts';
import type { Packet } from '../packet.ts';
import { boundaryPackets } from '../packets.ts';
import type { Random } from '../random.ts';
import { type Understood, understood } from '../read.ts';
import type { JudgeWorld } from '../world/client.ts';
import type { Restore } from '../world/xtables.ts';
import { type RestoreDraft, restoreText, withRules } from './draft.ts';

/** Rules of iptables, sent to the kernel and read by us. */
export type RestoreOutcome =
  | {
      readonly kind: 'judged';
      readonly text: string; // of both families
      readonly reading: Understood;
      readonly judgement: Judgement;
    }
  | { readonly kind: 'refused by the kernel'; readonly said: string }
  | { readonly kind: 'refused by the reader'; readonly constructs: readonly string[] };

const REPAIRS = 8;

/** RFC 8200 4.7. `connlimit` and others that look for a transport drop such a packet on the spot (`hotdrop`), as they do broken ones. */
const NOTHING_FOLLOWS = 59;

/** Judges random rules; those that iptables refuses are left out first, and told to `onRefused`. */
export async function judgeRestore(
  world: JudgeWorld,
  random: Random,
  drafted: RestoreDraft,
  backend: Restore['backend'],
  count: number,
  onRefused: (rule: string, said: string) => void,
): Promise<{ readonly outcome: RestoreOutcome; readonly draft: RestoreDraft }> {
  let draft = drafted;
  for (let repair = 0; ; repair++) {
    const reading = readRestore(draft, backend);
    if (reading.kind === 'refused by the reader') return { outcome: reading, draft };
    const packets = boundaryPackets(
      random,
      restoreText(draft, 4, backend) + restoreText(draft, 6, backend),
      reading.ruleset,
      count,
    );
    const outcome = await judgePackets(world, draft, backend, packets);
    if (outcome.kind !== 'refused by the kernel' || repair === REPAIRS) return { outcome, draft };
    const bad = refusedRule(draft, backend, outcome.said);
    if (bad === undefined) return { outcome, draft };
    onRefused(bad, outcome.said);
    draft = withRules(draft, (rule, chain) => `-A ${chain.name} ${rule}`.trimEnd() !== bad);
  }
}

/** Judges rules with packets that are given; what is saved of them is read too. */
export async function judgePackets(
  world: JudgeWorld,
  draft: RestoreDraft,
  backend: Restore['backend'],
  packets: readonly Packet[],
): Promise<RestoreOutcome> {
  const restore: Restore = {
    backend,
    v4: restoreText(draft, 4, backend),
    v6: restoreText(draft, 6, backend),
    sets: draft.sets,
  };
  const reading = readRestore(draft, backend);
  if (reading.kind === 'refused by the reader') return reading;
  const result = await world.trial({ ruleset: '', restore, packets });
  if (result.kind === 'refused') return { kind: 'refused by the kernel', said: result.said };
  if (result.saved === undefined) throw new Error('nothing was saved');
  const { v4, v6, sets } = result.saved;
  const saved = read([new SourceFile('saved.v4', v4), new SourceFile('saved.v6', v6), new SourceFile('sets', sets)]);
  if (saved.kind === 'refused by the reader') return saved;
  const told = packets.map(({ protocol }) => protocol !== NOTHING_FOLLOWS);
  const judgement = judge(
    { text: reading, saved },
    packets.filter((_, index) => told[index]),
    result.sightings.filter((_, index) => told[index]),
  );
  return { kind: 'judged', text: restore.v4 + restore.v6, reading, judgement };
}

type Reading = Understood | Extract<RestoreOutcome, { kind: 'refused by the reader' }>;

function readRestore(draft: RestoreDraft, backend: Restore['backend']): Reading {
  return read([
    new SourceFile('rules.v4', restoreText(draft, 4, backend)),
    new SourceFile('rules.v6', restoreText(draft, 6, backend)),
    new SourceFile('sets', draft.sets.replaceAll(' -exist', '')),
  ]);
}

function read(files: readonly SourceFile[]): Reading {
  const { ast, diagnostics } = iptablesReader.parse(files);
  if (ast === undefined || hasErrors(diagnostics))
    return { kind: 'refused by the reader', constructs: diagnostics.map(({ message }) => message) };
  return understood(iptablesReader.lift(ast));
}

/** The rule that iptables complains of, by the number of its line. */
function refusedRule(draft: RestoreDraft, backend: Restore['backend'], said: string): string | undefined {
  const line = /^ip6?tables.*line:? (\d+)/is.exec(said)?.[1];
  if (line === undefined) return undefined;
  const text = restoreText(draft, said.startsWith('ip6tables') ? 6 : 4, backend).split('\n')[Number(line) - 1];
  return text?.startsWith('-A ') ? text : undefined;
}
