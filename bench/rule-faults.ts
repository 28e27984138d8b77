import type { Ruleset } from '../src/ir/index.ts';
import { HeaderSpace } from '../src/packetset/index.ts';
import { denote, ruleFaults } from '../src/semantics/index.ts';
import { type ColdTasks, isColdTask, runCold } from './lib/cold.ts';
import { foreignRuleset } from './lib/foreign.ts';
import { timed } from './lib/measure.ts';
import { type BenchOptions, type Finding, runBench } from './lib/report.ts';
import { filterOnly, readRuleset } from './lib/rulesets.ts';
import { BitDiagramStore } from './peers/bit-diagram.ts';
import { coveredByOneRule } from './peers/pair-by-pair.ts';

const QUESTION =
  'how long does it take to understand a firewall that others wrote, and to find every rule without effect?';

const TASKS: ColdTasks = {
  ours: (size) => {
    const ruleset = readRuleset(foreignRuleset(size).text);
    const space = new HeaderSpace();
    const meaning = timed(() => allOf(space, ruleset));
    const faults = timed(() => ruleFaults(space, ruleset));
    return { denote: meaning.ms, faults: faults.ms, found: faults.result.length };
  },
  filter: (size) => {
    const ruleset = filterOnly(readRuleset(foreignRuleset(size).text));
    return { denote: timed(() => allOf(new HeaderSpace(), ruleset)).ms };
  },
  bits: (size) => {
    const ruleset = filterOnly(readRuleset(foreignRuleset(size).text));
    return { denote: timed(() => allOf(new HeaderSpace(new BitDiagramStore()), ruleset)).ms };
  },
  pairs: (size) => {
    const ruleset = readRuleset(foreignRuleset(size).text);
    const { ms, result } = timed(() => coveredByOneRule(ruleset));
    return { faults: ms, found: result };
  },
};

if (!isColdTask(TASKS)) await runBench(import.meta.filename, QUESTION, measure);

async function measure({ quick }: BenchOptions): Promise<Finding[]> {
  const sizes = quick ? [100] : [1_000, 5_000, 10_000];
  const rounds = quick ? 1 : 5;
  const run = (task: string, size: number) => runCold(import.meta.filename, task, size, rounds);
  const ours = sizes.map((size) => run('ours', size));
  const total = ours.map(({ figures }) => figures.denote! + figures.faults!);
  return [
    {
      title: 'Milliseconds for the meaning of a ruleset and then for its faults, each in a fresh process',
      columns: ['rules', 'meaning', 'faults', 'together', 'growth', 'rules without effect', 'peak memory, MB'],
      rows: ours.map(({ figures, peakMegabytes }, at) => [
        sizes[at]!,
        figures.denote!,
        figures.faults!,
        total[at]!,
        at === 0 ? '' : total[at]! / total[at - 1]! / (sizes[at]! / sizes[at - 1]!),
        figures.found!,
        peakMegabytes,
      ]),
      notes: [
        'growth: of the time over that of the rules, 1 is in step; reading the text is not in the times, but in the memory',
      ],
    },
    {
      title: 'The meaning of its filter table, milliseconds',
      columns: ['rules', 'interval diagrams', 'bit diagrams', 'times'],
      rows: sizes.map((size) => {
        const [intervals, bits] = [run('filter', size).figures.denote!, run('bits', size).figures.denote!];
        return [size, intervals, bits, bits / intervals];
      }),
      notes: ['bit diagrams: the same calls on one node for each bit (bench/peers/bit-diagram.ts)'],
    },
    {
      title: 'Rules without effect, milliseconds, beside holding each rule against each one before it',
      columns: ['rules', 'faults', 'found', 'pair by pair', 'found', 'times'],
      rows: sizes.map((size, at) => {
        const pairs = run('pairs', size).figures;
        const { faults, found } = ours[at]!.figures;
        return [size, faults!, found!, pairs.faults!, pairs.found!, pairs.faults! / faults!];
      }),
      notes: [
        'pair by pair: what many linters do; it sees neither what several rules do together nor what comes behind a rule',
      ],
    },
  ];
}

function allOf(space: HeaderSpace, ruleset: Ruleset): void {
  const { accept, drop, reject } = denote(space, ruleset);
  if (accept.isEmpty() || drop.isEmpty() || reject.isEmpty())
    throw new Error('it accepts, drops and rejects something');
}
