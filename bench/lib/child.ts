import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { timed } from './measure.ts';

export const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts');

/** Behind everything else on standard error, when the process ends. */
const TELL_PEAK = `data:text/javascript,${encodeURIComponent(
  'process.on("exit", () => process.stderr.write("\\npeak " + process.resourceUsage().maxRSS + "\\n"))',
)}`;

export interface ChildRun {
  readonly seconds: number; // from its start to its end
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly peakMegabytes: number; // of resident memory (10^6 bytes), Node itself included
}

/**
 * A Node process of its own: nothing is warm, and its memory is its own.
 * With `into` it writes its output to that file; without, to us, and waits while we take what it wrote.
 */
export function runChild(
  args: readonly string[],
  { timeoutMs = 600_000, into }: { readonly timeoutMs?: number; readonly into?: string } = {},
): ChildRun {
  const output = into === undefined ? undefined : openSync(into, 'w');
  const { ms, result } = timed(() =>
    spawnSync(process.execPath, ['--import', TELL_PEAK, ...args], {
      maxBuffer: 2 ** 30,
      encoding: 'utf8',
      timeout: timeoutMs,
      stdio: ['ignore', output ?? 'pipe', 'pipe'],
    }),
  );
  if (output !== undefined) closeSync(output);
  const told = /\npeak (\d+)\n$/.exec(result.stderr);
  const kibibytes = Number(told?.[1] ?? Number.NaN); // getrusage(2): ru_maxrss
  return {
    seconds: ms / 1000,
    status: result.status,
    stdout: into === undefined ? result.stdout : readFileSync(into, 'utf8'),
    stderr: told === null ? result.stderr : result.stderr.slice(0, told.index),
    peakMegabytes: (kibibytes * 1024) / 1e6,
  };
}
