import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { requireProgram } from '../host/process.ts';
import { ENFORCER_PROBLEMS } from './problems.ts';
import { refusal } from './refusal.ts';

const EVERY_MS = 50;

/**
 * Lets one process at a time work on the state of this machine. The lock is the kernel's (flock(2)), so it cannot be left
 * behind: Node has no call for it, so `flock` holds it over a `cat`, which ends with our end of its pipe, however we end.
 * @param waitMs how long another one is waited for
 * @throws Refusal where another one still works after that
 */
export async function withLock<T>(file: string, waitMs: number, work: () => Promise<T>): Promise<T> {
  const until = performance.now() + waitMs;
  let release = await tryLock(file);
  while (release === undefined) {
    if (performance.now() > until) throw refusal('refused', ENFORCER_PROBLEMS.busy, holder(file));
    await sleep(EVERY_MS);
    release = await tryLock(file);
  }
  try {
    return await work();
  } finally {
    await release();
  }
}

async function tryLock(file: string): Promise<(() => Promise<void>) | undefined> {
  // Out of the terminal's process group: Ctrl-C must not take the lock away in the middle of a step.
  const child = spawn(requireProgram('flock'), ['-n', file, 'cat'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  });
  child.stdin.on('error', () => {
    // It did not get the lock and has ended: `close` says so.
  });
  const closed = once(child, 'close');
  child.stdin.write('held\n');
  const held = await Promise.race([once(child.stdout, 'data').then(() => true), closed.then(() => false)]);
  if (!held) return undefined;
  try {
    writeFileSync(file, String(process.pid));
  } catch {
    // Only for the words of whoever finds it held.
  }
  return async () => {
    child.stdin.end();
    await closed;
  };
}

function holder(file: string): string {
  try {
    return /^\d{1,10}$/.exec(readFileSync(file, 'utf8'))?.[0] ?? '';
  } catch {
    return '';
  }
}
