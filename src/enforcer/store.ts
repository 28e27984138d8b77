import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { ENFORCER_PROBLEMS } from './problems.ts';
import { Refusal, refusal, systemWords } from './refusal.ts';

/** Files as root keeps them: whole or not there, on the disk before anybody is told, nobody else's to read, no link followed. */

const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;
const NO_LINK = constants.O_NOFOLLOW;

/** Makes a folder of ours, or checks the one that is there. @throws Refusal where it is a link or somebody else's. */
export function ownFolder(path: string): void {
  writing(path, () => {
    try {
      mkdirSync(path, { mode: PRIVATE_FOLDER });
      syncFolder(dirname(path));
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
      const stat = lstatSync(path);
      if (!stat.isDirectory()) throw notOurs(path, 'it is no folder');
      if (stat.uid !== process.getuid?.()) throw notOurs(path, `it belongs to account ${stat.uid}`);
      if ((stat.mode & 0o077) !== 0) chmodSync(path, PRIVATE_FOLDER);
    }
  });
}

/** Writes a file, whole or not at all: beside its place, to the disk, then moved there. @throws Refusal */
export function writeWhole(path: string, text: string, mode = PRIVATE_FILE): void {
  writing(path, () => {
    const draft = `${path}.new`;
    rmSync(draft, { force: true }); // of a process that was killed
    try {
      writeOnce(draft, text, mode);
      renameSync(draft, path);
    } catch (error) {
      rmSync(draft, { force: true });
      throw error;
    }
    syncFolder(dirname(path));
  });
}

/** Writes a file that is not there yet, into a folder that nobody looks into before it is complete. @throws Refusal */
export function writeNew(path: string, text: string): void {
  writing(path, () => writeOnce(path, text, PRIVATE_FILE));
}

/** Sees that every name in a folder is on the disk. @throws Refusal */
export function seal(folder: string): void {
  writing(folder, () => syncFolder(folder));
}

/** Adds to the end of a file, which is made where there is none; on the disk when this returns. @throws Refusal */
export function append(path: string, text: string): void {
  writing(path, () => {
    const file = openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | NO_LINK, PRIVATE_FILE);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  });
}

/** `undefined` where there is none. @throws Refusal where it is no plain file of ours, or cannot be read. */
export function readOwn(path: string): string | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | NO_LINK | constants.O_NONBLOCK); // not to wait for a pipe's writer
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    throw notOurs(path, errorCode(error) === 'ELOOP' ? 'it is a link' : systemWords(error));
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw notOurs(path, 'it is no file');
    if (stat.uid !== process.getuid?.()) throw notOurs(path, `it belongs to account ${stat.uid}`);
    if ((stat.mode & 0o022) !== 0) throw notOurs(path, 'others may write it');
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw error instanceof Refusal ? error : notOurs(path, systemWords(error));
  } finally {
    closeSync(file);
  }
}

/** Makes a link point elsewhere, at once. @throws Refusal */
export function switchLink(path: string, target: string): void {
  writing(path, () => {
    const draft = `${path}.new`;
    rmSync(draft, { force: true });
    symlinkSync(target, draft);
    renameSync(draft, path);
    syncFolder(dirname(path));
  });
}

/** Where a link points to; `undefined` where there is none. @throws Refusal where it is something else. */
export function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw notOurs(path, errorCode(error) === 'EINVAL' ? 'it is no link' : systemWords(error));
  }
}

/** Moves a folder to a place where there is none. @throws Refusal */
export function move(from: string, to: string): void {
  writing(to, () => {
    renameSync(from, to);
    syncFolder(dirname(to));
    if (dirname(from) !== dirname(to)) syncFolder(dirname(from));
  });
}

/** Takes a file, a link or a folder with all that is in it away; links are not followed. @throws Refusal */
export function remove(path: string): void {
  writing(path, () => {
    if (!exists(path)) return;
    rmSync(path, { recursive: true, force: true });
    syncFolder(dirname(path));
  });
}

export function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Names in a folder; none where there is no folder. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // whoever needs what is in it finds it missing
  }
}

function writeOnce(path: string, text: string, mode: number): void {
  const file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_LINK, mode);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A new name is on the disk only when its folder is (fsync(2)). */
function syncFolder(path: string): void {
  const folder = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function writing(path: string, act: () => void): void {
  try {
    act();
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw refusal('machine', ENFORCER_PROBLEMS.stateNotWritable, path, systemWords(error));
  }
}

function notOurs(path: string, why: string): Refusal {
  return refusal('machine', ENFORCER_PROBLEMS.stateNotOurs, path, why);
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
