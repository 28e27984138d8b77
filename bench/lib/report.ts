import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { basename, resolve } from 'node:path';
import Table from 'cli-table3';

/** What one bench found out. Figures are numbers as measured; `columns` give their units. */
export interface Finding {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  readonly notes?: readonly string[];
}

export interface BenchOptions {
  /** A smoke run: small sizes, one round. Shows that the bench works; its figures mean nothing and are not kept. */
  readonly quick: boolean;
}

const RESULTS = resolve(import.meta.dirname, '../results');

/** Runs a bench file: prints each finding, and keeps them under `bench/results` with the machine that they come from. */
export async function runBench(
  file: string,
  question: string,
  measure: (options: BenchOptions) => Promise<readonly Finding[]>,
): Promise<void> {
  const name = basename(file, '.ts');
  const quick = process.argv.includes('--quick');
  process.stdout.write(`\n${name}: ${question}\n`);
  const [loadBefore] = loadavg();
  const findings = await measure({ quick });
  for (const finding of findings) process.stdout.write(`\n${formatFinding(finding)}`);
  if (quick) return;
  mkdirSync(RESULTS, { recursive: true });
  const record = {
    bench: name,
    question,
    date: new Date().toISOString(),
    ...machineFacts(),
    load: { before: loadBefore, after: loadavg()[0] },
    findings,
  };
  writeFileSync(resolve(RESULTS, `${name}.json`), `${JSON.stringify(record, undefined, 2)}\n`);
}

export function formatFinding({ title, columns, rows, notes = [] }: Finding): string {
  const table = new Table({
    head: [...columns],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
    colAligns: columns.map((_, index) => (index === 0 ? 'left' : 'right')),
  });
  table.push(...rows.map((row) => row.map(formatFigure)));
  return [title, table.toString(), ...notes, ''].join('\n');
}

/** Three digits that count, and no more zeros than it takes. */
function formatFigure(figure: string | number): string {
  if (typeof figure === 'string') return figure;
  if (Number.isInteger(figure)) return figure.toLocaleString('en');
  return Math.abs(figure) >= 100 ? Math.round(figure).toLocaleString('en') : String(Number(figure.toPrecision(3)));
}

function machineFacts(): Record<string, unknown> {
  const [cpu] = cpus();
  return {
    commit: commit(),
    machine: {
      cpu: cpu?.model ?? 'unknown',
      cores: availableParallelism(),
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      kernel: release(),
      node: process.version,
    },
  };
}

/** The commit that was measured; `+changes` where the tree had more than it. */
function commit(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8', cwd: RESULTS }).trim();
  return (
    git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--', '../../src') === '' ? '' : '+changes')
  );
}
