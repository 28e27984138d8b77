import { createInterface } from 'node:readline/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { ChangeAnswer, ConfirmedChange, PendingChange, StoredState } from '../../enforcer/protocol.ts';
import type { Console } from '../console.ts';
import type { LiveHost } from '../live/host.ts';
import { Stop } from '../report.ts';
import { type Probe, type ProbeResult, tryProbe } from './probe.ts';

/** How a change on trial ended. */
export type Ended =
  | { readonly outcome: 'permanent'; readonly change?: ConfirmedChange; readonly warnings: readonly string[] }
  | { readonly outcome: 'reverted'; readonly why: string; readonly warnings: readonly string[] };

/** Who is asked to end a change, and in whose name. */
export type EndedBy = Pick<LiveHost, 'person' | 'ask'>;

const LOOK_EVERY_MS = 1_000;
const PROBE_AT_MOST_MS = 30_000;

/**
 * Waits until a new session has confirmed the change, or its time is over. Ctrl-C takes it back at once; a lost terminal does not end
 * the wait, and does not matter: the kernel keeps the time.
 * @param at when the change was begun, by which it is known among others; @param seconds that its trial lasts
 */
export async function awaitConfirmation(console: Console, host: LiveHost, at: string, seconds: number): Promise<Ended> {
  const interrupted = new AbortController();
  const end = (): void => interrupted.abort();
  const ignore = (): void => undefined;
  process.on('SIGINT', end).on('SIGTERM', end).on('SIGHUP', ignore);
  try {
    return await watch(console, host, at, performance.now() + seconds * 1000, interrupted.signal);
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end).off('SIGHUP', ignore);
  }
}

async function watch(
  console: Console,
  host: LiveHost,
  at: string,
  until: number,
  interrupted: AbortSignal,
): Promise<Ended> {
  for (;;) {
    if (interrupted.aborted) return takeBack(host, at, 'you took it back');
    const state = await stateWhileItLasts(host, until);
    if (state === undefined) continue;
    const { pending } = state;
    if (pending?.at !== at) return endedMeanwhile(state, at);
    if (pending.remainingSeconds <= 0) return takeBack(host, at, whyOver(pending, until));
    countdown(console, pending.remainingSeconds);
    await pause(LOOK_EVERY_MS, undefined, { signal: interrupted }).catch(() => undefined);
  }
}

const NEAR_MS = 2_000;

/** The kernel keeps the time whatever happens; a process of ours may be gone before. */
function whyOver({ heldBy }: PendingChange, until: number): string {
  return heldBy === 'process' && performance.now() < until - NEAR_MS
    ? 'the process that kept the trial is gone'
    : 'nobody confirmed it in time';
}

/** A machine that is short of something for a moment does not end the wait, as long as the kernel still keeps the time. */
async function stateWhileItLasts(host: LiveHost, until: number): Promise<StoredState | undefined> {
  try {
    return await host.ask('state', {});
  } catch (error) {
    if (!(error instanceof Stop) || performance.now() > until) throw error;
    await pause(LOOK_EVERY_MS);
    return undefined;
  }
}

/** On a terminal only, one line that is written over. */
function countdown({ stderr }: Console, seconds: number): void {
  if (stderr.isTerminal) stderr.write(`\r\u001b[Kwaiting, ${Math.ceil(seconds)} s left `);
}

/**
 * Takes a change back, or, where its time is over, clears away what is left.
 * @param at when it was begun: somebody else may have ended it before us, either way
 */
export async function takeBack(host: EndedBy, at: string, why: string): Promise<Ended> {
  const answer = await host.ask('revert', { by: host.person });
  return answer.outcome === 'nothing-to-do' ? endedMeanwhile(await host.ask('state', {}), at) : ended(answer, why);
}

function endedMeanwhile({ history }: StoredState, at: string): Ended {
  const change = history.find((each) => each.at === at);
  return change === undefined
    ? { outcome: 'reverted', why: 'it was taken back', warnings: [] }
    : { outcome: 'permanent', change, warnings: [] };
}

/** Whoever sits at the terminal decides. */
export async function askAtTerminal(console: Console, host: LiveHost, at: string, seconds: number): Promise<Ended> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const said = await reader.question('keep the new rules? (yes/no) ', {
      signal: AbortSignal.timeout(seconds * 1000),
    });
    if (said.trim().toLowerCase() !== 'yes') return await takeBack(host, at, 'you said no');
    return await confirmNow(host);
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError')
      return await takeBack(host, at, 'nobody answered in time');
    throw error;
  } finally {
    reader.close();
    console.stderr.write('\n');
  }
}

/** The probe decides, at once. */
export async function askProbe(host: LiveHost, probe: Probe, at: string, seconds: number): Promise<Ended> {
  const { passed, said } = await tryProbe(probe, Math.min(seconds * 1000, PROBE_AT_MOST_MS));
  return decided(host, at, { passed, said: passed ? said : `the probe failed: ${said}` });
}

/** What was tried on trial decides. */
export function decided(host: LiveHost, at: string, { passed, said }: ProbeResult): Promise<Ended> {
  return passed ? confirmNow(host) : takeBack(host, at, said);
}

async function confirmNow(host: LiveHost): Promise<Ended> {
  return ended(await host.ask('confirm', { by: host.person, sameSession: true }), 'its time was over');
}

export function ended({ outcome, change, warnings }: ChangeAnswer, why: string): Ended {
  switch (outcome) {
    case 'permanent':
      return { outcome, ...(change === undefined ? {} : { change }), warnings };
    case 'reverted':
    case 'nothing-to-do':
      return { outcome: 'reverted', why, warnings };
    case 'on-trial':
      throw new Error('a change that was confirmed or taken back is not on trial');
  }
}
