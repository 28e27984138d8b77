import { readdirSync, realpathSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Console, EXIT } from './console.ts';
import { CLI_PROBLEMS } from './problems.ts';
import { stop } from './report.ts';

const MANIFEST = /\.(?:ya?ml|json)$/i;
const FILES_AT_MOST = 100_000;

/**
 * Every file below a folder that could be a manifest, sorted; hidden folders and `node_modules` hold none. Folders are followed through
 * symbolic links, each one once. `undefined` where the path is no folder. @throws Stop where there are too many files
 */
export function filesOfManifests(console: Console, path: string): readonly string[] | undefined {
  const full = resolve(console.cwd, path);
  if (!statSync(full, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  const found: string[] = [];
  const seen = new Set<string>();
  const open = [path];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    const real = realpathSync(resolve(console.cwd, folder));
    if (seen.has(real)) continue;
    seen.add(real);
    for (const name of readdirSync(real)) {
      if (name.startsWith('.') || name === 'node_modules') continue;
      const entry = join(folder, name);
      const kind = statSync(resolve(console.cwd, entry), { throwIfNoEntry: false });
      if (kind?.isDirectory()) open.push(entry);
      else if (kind?.isFile() && MANIFEST.test(name)) found.push(entry);
    }
    if (found.length > FILES_AT_MOST) {
      const problem = `there are more than ${FILES_AT_MOST} files that could be manifests`;
      throw stop(EXIT.unusable, CLI_PROBLEMS.unreadable, path, problem);
    }
  }
  return found.sort();
}
