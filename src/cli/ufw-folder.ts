import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Console } from './console.ts';

const RULES = ['before', 'user', 'after'].flatMap((name) => [`${name}.rules`, `${name}6.rules`]);

/** Programs that ufw runs when it starts; as they are installed they are not executable, and it does not. */
const PROGRAMS = ['before.init', 'after.init'];

/**
 * The files that ufw loads of a folder that holds them: `/etc/ufw` with `/etc/default/ufw` beside it, or a folder with an `etc` of that kind, as
 * `render ufw` writes it. What else lies there is no part of it (copies of before, parameters of the kernel). Of any other path that path alone.
 */
export function filesOfUfw(console: Console, path: string): readonly string[] {
  const at = (...parts: readonly string[]): string => resolve(console.cwd, path, ...parts);
  if (!isFolder(at())) return [path];
  const parts = [[], ['ufw'], ['etc', 'ufw']].find((each) =>
    [...RULES, 'ufw.conf'].some((name) => isFile(at(...each, name))),
  );
  if (parts === undefined) return [path];
  const own = [...RULES, 'ufw.conf', ...PROGRAMS.filter((name) => isExecutable(at(...parts, name)))].map((name) => [
    ...parts,
    name,
  ]);
  const profiles = namesIn(at(...parts, 'applications.d')).map((name) => [...parts, 'applications.d', name]);
  return [[...parts, '..', 'default', 'ufw'], ...own, ...profiles]
    .filter((each) => isFile(at(...each)))
    .map((each) => join(path, ...each));
}

/** Those that ufw reads: hidden ones and what package managers leave aside are none (applications.py, get_profiles). */
function namesIn(folder: string): string[] {
  if (!isFolder(folder)) return [];
  return readdirSync(folder)
    .filter((name) => !/^\.|~$|\.(?:dpkg-(?:new|old|dist)|rpmnew|rpmsave)$/.test(name))
    .sort();
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isExecutable(path: string): boolean {
  return ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o111) !== 0;
}
