/**
 * Tries the laws (the tests of fast-check) for long, from a seed of your own: `npm test` tries them from the same seed each time.
 *
 *     node scripts/soak-laws.ts --seed N [--seconds N] [--write] [PATH...]
 *
 * `--seconds`: how long each law is tried; the next seed follows when a law has had its number of tries. PATH: test files or folders; by default all
 * with laws but those of a kernel (test/contract), which ask for root. `--write` keeps the result in test/laws/results; that is of all, and takes no
 * PATH. Exits with 1 where a law does not hold, and tells the counterexample.
 */
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { run } from 'node:test';
import { parseArgs } from 'node:util';
import type { LawCount } from './laws/fast-check.ts';
import { wholeNumber } from './soak/options.ts';
import { circumstances, tellResult } from './soak/result.ts';
import { TestReport } from './test-report.ts';

const root = resolve(import.meta.dirname, '..');
const { values, positionals } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '20' },
    write: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const seed = wholeNumber('seed', values.seed);
const seconds = wholeNumber('seconds', values.seconds);
const isOfAll = positionals.length === 0;
const missing = positionals.filter((path) => !existsSync(path));
if (missing.length > 0)
  refuse(`there is no ${missing.map((path) => `\`${path}\``).join(', ')}; give test files or folders`);
if (values.write && !isOfAll) refuse('`--write` keeps a result of all laws: leave the paths out, or `--write`');
const files = isOfAll ? everyLaw() : positionals.flatMap(testFiles);
const found = circumstances();
const folder = mkdtempSync(join(tmpdir(), 'portcullis-laws-'));
const counts = join(folder, 'counts');
try {
  Object.assign(process.env, { LAW_SEED: String(seed), LAW_SECONDS: String(seconds), LAW_COUNTS: counts });
  const report = new TestReport(root, (text) => process.stdout.write(text));
  const events = run({
    files,
    concurrency: availableParallelism(),
    execArgv: ['--import', resolve(root, 'scripts/laws/preload.ts')],
    cwd: root,
  });
  for await (const event of events) report.take(event);
  const holds = report.finish();
  const laws = triesByLaw(counts);
  const tries = Object.values(laws).reduce((sum, each) => sum + each, 0);
  tellResult('test/laws/results/laws.json', { seed, secondsEach: seconds, ...found, holds, tries, laws }, values.write);
  process.exitCode = holds ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}

function refuse(problem: string): never {
  process.stderr.write(`${problem}\n`);
  process.exit(2);
}

function everyLaw(): string[] {
  const tests = [...testFiles(resolve(root, 'src')), ...testFiles(resolve(root, 'test'))];
  const asksKernel = (file: string) => relative(root, file).startsWith('test/contract/');
  return tests.filter((file) => !asksKernel(file) && readFileSync(file, 'utf8').includes("from 'fast-check'"));
}

function testFiles(path: string): string[] {
  if (!statSync(path).isDirectory()) return [resolve(path)];
  return globSync('**/*.test.ts', { cwd: path }).map((file) => resolve(path, file));
}

/** How often each law was tried, by the file and line that asks for it. */
function triesByLaw(file: string): Record<string, number> {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''; // a file without a law writes nothing
  const tries: Record<string, number> = {};
  for (const line of text.split('\n').filter(Boolean).toSorted()) {
    const count: LawCount = JSON.parse(line);
    tries[count.law] = (tries[count.law] ?? 0) + count.tries;
  }
  return tries;
}
