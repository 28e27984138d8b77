import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { MachineError } from './machine-error.ts';
import { socketOwners } from './proc.ts';
import { run } from './process.ts';

/** Reads a machine, and changes nothing. What cannot be read is absent: whoever asks says what that means. */
export interface Machine {
  readonly hostName: string;
  /** The text of a file, or why there is none. */
  readonly read: (path: string) => FileReading;
  /** The path with all symbolic links followed; itself where it leads nowhere. */
  readonly realPath: (path: string) => string;
  readonly exists: (path: string) => boolean;
  /** Full paths of what is in a folder, sorted; none where it cannot be listed. */
  readonly list: (folder: string) => readonly string[];
  /** The uid that owns a file. */
  readonly ownerOf: (path: string) => number | undefined;
  /** Names of programs by the inode of their sockets: of all programs for root, else of the user's own. */
  readonly socketPrograms: () => ReadonlyMap<string, string>;
  /** Tables of nftables as `inet filter`; none where they cannot be listed (it takes root and `nft`). */
  readonly nftTables: () => Promise<readonly string[]>;
}

export type FileReading = { readonly text: string } | { readonly error: FileError };

/** `code` is the system's (`ENOENT`, `EACCES`, ...). */
export interface FileError {
  readonly code: string;
  readonly message: string;
}

const LARGEST = 16 * 2 ** 20; // bytes of a file that is read

/** @param root the folder that the machine's files lie below: `/`, or that of a copy. */
export function machineAt(root = '/'): Machine {
  const at = (path: string): string => (root === '/' ? path : join(root, path));
  const outside = (path: string): string => (root === '/' ? path : path.slice(root.length) || '/');
  return {
    hostName: hostname(),
    read: (path) => readBounded(at(path)),
    realPath: (path) => {
      try {
        return outside(realpathSync(at(path)));
      } catch {
        return path; // it leads nowhere: reading it will say so
      }
    },
    exists: (path) => existsSync(at(path)),
    list: (folder) => listFolder(at(folder)).map((name) => join(folder, name)),
    ownerOf: (path) => statSync(at(path), { throwIfNoEntry: false })?.uid,
    socketPrograms: () => new Map([...socketOwners(at('/proc'))].map(([inode, { program }]) => [inode, program])),
    nftTables: () => (root === '/' ? nftTables() : Promise.resolve([])),
  };
}

function readBounded(path: string): FileReading {
  try {
    const stat = statSync(path);
    if (!stat.isFile()) return { error: { code: 'EISDIR', message: 'it is no file' } };
    if (stat.size > LARGEST) return { error: { code: 'EFBIG', message: 'it is too large' } };
    return { text: readFileSync(path, 'utf8') };
  } catch (error) {
    return { error: fileError(error) };
  }
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return []; // absent or not ours to list: nothing is known of it
  }
}

async function nftTables(): Promise<readonly string[]> {
  try {
    const { exitCode, stdout } = await run('nft', ['list', 'tables'], { timeoutMs: 5_000 });
    return exitCode === 0 ? [...stdout.matchAll(/^table (\S+ \S+)$/gm)].map(([, table = '']) => table) : [];
  } catch (error) {
    if (error instanceof MachineError) return []; // not installed: then nothing is set by it
    throw error;
  }
}

/**
 * Writes a new file, whole or not at all: first beside its place, then moved there.
 * @param replace whether a file that is there gives way; where not, `EEXIST` is the error.
 * @returns why it could not be written; `undefined` where it was.
 */
export function writeNewFile(path: string, text: string, replace: boolean): FileError | undefined {
  const draft = join(dirname(path), `.${process.pid}.portcullis-draft`);
  if (!replace && existsSync(path)) return { code: 'EEXIST', message: 'it is there already' };
  let file: number;
  try {
    file = openSync(draft, 'wx', 0o644);
  } catch (error) {
    return fileError(error);
  }
  try {
    try {
      writeSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, path);
    return undefined;
  } catch (error) {
    rmSync(draft, { force: true });
    return fileError(error);
  }
}

function fileError(error: unknown): FileError {
  if (!(error instanceof Error)) throw error;
  return { code: 'code' in error && typeof error.code === 'string' ? error.code : 'EIO', message: error.message };
}
