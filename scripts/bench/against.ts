import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ratios } from '../../bench/lib/ratios.ts';
import { type Finding, formatFinding } from '../../bench/lib/report.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const ROUNDS = 3; // of both in turn, so that whatever else the machine does meets them alike

/** What `runBench` keeps, as far as it is read here. */
interface BenchRecord {
  readonly findings: readonly Finding[];
}

/**
 * Runs benches of this tree and of an earlier commit in turn, prints the ratios of their figures, and keeps them with the result.
 * The earlier commit is checked out in a folder of its own and runs with the packages that are installed here.
 * @returns the benches that failed
 */
export function benchAgainst(commit: string, names: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-bench-'));
  try {
    git('clone', '--quiet', '--shared', '--no-checkout', ROOT, folder);
    git('-C', folder, 'checkout', '--quiet', '--detach', commit);
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    return names.filter((name) => !compare(name, folder, commit));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function compare(name: string, earlier: string, commit: string): boolean {
  const [then, now]: [BenchRecord[], BenchRecord[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    for (const [root, records] of [
      [earlier, then],
      [ROOT, now],
    ] as const) {
      const record = measured(root, name);
      if (record === undefined) return false;
      records.push(record);
    }
  }
  const findings = ratios(
    now.map((record) => record.findings),
    then.map((record) => record.findings),
  );
  process.stdout.write(`\n${name}, against ${commit}, medians of ${ROUNDS} rounds\n`);
  for (const finding of findings) process.stdout.write(`\n${formatFinding(finding)}`);
  const kept = { ...now.at(-1), against: { commit, rounds: ROUNDS, ratios: findings } };
  writeFileSync(resultOf(ROOT, name), `${JSON.stringify(kept, undefined, 2)}\n`);
  return true;
}

function measured(root: string, name: string): BenchRecord | undefined {
  const { status } = spawnSync(process.execPath, [join(root, 'bench', `${name}.ts`)], { stdio: 'inherit' });
  return status === 0 ? JSON.parse(readFileSync(resultOf(root, name), 'utf8')) : undefined;
}

function resultOf(root: string, name: string): string {
  return join(root, 'bench/results', `${name}.json`);
}

/** The commit that a branch, a tag or a number stands for. @throws Error where there is none */
export function commitOf(revision: string): string {
  try {
    return git('rev-parse', '--short', '--verify', '--end-of-options', `${revision}^{commit}`);
  } catch {
    throw new Error(`\`${revision}\` is no commit here`);
  }
}

/** @throws Error with what git says */
function git(...args: string[]): string {
  return execFileSync('git', args, { encoding: 'utf8', cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}
