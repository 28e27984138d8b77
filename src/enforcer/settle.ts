import { disableBoot, enableBoot } from './boot.ts';
import { type Context, note } from './context.ts';
import { endTrial, ownChecksum, readAnyTrial, readTrial, takeBack as takeBackTexts, tidy } from './kernel.ts';
import type { Loaded } from './loading.ts';
import { ENFORCER_PROBLEMS } from './problems.ts';
import type { ConfirmedChange, Person } from './protocol.ts';
import { Refusal, refusal } from './refusal.ts';
import { endConnectionsOfTrial } from './since-begin.ts';
import { type Pending, type Stage, told } from './state.ts';
import type { Trial } from './trial.ts';

/** How things stand when a step begins, with whatever was left over brought to its end. */
export interface Settled {
  readonly pending?: Pending; // its trial runs
  readonly trial: Trial;
  readonly ended?: Ended; // a change that was left over
  readonly warnings: readonly string[];
}

export type Ended =
  | { readonly outcome: 'reverted' }
  | { readonly outcome: 'permanent'; readonly change: ConfirmedChange | undefined };

/**
 * Brings to its end what a killed, frozen or rebooted predecessor left. The kernel says how far it came: the set `trial` is made
 * by the transaction that begins a change, and taken away by the one that confirms or reverts it. The stage on disk, written
 * before each of them, says which.
 */
export async function settle(context: Context): Promise<Settled> {
  const pending = context.state.readPending();
  if (pending === undefined) return { trial: await readAnyTrial(context.paths), warnings: [] };
  const trial = await readTrial(context.paths, pending);
  if (pending.bootId !== context.bootId) {
    return { trial, ...(await forget(context, pending, 'the machine was restarted before it was confirmed')) };
  }
  if (trial.kind === 'none') return { trial, ...(await settleGone(context, pending)) };
  if (trial.kind === 'kept' && pending.stage !== 'reverting') {
    const { change, warnings } = await finish(context, pending);
    return { trial: await readTrial(context.paths, pending), ended: { outcome: 'permanent', change }, warnings };
  }
  if (trial.kind === 'expired' || trial.kind === 'lost' || pending.stage === 'reverting') {
    const outcome = trial.kind === 'expired' || trial.kind === 'lost' ? endOf(trial) : 'asked for';
    const warnings = await takeBack(context, pending, pending.meta.by, outcome);
    return { trial: await readTrial(context.paths, pending), ended: { outcome: 'reverted' }, warnings };
  }
  return { trial, pending, warnings: [] };
}

export const EXPIRED = 'not confirmed in time';
export const KEEPER_GONE = 'the process that kept the trial was gone';

/** Why a trial is over that nobody ended. */
export function endOf({ kind }: { readonly kind: 'expired' | 'lost' }): string {
  return kind === 'expired' ? EXPIRED : KEEPER_GONE;
}

/** No set `trial`: the change was never loaded, or it was confirmed, or taken back. */
async function settleGone(context: Context, pending: Pending): Promise<Omit<Settled, 'trial'>> {
  switch (pending.stage) {
    case 'begun':
      return forget(context, pending, 'it was never in force, or another program took our table away');
    case 'reverting':
      return forget(context, pending, 'taken back');
    case 'confirming': {
      const own = await ownChecksum(pending.mechanism);
      // With a trial, its set is gone only with the confirmation, unless somebody else took the whole table away.
      const taken =
        pending.trialSeconds === 0 ? (own ?? '') !== pending.before : own !== undefined || !pending.persists;
      if (!taken) return forget(context, pending, 'the kernel was never asked to keep it');
      const { change, warnings } = await finish(context, pending);
      return { ended: { outcome: 'permanent', change }, warnings };
    }
  }
}

/** Of a change that is not in force. */
async function forget(context: Context, pending: Pending, why: string): Promise<Omit<Settled, 'trial'>> {
  const warnings: string[] = [];
  told(warnings, () => context.state.dropPending());
  told(warnings, () => note(context, { event: 'revert', ...about(pending), outcome: why }));
  return { ended: { outcome: 'reverted' }, warnings };
}

