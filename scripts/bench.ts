/**
 * Runs the benches one after the other, each in a process of its own: `node scripts/bench.ts [NAME...] [--quick]`.
 * A bench is a file of `bench/`. Exits with 0 only where all of them ran to their end.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { basename, resolve } from 'node:path';

const folder = resolve(import.meta.dirname, '../bench');
const known = globSync('*.ts', { cwd: folder })
  .map((file) => basename(file, '.ts'))
  .sort();
const options = process.argv.slice(2).filter((arg) => arg.startsWith('-'));
const names = process.argv.slice(2).filter((arg) => !arg.startsWith('-'));
const unknown = [...names.filter((name) => !known.includes(name)), ...options.filter((option) => option !== '--quick')];

if (unknown.length > 0) {
  const words = unknown.map((word) => `\`${word}\``).join(', ');
  process.stderr.write(`${words}: not known; benches: ${known.join(', ')}; option: --quick\n`);
  process.exit(2);
}
const failed = (names.length > 0 ? names : known).filter((name) => {
  const { status } = spawnSync(process.execPath, [resolve(folder, `${name}.ts`), ...options], { stdio: 'inherit' });
  return status !== 0;
});
if (failed.length > 0) {
  process.stderr.write(`failed: ${failed.join(', ')}\n`);
  process.exitCode = 1;
}
