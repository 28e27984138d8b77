import { spawn } from 'node:child_process';
import { constants as access, accessSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, resolve as resolvePath } from 'node:path';
import { diagnose, excerpt } from '../diagnostic/index.ts';
import { MachineError } from './machine-error.ts';
import { HOST_PROBLEMS, packageHint } from './problems.ts';

/** How a process is run: by an argument list, never through a shell, bounded in time and output. */
export interface RunOptions {
  readonly input?: string; // for its standard input; none: it reads nothing
  readonly timeoutMs?: number; // default 10,000
  readonly maxOutputBytes?: number; // of both streams together; default 64 MiB
  readonly cwd?: string;
  readonly ownGroup?: boolean; // out of the reach of the terminal's signals (Ctrl-C)
  readonly env?: Readonly<Record<string, string>>; // added to ours
}

/** How a process ended that ended by itself, within its bounds. */
export interface Completed {
  readonly exitCode: number; // 128 + the signal's number where a signal ended it, as shells count
  readonly stdout: string;
  readonly stderr: string;
}

const TIMEOUT_MS = 10_000;
const MAX_OUTPUT_BYTES = 64 * 2 ** 20;

/** Where system tools live that an ordinary user's PATH leaves out on Debian. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'];

/** PATH with the system folders at its end, so that `nft` is found for everybody. */
export function searchPath(): string {
  const own = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...own, ...SYSTEM_FOLDERS.filter((folder) => !own.includes(folder))].join(delimiter);
}

/** The full path of a program, or `undefined` where there is none that we may execute. */
export function findProgram(name: string): string | undefined {
  return searchPath()
    .split(delimiter)
    .map((folder) => resolvePath(folder, name)) // a full path stays as it is
    .find((path) => {
      try {
        accessSync(path, access.X_OK);
        return true;
      } catch {
        return false; // not there, or not ours to run: look in the next folder
      }
    });
}

/** As `findProgram`. @throws MachineError that says what to install */
export function requireProgram(name: string): string {
  const path = findProgram(name);
  if (path === undefined)
    throw new MachineError(diagnose(HOST_PROBLEMS.missingProgram, undefined, name, packageHint(name)));
  return path;
}

/**
 * Runs a program to its end, whatever its exit code. Messages come in English (LC_ALL=C).
 * @throws MachineError when it is missing, cannot be started, or goes beyond its bounds (it is killed then).
 */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Completed> {
  const path = requireProgram(program);
  const { timeoutMs = TIMEOUT_MS, maxOutputBytes = MAX_OUTPUT_BYTES } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, PATH: searchPath(), LC_ALL: 'C', ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      detached: options.ownGroup ?? false,
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let bytes = 0;
    const stop = (error: MachineError): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(error);
    };
    const timer = setTimeout(
      () => stop(new MachineError(diagnose(HOST_PROBLEMS.tooSlow, undefined, program, timeoutMs))),
      timeoutMs,
    );
    const collect =
      (into: Buffer[]) =>
      (chunk: Buffer): void => {
        bytes += chunk.length;
        if (bytes > maxOutputBytes) {
          stop(new MachineError(diagnose(HOST_PROBLEMS.tooMuchOutput, undefined, program, maxOutputBytes)));
        } else into.push(chunk);
      };
    child.stdout.on('data', collect(stdout));
    child.stderr.on('data', collect(stderr));
    child.stdin.on('error', () => {
      // It ended without reading its input; what it says of that is in its exit code and on stderr.
    });
    child.on('error', (error) =>
      stop(new MachineError(diagnose(HOST_PROBLEMS.cannotStart, undefined, program, error.message))),
    );
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({
        exitCode: code ?? 128 + signalNumber(signal),
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: Buffer.concat(stderr).toString('utf8'),
      });
    });
    child.stdin.end(options.input ?? '');
  });
}

/** As `run`, and an exit code other than 0 is an error too. @throws MachineError with what the program said. */
export async function runChecked(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Completed> {
  const completed = await run(program, args, options);
  if (completed.exitCode !== 0) {
    const said = excerpt(completed.stderr.trim() || completed.stdout.trim() || 'it said nothing', 400);
    throw new MachineError(
      diagnose(HOST_PROBLEMS.commandFailed, undefined, [program, ...args].join(' '), completed.exitCode, said),
    );
  }
  return completed;
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === null ? 0 : constants.signals[signal];
}
