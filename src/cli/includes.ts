import { globSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { SourceFile } from '../source/index.ts';
import type { Includer } from '../target/index.ts';
import type { Console } from './console.ts';
import { decoded, readFile } from './files.ts';

/** Where nft itself looks (`nft --help`, --includepath), as Debian builds it. */
const INCLUDE_PATH = '/etc';

/**
 * Reads what a ruleset includes, as nft does (nft(8), include files): a path with `/` or `./` before it as it stands, any other beside the
 * file that asks or in nft's own folder; wildcards in the order of names, without hidden files and folders, and none found is no error.
 */
export function includerOf(console: Console): Includer {
  return (pattern, from) => {
    const fixed = isAbsolute(pattern) || pattern.startsWith('./') || pattern.startsWith('../');
    const folders = fixed ? [console.cwd] : [resolve(console.cwd, dirname(from.name)), INCLUDE_PATH];
    const isWild = /[*?[]/.test(pattern);
    let problem = 'there is no such file';
    for (const folder of folders) {
      const paths = isWild ? matching(resolve(folder), pattern) : [resolve(folder, pattern)];
      const read = paths.map((path) => readText(console, path));
      const files = read.filter((each) => each instanceof SourceFile);
      const failed = read.find((each) => typeof each === 'string');
      if (failed === undefined && files.length > 0) return files;
      if (failed !== undefined) problem = failed;
      if (failed !== undefined && isWild) return { problem };
    }
    return isWild ? [] : { problem };
  };
}

function matching(folder: string, pattern: string): string[] {
  return globSync(pattern, { cwd: folder })
    .map((path) => (isAbsolute(path) ? path : join(folder, path)))
    .filter((path) => !path.split('/').at(-1)!.startsWith('.') && statSync(path).isFile())
    .sort();
}

function readText(console: Console, path: string): SourceFile | string {
  const bytes = readFile(console, path);
  if (typeof bytes === 'string') return bytes;
  const text = decoded(bytes);
  return text === undefined ? 'it is not UTF-8 text' : new SourceFile(path, text);
}
