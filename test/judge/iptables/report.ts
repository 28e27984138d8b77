import type { Disagreement } from '../judge.ts';
import { packetText, stepText } from '../report.ts';
import type { JudgeWorld } from '../world/client.ts';
import { judgePackets } from './case.ts';
import { type RestoreDraft, restoreText, withRules } from './draft.ts';
import type { RestoreCase } from './run.ts';

const MOST_TRIALS = 120;

/** What a person needs who is to find out who is right: the least rules, the packet, both verdicts and how to see it again. */
export async function restoreReport(world: JudgeWorld, one: RestoreCase): Promise<string> {
  const { outcome, seed, index, backend } = one;
  const first = outcome.kind === 'judged' ? outcome.judgement.disagreements[0] : undefined;
  if (outcome.kind !== 'judged' || first === undefined) return '';
  const { draft, disagreement } = await least(world, one, first);
  const { packet, passed, evaluation, denotedAccept, source, flow } = disagreement;
  return [
    `Seed ${seed}, ruleset ${index}: the kernel and we differ about ${outcome.judgement.disagreements.length} packets (iptables-${backend}, as read from the ${source}).`,
    `Again: node scripts/soak-iptables.ts --seed ${seed} --only ${index}`,
    '',
    restoreText(draft, flow.family, backend).trimEnd(),
    '',
    ...setsOf(draft),
    `The packet, at ${flow.hook}: ${packetText(packet)}`,
    `  the kernel knew: state ${flow.state}, source ${flow.srcType}, destination ${flow.dstType}, out by ${flow.outInterface ?? 'nothing'}`,
    `The kernel let it ${passed ? 'pass' : 'not pass'}; evaluate says ${evaluation.verdict}, denote ${denotedAccept ? 'accept' : 'no accept'}.`,
    ...evaluation.path.map((step) => `  ${stepText(step)}`),
    '',
  ].join('\n');
}

/** Those that rules ask for, as they are restored. */
function setsOf({ sets, tables }: RestoreDraft): readonly string[] {
  const rules = tables.flatMap(({ chains }) => chains.flatMap((chain) => chain.rules));
  const asked = new Set(rules.flatMap((rule) => [...rule.matchAll(/--match-set (\S+)/g)].map(([, name]) => name)));
  const lines = sets.split('\n').filter((line) => asked.has(line.split(' ')[1]));
  return lines.length === 0 ? [] : [...lines, ''];
}

interface Least {
  readonly draft: RestoreDraft;
  readonly disagreement: Disagreement;
}

/** Leaves out rule after rule for as long as the same packet tells the two apart. */
async function least(world: JudgeWorld, { draft, backend }: RestoreCase, first: Disagreement): Promise<Least> {
  let best: Least = { draft, disagreement: first };
  const rules = draft.tables.flatMap((table) =>
    table.chains.flatMap((chain) => chain.rules.map((rule) => [chain, rule] as const)),
  );
  for (const [chain, rule] of rules.slice(0, MOST_TRIALS)) {
    const smaller = withRules(best.draft, (each, of) => each !== rule || of.name !== chain.name);
    const outcome = await judgePackets(world, smaller, backend, [first.packet]);
    const found =
      outcome.kind === 'judged'
        ? outcome.judgement.disagreements.find(({ source }) => source === first.source)
        : undefined;
    if (found !== undefined) best = { draft: smaller, disagreement: found };
  }
  return best;
}
