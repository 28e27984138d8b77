import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { dirname, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

/** On what a result was found: without it nobody can repeat it. */
export function circumstances(): { readonly kernel: string; readonly commit: string | undefined } {
  const commit = output('git', ['-C', ROOT, 'describe', '--always']);
  // What other runs have written in the meantime changes nothing.
  const changes = output('git', ['-C', ROOT, 'status', '--porcelain', '--', '.', ':(exclude)test/*/results/*']);
  return { kernel: release(), commit: commit === undefined || changes === '' ? commit : `${commit}-dirty` };
}

/** What a program says in one line; nothing where it fails (an unpacked archive has no commit). */
export function output(program: string, args: readonly string[]): string | undefined {
  const done = spawnSync(program, args, { encoding: 'utf8' });
  return done.status === 0 ? done.stdout.trim() : undefined;
}

/** Tells a result, and keeps it in a file of the project where that is wanted. */
export function tellResult(file: string, result: Readonly<Record<string, unknown>>, write: boolean): void {
  const text = `${JSON.stringify(result, undefined, 2)}\n`;
  process.stdout.write(text);
  if (!write) return;
  const path = resolve(ROOT, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
