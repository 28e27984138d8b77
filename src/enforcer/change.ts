import { randomUUID } from 'node:crypto';
import { requireProgram } from '../host/process.ts';
import { alone, type Context, LOCK_WAIT_MS, note, secondsSinceBoot } from './context.ts';
import { whyNotFresh } from './fresh-session.ts';
import { rulesChecksum } from './iptables.ts';
import { holderOf, keep, load, ownChecksum, readTrial } from './kernel.ts';
import { parseLedger } from './ledger.ts';
import type { Loaded } from './loading.ts';
import { asksSwitch, foreignLines, marksTrial } from './own-chains.ts';
import { beginsTrial, type ForeignCommand, foreignCommands } from './own-tables.ts';
import { ENFORCER_PROBLEMS } from './problems.ts';
import type {
  ChangeAnswer,
  ChangeRequest,
  ChangeTexts,
  ConfirmedChange,
  ConfirmRequest,
  IptablesStep,
  NftTexts,
  Person,
} from './protocol.ts';
import { type Refusal, refusal } from './refusal.ts';
import { about, EXPIRED, endOf, finish, KEEPER_GONE, type Settled, settle, takeBack } from './settle.ts';
import { rememberConnections } from './since-begin.ts';
import { type Pending, told } from './state.ts';
import { readOwn } from './store.ts';
import type { Trial } from './trial.ts';

/**
 * Begin, confirm, revert. In each, what a successor needs to know is on disk before the kernel is asked, and the kernel alone
 * decides: see docs/decisions/0005-how-a-live-host-is-changed.md.
 */

/** Loads a change: on trial, or at once. @throws Refusal; then nothing was changed, unless its words say so */
export async function begin(context: Context, request: ChangeRequest): Promise<ChangeAnswer> {
  holdToOwnTables(request);
  if (request.texts.mechanism === 'nftables') requireProgram('nft');
  return alone(context, LOCK_WAIT_MS, async () => {
    const settled = await settle(context);
    if (settled.trial.kind === 'running') throw alreadyPending(settled);
    if (settled.trial.kind === 'lost') throw refusal('machine', ENFORCER_PROBLEMS.lostTrial, settled.trial.comment);
    if (settled.trial.kind === 'kept') throw refusal('machine', ENFORCER_PROBLEMS.untidy, settled.trial.comment);
    if ((await rulesChecksum(context.paths.proc)) !== request.terse)
      throw refusal('refused', ENFORCER_PROBLEMS.rulesetChanged);
    const pending = await prepare(context, request);
    const answer =
      pending.trialSeconds > 0 ? beginTrial(context, pending, request) : beginAtOnce(context, pending, request);
    return withWarnings(await answer, settled.warnings);
  });
}

/** Each is held against the promise before anything else is done, those that are loaded later and at boot, too. */
function holdToOwnTables(request: ChangeRequest): void {
  const { texts, persist, trialSeconds } = request;
  if (persist !== undefined && persist.mechanism !== texts.mechanism) {
    throw refusal('unusable', ENFORCER_PROBLEMS.unusableRequest, ['what is persisted is of the other mechanism']);
  }
  for (const [name, [foreign]] of Object.entries(foreignIn(request))) {
    if (foreign !== undefined)
      throw refusal('unusable', ENFORCER_PROBLEMS.foreignCommand, name, foreign.line, foreign.why);
  }
  if (!begins(texts, trialSeconds)) throw refusal('unusable', ENFORCER_PROBLEMS.noTrial, 'it was not loaded');
}

/** With iptables, with or without a trial: the switch brings it into force, or the steps that a process takes. */
function begins(texts: ChangeTexts, trialSeconds: number | undefined): boolean {
  if (texts.mechanism === 'nftables') return trialSeconds === undefined || beginsTrial(texts.begin);
  if (texts.heldBy === 'process') return marksTrial(texts);
  return asksSwitch(texts.begin.v4) && asksSwitch(texts.begin.v6);
}

function foreignIn({ texts, persist }: ChangeRequest): Readonly<Record<string, readonly ForeignCommand[]>> {
  const found: Record<string, readonly ForeignCommand[]> = {};
  if (texts.mechanism === 'nftables') {
    const { begin, confirm, revert } = texts;
    for (const [name, text] of Object.entries({ begin, confirm, revert })) found[name] = foreignCommands(text);
  } else {
    for (const [name, { v4, v6 }] of Object.entries(stepsOf(texts))) {
      found[`${name}, IPv4`] = foreignLines(v4, 'by us');
      found[`${name}, IPv6`] = foreignLines(v6, 'by us');
    }
  }
  if (persist?.mechanism === 'nftables') {
    found.ruleset = foreignCommands(persist.ruleset);
    found.lockdown = foreignCommands(persist.lockdown);
  } else if (persist !== undefined) {
    for (const [name, { v4, v6 }] of Object.entries({ ruleset: persist.ruleset, lockdown: persist.lockdown })) {
      found[`${name}, IPv4`] = foreignLines(v4, 'in the text');
      found[`${name}, IPv6`] = foreignLines(v6, 'in the text');
    }
  }
  return found;
}