/** The kernel has it: persists it. Never fails, since nothing would take it back: what could not be done is a warning. */
export async function finish(
  context: Context,
  pending: Pending,
  by: Person = pending.meta.by,
): Promise<{ readonly change: ConfirmedChange | undefined; readonly warnings: readonly string[] }> {
  const { state, paths } = context;
  const warnings: string[] = [];
  if (!pending.persists) warnings.push(...(await disableBoot(paths)));
  let change: ConfirmedChange | undefined;
  try {
    change = state.switchTo(pending);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // What is pending stays: whatever is asked next tries again.
    return { change, warnings: [`it is in force, but a restart would not load it: ${error.message}`] };
  }
  if (pending.persists) warnings.push(...(await enableBoot(paths, pending.mechanism)));
  told(warnings, () => state.prune(pending.keep));
  const untidy = await leftOver(context);
  // What is pending stays: whatever is asked next tries again.
  if (untidy !== undefined) return { change, warnings: [...warnings, untidy] };
  told(warnings, () => state.dropPending());
  told(warnings, () =>
    note(context, {
      event: 'confirm',
      ...about(pending),
      by,
      outcome: pending.persists ? `change ${pending.number}, loaded at boot` : 'nothing of ours is loaded at boot',
    }),
  );
  return { change, warnings };
}

/** Takes away what a kept change does not need any more. @returns what could not be, in a sentence */
async function leftOver({ state }: Context): Promise<string | undefined> {
  const problems: string[] = [];
  const texts = told(problems, () => state.pendingTexts());
  const done = texts === undefined ? undefined : await tidy(texts);
  if (done?.kind === 'taken') return undefined;
  const [lost = ''] = problems;
  return `it is in force for good, but rules that it replaced were not removed: ${done === undefined ? lost : words(done)}`;
}

function words(loaded: Loaded): string {
  return loaded.kind === 'refused' ? loaded.said : loaded.kind === 'unclear' ? loaded.why : '';
}

/**
 * Takes a change back whose trial runs or has expired, ends the connections that began under it, and forgets it.
 * @returns what could not be cleaned up; @throws Refusal where the change goes on being in force until its time is over
 */
export async function takeBack(
  context: Context,
  pending: Pending,
  by: Person,
  outcome: string,
): Promise<readonly string[]> {
  const warnings: string[] = [];
  markReverting(context, pending, warnings);
  const texts = told(warnings, () => context.state.pendingTexts());
  const loaded = texts === undefined ? undefined : await takeBackTexts(texts, context.paths, pending);
  if (loaded?.kind !== 'taken') {
    const said = loaded === undefined ? '' : words(loaded);
    if ((await readTrial(context.paths, pending)).kind === 'running') await endTrial(context.paths, pending);
    const trial = await readTrial(context.paths, pending);
    if (trial.kind === 'running') {
      const standing = `the change stays on trial and reverts by itself in ${trial.remainingSeconds} s`;
      throw refusal('machine', ENFORCER_PROBLEMS.kernelRefused, said, standing);
    }
    if (trial.kind === 'lost') throw refusal('machine', ENFORCER_PROBLEMS.kernelRefused, said, STILL_IN_FORCE);
    if (trial.kind === 'expired') warnings.push(`it is not in force, but its rules were not removed: ${said}`);
    if (trial.kind === 'none' && pending.stage === 'begun') warnings.push(`what it loaded was not removed: ${said}`);
    // What is asked next tries once more, and then leaves it to the next change.
    if (trial.kind === 'expired' && pending.stage !== 'reverting') return warnings;
  }
  warnings.push(...(await endConnectionsOfTrial(context.paths)));
  told(warnings, () => context.state.dropPending());
  told(warnings, () => note(context, { event: 'revert', ...about(pending), by, outcome }));
  return warnings;
}

const STILL_IN_FORCE =
  'the change on trial is still in force, and nothing takes it back by itself: try again, or restart the machine';

/**
 * Where the mark cannot be written (a full disk), the change is taken back all the same, except after a confirmation had begun:
 * then the expired set must stay, or the next one would take its absence for a success.
 */
function markReverting(context: Context, pending: Pending, warnings: string[]): void {
  try {
    context.state.setStage(pending, 'reverting' satisfies Stage);
  } catch (error) {
    if (!(error instanceof Refusal) || pending.stage === 'confirming') throw error;
    warnings.push(error.message);
  }
}

export function about({ meta }: Pending): { readonly by: Person; readonly policyHash: string } {
  return { by: meta.by, policyHash: meta.policyHash };
}
