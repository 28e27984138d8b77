import { resolve } from 'node:path';
import { acceptedPackets, serviceMatrix } from '../src/analysis/index.ts';
import { hasErrors } from '../src/diagnostic/index.ts';
import type { Ruleset, Service } from '../src/ir/index.ts';
import { HeaderSpace } from '../src/packetset/index.ts';
import { denote, ruleFaults } from '../src/semantics/index.ts';
import { SourceFile } from '../src/source/index.ts';
import { iptablesReader } from '../src/target/iptables/index.ts';
import { runChild } from './lib/child.ts';
import { type ColdTasks, isColdTask, runCold } from './lib/cold.ts';
import { foreignTables } from './lib/foreign-iptables.ts';
import { type BenchOptions, type Finding, runBench } from './lib/report.ts';
import { inScratch } from './lib/scratch.ts';
import { coveredByOneRule } from './peers/pair-by-pair.ts';

const QUESTION =
  'how long does it take to read what others wrote in iptables’ language, to say what it means, which of its rules have no effect and who may use five services, and to import it?';

const SERVICES: readonly Service[] = [
  { protocol: 6, ports: { first: 443, last: 443 } },
  { protocol: 6, ports: { first: 22, last: 22 } },
  { protocol: 6, ports: { first: 5432, last: 5432 } },
  { protocol: 6, ports: { first: 3389, last: 3389 } },
  { protocol: 17, ports: { first: 53, last: 53 } },
];

const TASKS: ColdTasks = {
  ours: (size) => {
    const read = measured(() => readTables(size));
    const space = new HeaderSpace();
    const meaning = measured(() => denote(space, read.result));
    const faults = measured(() => ruleFaults(space, read.result));
    const matrix = measured(() => {
      const accepted = acceptedPackets(read.result);
      return SERVICES.map((service) =>
        serviceMatrix(accepted, { hook: 'forward', services: [service], families: [4, 6] }),
      );
    });
    if (meaning.result.accept.isEmpty() || meaning.result.drop.isEmpty())
      throw new Error('it accepts and drops something');
    return {
      read: read.ms,
      denote: meaning.ms,
      faults: faults.ms,
      matrix: matrix.ms,
      found: faults.result.length,
      groups: Math.max(...matrix.result.map(({ groups }) => groups.length)),
    };
  },
  pairs: (size) => {
    const ruleset = readTables(size);
    const { ms, result } = measured(() => coveredByOneRule(ruleset));
    return { faults: ms, found: result };
  },
};

if (!isColdTask(TASKS)) await runBench(import.meta.filename, QUESTION, measure);

/** Milliseconds of one core: others use the machine too. */
function measured<Result>(work: () => Result): { readonly ms: number; readonly result: Result } {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  return { ms: (user + system) / 1000, result };
}

/** As the program reads them. @throws Error where a part is not understood: a bench must not measure less than it says. */
function readTables(rules: number): Ruleset {
  const { v4, v6 } = foreignTables(rules);
  const { ast, diagnostics } = iptablesReader.parse([new SourceFile('v4.rules', v4), new SourceFile('v6.rules', v6)]);
  if (ast === undefined || hasErrors(diagnostics)) throw new Error(diagnostics[0]?.message ?? 'unreadable');
  const { ruleset, opaque } = iptablesReader.lift(ast);
  if (opaque.length > 0) throw new Error(`not understood: ${opaque[0]!.text}`);
  return ruleset;
}

async function measure({ quick }: BenchOptions): Promise<Finding[]> {
  const sizes = quick ? [300] : [1_000, 6_000, 10_000];
  const rounds = quick ? 1 : 3;
  const run = (task: string, size: number) => runCold(import.meta.filename, task, size, rounds);
  const ours = sizes.map((size) => run('ours', size));
  const total = ours.map(({ figures }) => figures.read! + figures.denote! + figures.faults! + figures.matrix!);
  return [
    {
      title: 'Milliseconds of processor time, each size in a fresh process',
      columns: ['rules', 'reading', 'meaning', 'faults', 'five services', 'together', 'growth', 'peak memory, MB'],
      rows: ours.map(({ figures, peakMegabytes }, at) => [
        sizes[at]!,
        figures.read!,
        figures.denote!,
        figures.faults!,
        figures.matrix!,
        total[at]!,
        at === 0 ? '' : total[at]! / total[at - 1]! / (sizes[at]! / sizes[at - 1]!),
        peakMegabytes,
      ]),
      notes: [
        'both families; growth: of the time over that of the rules, 1 is in step; several threads (compiler, collector) count together',
        'to be held: 6,000 rules in 5,000 ms and 500 MB',
      ],
    },
    {
      title:
        'Rules without effect, milliseconds of processor time, beside holding each rule against each one before it',
      columns: ['rules', 'faults', 'found', 'pair by pair', 'found', 'times'],
      rows: sizes.map((size, at) => {
        const pairs = runCold(import.meta.filename, 'pairs', size, 1).figures; // minutes where others use the machine
        const { faults, found } = ours[at]!.figures;
        return [size, faults!, found!, pairs.faults!, pairs.found!, pairs.faults! / faults!];
      }),
      notes: ['pair by pair: bench/peers/pair-by-pair.ts'],
    },
    {
      title: 'The command `import`, once, proof included',
      columns: ['rules', 'seconds', 'exit code', 'lines of the policy', 'peak memory, MB'],
      rows: sizes.filter((size) => size <= 6_000).map(imported),
      notes: ['seconds on the clock, of a machine that others use; exit code 0: proven equal'],
    },
  ];
}

function imported(size: number): (string | number)[] {
  const { v4, v6 } = foreignTables(size);
  const program = resolve(import.meta.dirname, '../src/cli/main.ts');
  const { seconds, status, stdout, peakMegabytes } = inScratch((write) =>
    runChild([program, 'import', write('v4.rules', v4), write('v6.rules', v6)]),
  );
  return [size, seconds, status ?? 'killed', stdout.split('\n').length, peakMegabytes];
}
