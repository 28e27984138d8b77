import { globSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { SourceFile } from '../../src/source/index.ts';
import type { Includer } from '../../src/target/nftables/index.ts';

export const CORPUS = new URL('nft/', import.meta.url).pathname;

/** The rulesets of the corpus, by name. */
export const RULESETS: readonly string[] = globSync('*.nft', { cwd: CORPUS })
  .map((name) => basename(name, '.nft'))
  .sort();

export function rulesetPath(name: string): string {
  return join(CORPUS, `${name}.nft`);
}

export function rulesetFile(name: string): SourceFile {
  return new SourceFile(rulesetPath(name), readFileSync(rulesetPath(name), 'utf8'));
}

/** Reads included files beside the one that asks, as `nft -I` with its folder does. */
export const includeBeside: Includer = (pattern, from) =>
  globSync(pattern, { cwd: dirname(from.name) })
    .sort()
    .map((name) => join(dirname(from.name), name))
    .filter((path) => statSync(path).isFile())
    .map((path) => new SourceFile(path, readFileSync(path, 'utf8')));