function stepsOf(texts: Exclude<ChangeTexts, NftTexts>): Readonly<Record<string, IptablesStep>> {
  const { begin, confirm, revert } = texts;
  return { begin, confirm, revert, ...(texts.heldBy === 'process' ? { on: texts.on, off: texts.off } : {}) };
}

function alreadyPending({ pending, trial }: Settled): Refusal {
  const seconds = trial.kind === 'running' ? trial.remainingSeconds : 0;
  const comment = trial.kind === 'none' ? '' : trial.comment;
  const who =
    pending === undefined
      ? comment
      : `${comment || `by ${pending.meta.by.name}, since ${pending.meta.at}`} (${pending.meta.summary})`;
  return refusal('refused', ENFORCER_PROBLEMS.pendingChange, who, seconds);
}

/** Writes down what begins, so that whoever comes next can end it. */
async function prepare(context: Context, request: ChangeRequest): Promise<Pending> {
  const { state } = context;
  const pending: Pending = {
    id: randomUUID(),
    mechanism: request.texts.mechanism,
    heldBy: holderOf(request.texts),
    meta: request.meta,
    stage: request.trialSeconds === undefined ? 'confirming' : 'begun',
    number: Math.max(0, ...state.numbers()) + 1,
    trialSeconds: request.trialSeconds ?? 0,
    beganAt: secondsSinceBoot(),
    bootId: context.bootId,
    keep: request.keep,
    persists: request.persist !== undefined,
    before: (await ownChecksum(request.texts.mechanism)) ?? '',
  };
  try {
    state.writePending(request, pending);
    if (pending.trialSeconds === 0) state.writeChange(pending, confirmedNow(pending));
    const outcome = pending.trialSeconds > 0 ? `on trial for ${pending.trialSeconds} s` : 'at once';
    note(context, { event: 'begin', ...about(pending), outcome, details: { summary: pending.meta.summary } });
  } catch (error) {
    told([], () => state.dropPending());
    throw error;
  }
  return pending;
}

async function beginTrial(context: Context, pending: Pending, request: ChangeRequest): Promise<ChangeAnswer> {
  const warnings = await rememberConnections(context.paths);
  context.startReaper(pending.id); // before the kernel is asked: nothing that is in force is without one
  const loaded = await givenToKernel(context, pending, request.texts);
  if (loaded.kind === 'refused') throw givenUp(context, pending, loaded.said);
  const trial = await readTrial(context.paths, pending);
  if (loaded.kind === 'taken' && trial.kind === 'running') {
    return { outcome: 'on-trial', remainingSeconds: trial.remainingSeconds, warnings };
  }
  if (loaded.kind === 'taken' && (trial.kind === 'expired' || trial.kind === 'lost')) {
    const left = await takeBack(context, pending, pending.meta.by, endOf(trial));
    return { outcome: 'reverted', warnings: [...warnings, ...left] };
  }
  throw await withdrawn(context, pending, loaded, trial);
}

/** @throws Refusal also where it was refused before the kernel was asked: nothing is pending then */
async function givenToKernel(context: Context, pending: Pending, texts: ChangeTexts): Promise<Loaded> {
  try {
    return await load(texts, context.paths, pending, pending.trialSeconds === 0 ? undefined : pending.trialSeconds);
  } catch (error) {
    if ((await readTrial(context.paths, pending)).kind === 'none') told([], () => context.state.dropPending());
    throw error;
  }
}

/** `nft` was interrupted, or the text began no trial: what the kernel took of it is taken back. */
async function withdrawn(context: Context, pending: Pending, loaded: Loaded, trial: Trial): Promise<Refusal> {
  if (loaded.kind === 'unclear' && trial.kind === 'none') {
    told([], () => context.state.dropPending());
    return refusal('machine', ENFORCER_PROBLEMS.kernelUnclear, loaded.why, 'nothing was changed');
  }
  const left = await takeBack(context, pending, pending.meta.by, 'not loaded as it should be');
  const standing = ['what the kernel had taken was taken back', ...left].join('; ');
  return loaded.kind === 'unclear'
    ? refusal('machine', ENFORCER_PROBLEMS.kernelUnclear, loaded.why, standing)
    : refusal('machine', ENFORCER_PROBLEMS.noTrial, standing);
}

async function beginAtOnce(context: Context, pending: Pending, request: ChangeRequest): Promise<ChangeAnswer> {
  const loaded = await givenToKernel(context, pending, request.texts);
  if (loaded.kind === 'refused') throw givenUp(context, pending, loaded.said);
  if (loaded.kind === 'unclear') {
    const trial = await readTrial(context.paths, pending);
    if (trial.kind !== 'none' && trial.kind !== 'kept') throw await withdrawn(context, pending, loaded, trial);
    if (trial.kind === 'none' && ((await ownChecksum(pending.mechanism)) ?? '') === pending.before) {
      told([], () => context.state.dropPending());
      throw refusal('machine', ENFORCER_PROBLEMS.kernelUnclear, loaded.why, 'nothing was changed');
    }
  }
  return permanent(await finish(context, pending));
}

