import { difference } from '../src/analysis/index.ts';
import { HeaderSpace } from '../src/packetset/index.ts';
import { denote } from '../src/semantics/index.ts';
import { MAIN, runChild } from './lib/child.ts';
import { type ColdTasks, isColdTask, runCold } from './lib/cold.ts';
import { foreignRuleset } from './lib/foreign.ts';
import { median, timed } from './lib/measure.ts';
import { type BenchOptions, type Finding, runBench } from './lib/report.ts';
import { filterOnly, readRuleset } from './lib/rulesets.ts';
import { inScratch } from './lib/scratch.ts';
import { BitDiagramStore } from './peers/bit-diagram.ts';

const QUESTION =
  'how long does it take to say whether two rulesets let the same packets through, and by which packet they do not?';
const OPTIONS = { limit: 50, onlyNew: false };

const TASKS: ColdTasks = {
  equal: (size) => compared(size, 'text'),
  differing: (size) => compared(size, 'changed'),
  filter: (size) => filters(size, () => new HeaderSpace()),
  bits: (size) => filters(size, () => new HeaderSpace(new BitDiagramStore())),
};

if (!isColdTask(TASKS)) await runBench(import.meta.filename, QUESTION, measure);

/** With the parts that differ, each with a packet that was put through both. */
function compared(size: number, other: 'text' | 'changed'): Record<string, number> {
  const made = foreignRuleset(size);
  const [before, after] = [readRuleset(made.text), readRuleset(made[other])];
  const { ms, result } = timed(() => difference(new HeaderSpace(), before, after, OPTIONS));
  const isEqual = result.wider.length === 0 && result.narrower.length === 0;
  if (isEqual !== (other === 'text')) throw new Error(`told to be ${isEqual ? 'equal' : 'different'}`);
  return { ms };
}

function filters(size: number, space: () => HeaderSpace): Record<string, number> {
  const made = foreignRuleset(size);
  const [before, after] = [made.text, made.changed].map((text) => filterOnly(readRuleset(text)));
  const { ms, result } = timed(() => {
    const both = space();
    return denote(both, before!).accept.equals(denote(both, after!).accept);
  });
  if (result) throw new Error('they differ');
  return { ms };
}

async function measure({ quick }: BenchOptions): Promise<Finding[]> {
  const sizes = quick ? [100] : [1_000, 5_000, 10_000];
  const rounds = quick ? 1 : 5;
  const run = (task: string, size: number) => runCold(import.meta.filename, task, size, rounds);
  const rows: (string | number)[][] = [];
  let previous: number | undefined;
  for (const [at, size] of sizes.entries()) {
    const [equal, differing] = [run('equal', size), run('differing', size)];
    const [ms, other] = [equal.figures.ms!, differing.figures.ms!];
    const growth = previous === undefined ? '' : other / previous / (size / sizes[at - 1]!);
    previous = other;
    rows.push([size, ms, other, growth, Math.max(equal.peakMegabytes, differing.peakMegabytes)]);
  }
  const commands = inScratch((write) =>
    sizes.map((size) => {
      const made = foreignRuleset(size);
      const files = [write('a.nft', made.text), write('b.nft', made.changed)];
      const seconds = Array.from({ length: rounds }, () => runChild([MAIN, 'diff', ...files]).seconds);
      return [size, median(seconds)];
    }),
  );
  return [
    {
      title: 'Milliseconds to compare two rulesets that were read, each in a fresh process',
      columns: ['rules each', 'equal', 'one port of one rule differs', 'growth', 'peak memory, MB'],
      rows,
      notes: ['where they differ, with the packets in words and a witness in each direction, replayed through both'],
    },
    {
      title: 'The whole command `portcullis diff` on two files that differ, seconds',
      columns: ['rules each', 'from start to end'],
      rows: commands,
      notes: ['start of Node from the sources and reading of both files included'],
    },
    {
      title: 'Whether two filter tables accept the same, milliseconds',
      columns: ['rules each', 'interval diagrams', 'bit diagrams', 'times'],
      rows: sizes.map((size) => {
        const [intervals, bits] = [run('filter', size).figures.ms!, run('bits', size).figures.ms!];
        return [size, intervals, bits, bits / intervals];
      }),
      notes: ['no witness is asked for; bit diagrams: the same calls on one node for each bit'],
    },
  ];
}
