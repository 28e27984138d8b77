import { readdirSync, readFileSync } from 'node:fs';
import { hostCapabilities, type Isolation } from '../../src/host/index.ts';

/** How a private network can be made here; otherwise why these tests cannot run, in a sentence that a skip states. */
export async function isolationOrReason(): Promise<{ isolation: Isolation } | { skip: string }> {
  const { isolation, isolationProblem, nft, ping } = await hostCapabilities();
  if (isolation === undefined) {
    return { skip: `SKIPPED, nothing was sent: ${isolationProblem?.reason}; ${isolationProblem?.help}` };
  }
  const missing = [nft, ping].find((tool) => !tool.available);
  return missing === undefined || missing.available
    ? { isolation }
    : { skip: `SKIPPED, nothing was sent: ${missing.reason}; ${missing.help}` };
}

/** Every process below one, by /proc, itself not included. */
export function descendants(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc')) {
    if (!/^[0-9]+$/.test(entry)) continue;
    const parent = parentOf(Number(entry));
    if (parent !== undefined) parents.set(Number(entry), parent);
  }
  const below = (root: number): number[] =>
    [...parents].filter(([, parent]) => parent === root).flatMap(([child]) => [child, ...below(child)]);
  return below(pid);
}

export function isAlive(pid: number): boolean {
  return parentOf(pid) !== undefined;
}

/** Field 4 of /proc/PID/stat (proc_pid_stat(5)); `undefined` for a process that is gone or only waits to be reaped. */
function parentOf(pid: number): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[0] === 'Z' ? undefined : Number(fields[1]);
  } catch {
    return undefined; // it ended meanwhile
  }
}

/** Waits until something holds, looking every 20 ms; `false` where it does not within the time. */
export async function eventually(holds: () => boolean, withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > until) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}