function givenUp(context: Context, pending: Pending, said: string): Refusal {
  told([], () => context.state.dropPending());
  told([], () => note(context, { event: 'refused', ...about(pending), outcome: said }));
  return refusal('machine', ENFORCER_PROBLEMS.kernelRefused, said, 'nothing was changed');
}

/** Makes the change permanent whose trial runs. @throws Refusal */
export async function confirm(context: Context, request: ConfirmRequest): Promise<ChangeAnswer> {
  return alone(context, LOCK_WAIT_MS, async () => {
    const { pending, trial, ended, warnings } = await settle(context);
    if (pending === undefined) {
      if (ended !== undefined)
        return withWarnings(ended.outcome === 'permanent' ? permanent(ended) : REVERTED, warnings);
      holdKnown(trial);
      const expired = expiredBefore(context);
      if (expired === undefined) throw refusal('refused', ENFORCER_PROBLEMS.nothingPending);
      return { ...REVERTED, warnings: [expired] };
    }
    const stale = request.sameSession ? undefined : whyNotFresh(request.by, pending);
    if (stale !== undefined) throw refusal('refused', ENFORCER_PROBLEMS.sameSession, stale);
    return withWarnings(await makePermanent(context, pending, request.by), warnings);
  });
}

async function makePermanent(context: Context, pending: Pending, by: Person): Promise<ChangeAnswer> {
  const { state } = context;
  const texts = state.pendingTexts();
  state.writeChange(pending, confirmedNow(pending));
  state.setStage(pending, 'confirming');
  const confirming: Pending = { ...pending, stage: 'confirming' };
  const loaded = await keep(texts, context.paths, pending);
  if (loaded.kind === 'taken') return permanent(await finish(context, confirming, by));
  const trial = await readTrial(context.paths, pending);
  switch (trial.kind) {
    case 'kept':
      return permanent(await finish(context, confirming, by)); // its program was interrupted afterwards
    case 'none':
      // An interrupted `nft` whose transaction the kernel took; a refused one leaves the set where it is.
      if (loaded.kind === 'unclear') return permanent(await finish(context, confirming, by));
      throw refusal('machine', ENFORCER_PROBLEMS.kernelRefused, loaded.said, 'the change is not in force any more');
    case 'expired':
    case 'lost':
      return { ...REVERTED, warnings: await takeBack(context, confirming, by, endOf(trial)) };
    case 'running': {
      told([], () => state.setStage(pending, 'begun'));
      const standing = `the change stays on trial and reverts in ${trial.remainingSeconds} s`;
      throw loaded.kind === 'refused'
        ? refusal('machine', ENFORCER_PROBLEMS.kernelRefused, loaded.said, standing)
        : refusal('machine', ENFORCER_PROBLEMS.kernelUnclear, loaded.why, standing);
    }
  }
}

const REVERTED: ChangeAnswer = { outcome: 'reverted', warnings: [] };

/** Takes the pending change back, or cleans up what is left of one. @throws Refusal */
export async function revert(context: Context, by: Person): Promise<ChangeAnswer> {
  return alone(context, LOCK_WAIT_MS, async () => {
    const { pending, trial, ended, warnings } = await settle(context);
    if (pending !== undefined) {
      const left = await takeBack(context, pending, by, 'asked for');
      return { outcome: 'reverted', warnings: [...warnings, ...left] };
    }
    if (ended !== undefined) return withWarnings(ended.outcome === 'permanent' ? permanent(ended) : REVERTED, warnings);
    holdKnown(trial);
    return { outcome: 'nothing-to-do', warnings };
  });
}

/** @throws Refusal where a trial stands that our files know nothing of */
function holdKnown(trial: Trial): void {
  if (trial.kind === 'lost') throw refusal('machine', ENFORCER_PROBLEMS.lostTrial, trial.comment);
  if (trial.kind === 'running')
    throw refusal('machine', ENFORCER_PROBLEMS.unknownTrial, trial.comment, trial.remainingSeconds);
}

/** The last change, where nobody confirmed it in time and it has been cleaned up since. */
function expiredBefore({ state }: Context): string | undefined {
  const changes = parseLedger(readOwn(state.ledger) ?? '').entries.filter(({ event }) =>
    ['begin', 'confirm', 'revert'].includes(event),
  );
  const last = changes.at(-1);
  return last?.event === 'revert' && (last.outcome === EXPIRED || last.outcome === KEEPER_GONE)
    ? `the last change was taken back (${last.outcome}), and was cleaned up at ${last.at}`
    : undefined;
}

function confirmedNow({ meta, number }: Pending): ConfirmedChange {
  return { ...meta, number, confirmedAt: new Date().toISOString() };
}

function permanent({
  change,
  warnings = [],
}: {
  readonly change: ConfirmedChange | undefined;
  readonly warnings?: readonly string[];
}): ChangeAnswer {
  return { outcome: 'permanent', ...(change === undefined ? {} : { change }), warnings };
}

function withWarnings(answer: ChangeAnswer, earlier: readonly string[]): ChangeAnswer {
  return { ...answer, warnings: [...earlier, ...answer.warnings] };
}
