/**
 * Runs the tests: `node scripts/test.ts [PATH...]`, where a path is a test file or a folder, by default everything under
 * `src` and `test`. Exits with 0 only where at least one test ran and none failed; the last line is
 * `N passed, N failed, N skipped`. `PORTCULLIS_PACED` names one more folder whose files get a second try, for the runner's own tests.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, globSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { run } from 'node:test';
import { TestReport } from './test-report.ts';

/** Suites that send packets through networks of their own and mostly wait for them: after the others, several at a time. */
const WAITING = ['test/lab/'];
const LANES_OF_WAITING = 4; // each needs a seventh of a core
/** Those of them that take longest begin, so that no lane is alone at the end. */
const LONGEST = ['ordinary-user', 'policy', 'iptables-policy', 'iptables-planted'].map((name) => `test/lab/${name}.`);
/** Suites that start our own programs again and again, as they are published. */
const BUILT = ['test/apply/', 'test/enforcer/'];
/**
 * Suites that play with real time, real packets and programs of others: what fails there beside other work is tried once more with nothing
 * beside it, and told even where it passes then. Everything else fails at once: chance is part of those tests, and an attack that gets through
 * is one too many.
 */
const PACED = [
  'test/apply/',
  'test/docker/',
  'test/enforcer/',
  'test/gateway/systemd.test.ts',
  'test/lab/',
  'test/openclaw/',
];
const FILE_TIMEOUT_MS = 10 * 60_000; // for one test file; a hanging test must not hang everything

/** Tries the laws from the same seed each time: what was right stays so. `scripts/soak-laws.ts` looks for what is not. */
const LAWS = resolve(import.meta.dirname, 'laws/preload.ts');

const root = resolve(import.meta.dirname, '..');
const asked = process.argv.slice(2);
const missing = asked.filter((path) => !existsSync(path));
if (missing.length > 0) {
  process.stderr.write(`there is no ${missing.map((path) => `\`${path}\``).join(', ')}; give test files or folders\n`);
  process.exit(2);
}

const files = testFiles(asked.length === 0 ? [resolve(root, 'src'), resolve(root, 'test')] : asked);
const isIn = (folders: readonly string[]) => (file: string) =>
  folders.some((folder) => relative(root, file).startsWith(folder));
const ownPaced = process.env.PORTCULLIS_PACED;
const isPaced = (file: string): boolean => isIn(PACED)(file) || (ownPaced !== undefined && file.startsWith(ownPaced));
const report = new TestReport(root, (text) => process.stdout.write(text));
// Tests start thousands of our own processes: with the compiled code of the first kept, each next one needs a quarter of the time.
const compiled = mkdtempSync(join(tmpdir(), 'portcullis-compiled-'));
process.env.NODE_COMPILE_CACHE = compiled;
try {
  if (files.some(isIn(BUILT))) process.env.PORTCULLIS_BUILT = built();
  await runFiles(
    files.filter((file) => !isIn(WAITING)(file)),
    availableParallelism(),
  );
  const waiting = files.filter(isIn(WAITING));
  const isLong = isIn(LONGEST);
  await runFiles(
    waiting.toSorted((a, b) => Number(isLong(b)) - Number(isLong(a))),
    LANES_OF_WAITING,
  );
  await runFiles(report.tryAgain(isPaced), 1);
} finally {
  rmSync(compiled, { recursive: true, force: true });
}
process.exitCode = report.finish() ? 0 : 1;

/** The program as it is published, for those that start the part of it that runs as root (test/enforcer/program.ts). */
function built(): string {
  const folder = join(compiled, 'built');
  const { status } = spawnSync(process.execPath, [resolve(root, 'scripts/build.ts'), folder], { stdio: 'inherit' });
  if (status !== 0) throw new Error('the build failed');
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  chmodSync(compiled, 0o755);
  return folder;
}

function testFiles(paths: readonly string[]): string[] {
  const found = paths.flatMap((path) =>
    statSync(path).isDirectory()
      ? globSync('**/*.test.ts', { cwd: path, exclude: ['**/node_modules/**'] }).map((file) => resolve(path, file))
      : [resolve(path)],
  );
  return [...new Set(found)].sort();
}

async function runFiles(files: readonly string[], concurrency: number): Promise<void> {
  if (files.length === 0) return;
  const events = run({
    files: [...files],
    concurrency,
    isolation: 'process',
    timeout: FILE_TIMEOUT_MS,
    cwd: root,
    execArgv: ['--import', LAWS],
  });
  for await (const event of events) report.take(event);
}
