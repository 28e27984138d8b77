import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { appendEntry, type NewEntry } from './ledger.ts';
import { withLock } from './lock.ts';
import type { Paths } from './paths.ts';
import { State } from './state.ts';

/** What a request is answered with: the places, the state, the clocks. */
export interface Context {
  readonly paths: Paths;
  readonly state: State;
  readonly bootId: string; // of this boot: /proc/sys/kernel/random/boot_id (random(4))
  /** Leaves a process behind that cleans up when the trial of this change is over. */
  readonly startReaper: (id: string) => void;
}

export function contextFor(paths: Paths, startReaper: (id: string) => void): Context {
  const bootId = readFileSync(join(paths.proc, 'sys/kernel/random/boot_id'), 'utf8').trim();
  return { paths, state: new State(paths), bootId, startReaper };
}

/** Seconds since boot, time asleep included: no setting of the clock moves it. */
export function secondsSinceBoot(): number {
  return uptime();
}

/**
 * For another command of ours. A clean-up takes tenths of a second and a transaction with 100,000 elements seconds, but with iptables each
 * family may first wait ten for whoever holds the lock of its tables (LOCK_SECONDS, xtables.ts), and a machine may be busy.
 */
export const LOCK_WAIT_MS = 30_000;

/** Runs one step of a change, with nobody else at it. @throws Refusal where the folders are not ours or somebody else is at it */
export async function alone<T>(context: Context, waitMs: number, work: () => Promise<T>): Promise<T> {
  context.state.prepare();
  return withLock(join(context.paths.run, 'lock'), waitMs, work);
}

/** @throws Refusal where it cannot be written */
export function note({ state }: Context, entry: NewEntry): void {
  appendEntry(state.ledger, entry, new Date());
}
