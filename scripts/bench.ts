/**
 * Runs the benches one after the other, each in a process of its own: `node scripts/bench.ts [NAME...] [--quick] [--against COMMIT]`.
 * A bench is a file of `bench/`. Exits with 0 only where all of them ran to their end. `--quick` asks the least of each, several at a time:
 * that they run is all that it shows. With `--against` each runs in turn with that of
 * an earlier commit, and the ratios of their figures are told and kept.
 */
import { execFile, spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { benchAgainst, commitOf } from './bench/against.ts';

const LARGEST_OUTPUT = 16 * 2 ** 20; // bytes

const folder = resolve(import.meta.dirname, '../bench');
const known = globSync('*.ts', { cwd: folder })
  .map((file) => basename(file, '.ts'))
  .sort();
const { names, quick, against } = asked(process.argv.slice(2));
const failed = quick
  ? await failedOf(names)
  : against === undefined
    ? names.filter((name) => !runs(name))
    : benchAgainst(against, names);
if (failed.length > 0) {
  process.stderr.write(`failed: ${failed.join(', ')}\n`);
  process.exitCode = 1;
}

function runs(name: string): boolean {
  return spawnSync(process.execPath, [resolve(folder, `${name}.ts`)], { stdio: 'inherit' }).status === 0;
}

/** Short benches show that they run, and their figures mean nothing: so several at a time, each told when it has ended. */
async function failedOf(names: readonly string[]): Promise<readonly string[]> {
  const failed: string[] = [];
  const waiting = [...names];
  const lanes = Array.from({ length: availableParallelism() }, async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      if (!(await runsQuick(name))) failed.push(name);
    }
  });
  await Promise.all(lanes);
  return failed;
}

function runsQuick(name: string): Promise<boolean> {
  return new Promise((done) => {
    const options = { maxBuffer: LARGEST_OUTPUT };
    execFile(process.execPath, [resolve(folder, `${name}.ts`), '--quick'], options, (error, stdout, stderr) => {
      process.stdout.write(stdout);
      process.stderr.write(stderr);
      done(error === null);
    });
  });
}

interface Asked {
  readonly names: readonly string[];
  readonly quick: boolean;
  readonly against: string | undefined;
}

function asked(args: readonly string[]): Asked {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { quick: { type: 'boolean', default: false }, against: { type: 'string' } },
      allowPositionals: true,
    });
    const unknown = positionals.filter((name) => !known.includes(name));
    if (unknown.length > 0) throw new Error(`${unknown.map((word) => `\`${word}\``).join(', ')}: not known`);
    if (values.quick && values.against !== undefined)
      throw new Error('figures of `--quick` mean nothing beside others');
    const against = values.against === undefined ? undefined : commitOf(values.against);
    return { names: positionals.length > 0 ? positionals : known, quick: values.quick, against };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${said}; benches: ${known.join(', ')}; options: --quick, --against COMMIT\n`);
    process.exit(2);
  }
}
