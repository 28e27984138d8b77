import { globSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');

/** The repository's own files that match, relative to its root, in order; installed and built files are left out. */
export function filesOf(...patterns: readonly string[]): string[] {
  const outside = ['node_modules/**', '**/node_modules/**', 'dist/**', '.git/**', '.cache/**', 'coverage/**'];
  return globSync([...patterns], { cwd: ROOT, exclude: outside })
    .filter((path) => statSync(resolve(ROOT, path)).isFile())
    .sort();
}

export function read(path: string): string {
  return readFileSync(resolve(ROOT, path), 'utf8');
}
