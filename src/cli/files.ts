import { isUtf8 } from 'node:buffer';
import { mkdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { SourceFile } from '../source/index.ts';
import { type Console, EXIT } from './console.ts';
import { filesOfManifests } from './manifest-folder.ts';
import { CLI_PROBLEMS } from './problems.ts';
import { stop } from './report.ts';
import { filesOfUfw } from './ufw-folder.ts';

export const STDIN = '-';

/** In place of a file: the rules that this machine has now. A file of that name is `./live`. */
export const LIVE = 'live';

const consoles = new WeakSet<Console>(); // those whose standard input has been read
const returned = new WeakMap<Console, SourceFile>(); // standard input that was only looked at

/** A file that the user named, or standard input for `-`. @throws Stop where it cannot be read. */
export async function readSource(console: Console, path: string): Promise<SourceFile> {
  if (path === STDIN) {
    const unused = returned.get(console);
    if (unused !== undefined) {
      returned.delete(console);
      return unused;
    }
    if (consoles.has(console)) {
      throw stop(
        EXIT.unusable,
        CLI_PROBLEMS.usage,
        'standard input can be read once only',
        'name a file for one of them',
      );
    }
    consoles.add(console);
    return textOf(await console.readStdin(), '<stdin>');
  }
  const content = readFile(console, path);
  if (typeof content === 'string') throw stop(EXIT.unusable, CLI_PROBLEMS.unreadable, path, content);
  return textOf(content, path);
}

/** Standard input, by somebody who only had to see what it is. */
export function returnSource(console: Console, source: SourceFile): void {
  returned.set(console, source);
}

/**
 * The files that the user named; a folder of ufw's stands for what ufw loads of it, another one for the manifests below, `live` for the
 * rules that this machine has now.
 * @throws Stop where one cannot be read
 */
export async function readSources(console: Console, paths: readonly string[]): Promise<SourceFile[]> {
  const sources: SourceFile[] = [];
  for (const named of paths) {
    if (named === LIVE) {
      const { liveSources } = await import('./live/snapshot.ts'); // most questions are about files
      sources.push(...(await liveSources(console)));
    } else for (const path of filesOf(console, named)) sources.push(await readSource(console, path));
  }
  return sources;
}

function filesOf(console: Console, named: string): readonly string[] {
  if (named === STDIN) return [named];
  const ofUfw = filesOfUfw(console, named);
  const isWholeFolder = ofUfw.length === 1 && ofUfw[0] === named;
  const manifests = isWholeFolder ? filesOfManifests(console, named) : undefined;
  if (manifests?.length === 0) {
    const problem = 'no file of this folder is a manifest (*.yaml, *.yml, *.json), or one that ufw loads';
    throw stop(EXIT.unusable, CLI_PROBLEMS.unreadable, named, problem);
  }
  return manifests ?? ofUfw;
}

/** The bytes, or why there are none, in words. Paths are relative to the console's folder. */
export function readFile(console: Console, path: string): Uint8Array | string {
  try {
    return readFileSync(resolve(console.cwd, path));
  } catch (error) {
    return reason(error);
  }
}

/** UTF-8 text; `undefined` for another encoding: replaced characters would be read as something the user never wrote. */
export function decoded(bytes: Uint8Array): string | undefined {
  return isUtf8(bytes) ? new TextDecoder().decode(bytes) : undefined;
}

function textOf(bytes: Uint8Array, name: string): SourceFile {
  const text = decoded(bytes);
  if (text === undefined) throw stop(EXIT.unusable, CLI_PROBLEMS.unreadable, name, 'it is not UTF-8 text');
  return new SourceFile(name, text);
}

/**
 * Whole or not at all: first beside its place, then moved there; what is no regular file (a device, a pipe) is written to.
 * Missing folders are made. @throws Stop where it cannot be written.
 */
export function writeFile(console: Console, path: string, text: string): void {
  const full = resolve(console.cwd, path);
  try {
    mkdirSync(dirname(full), { recursive: true });
    const before = statSync(full, { throwIfNoEntry: false });
    if (before !== undefined && !before.isFile()) writeFileSync(full, text);
    else replaceFile(before === undefined ? full : realpathSync(full), text, before?.mode);
  } catch (error) {
    throw stop(EXIT.machine, CLI_PROBLEMS.unwritable, path, reason(error));
  }
}

function replaceFile(path: string, text: string, mode = 0o644): void {
  const draft = join(dirname(path), `.${process.pid}.portcullis-draft`);
  try {
    writeFileSync(draft, text, { flag: 'wx', mode, flush: true });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is no folder',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  ELOOP: 'its symbolic links lead in a circle',
  ENAMETOOLONG: 'the name is too long',
};

/** What the system says of a failed call, in words. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return (code === undefined ? undefined : REASONS[code]) ?? error.message;
}
