import { iptablesTables } from './iptables.ts';
import type { Loaded } from './loading.ts';
import * as nft from './nft.ts';
import { isMarked } from './own-chains.ts';
import type { Paths } from './paths.ts';
import { ENFORCER_PROBLEMS } from './problems.ts';
import type { ChangeTexts, IptablesStep, IptablesTexts, Mechanism, TrialHolder } from './protocol.ts';
import { refusal } from './refusal.ts';
import type { Trial } from './trial.ts';
import * as switching from './trial-set.ts';
import * as watched from './watched.ts';
import { inUse, loadStep, missingProgram, ownChainsChecksum, trialComment } from './xtables.ts';

/**
 * The steps of a change, by whatever holds it. With nftables each is one transaction. With iptables and the kernel's switch that alone
 * decides what packets meet; what surrounds it is loaded before and tidied afterwards, one family after the other, while that changes
 * nothing for any packet. Without it, a process of ours keeps the trial.
 */

/** Who a change is held by, and how its keeper is found where that is a process. */
export interface Held {
  readonly id: string;
  readonly mechanism: Mechanism;
  readonly heldBy: TrialHolder;
}

export function holderOf(texts: ChangeTexts): TrialHolder {
  return texts.mechanism === 'nftables' ? 'kernel' : texts.heldBy;
}

/** The texts that are left to a successor. */
export type PendingTexts = Later<ChangeTexts>;
type Later<T> = T extends ChangeTexts ? Omit<T, 'begin' | 'on' | 'off'> : never;

/** Loads a change, on trial or (`undefined`) for good. What is not taken whole is not in force. @throws MachineError, Refusal */
export async function load(
  texts: ChangeTexts,
  paths: Paths,
  { id }: Held,
  trialSeconds: number | undefined,
): Promise<Loaded> {
  if (texts.mechanism === 'nftables') return nft.load(texts.begin);
  await holdIptables(texts.begin);
  switch (texts.heldBy) {
    case 'kernel':
      return loadBehindSwitch(texts, trialSeconds);
    case 'process':
      return trialSeconds === undefined
        ? watched.loadForGood(texts, paths, id)
        : watched.loadOnTrial(texts, id, trialSeconds);
  }
}

/** @throws Refusal where iptables is not there, or somebody did not know what stands */
async function holdIptables(begin: IptablesStep): Promise<void> {
  const missing = missingProgram();
  if (missing !== undefined) throw refusal('machine', ENFORCER_PROBLEMS.noSwitch, `\`${missing}\` is not installed`);
  if ((await inUse(begin)) !== undefined) throw refusal('refused', ENFORCER_PROBLEMS.rulesetChanged);
}

async function loadBehindSwitch(texts: IptablesTexts, trialSeconds: number | undefined): Promise<Loaded> {
  if (!(await switching.isThere())) throw refusal('machine', ENFORCER_PROBLEMS.noSwitch, '`ipset` does not work here');
  const made = await switching.createSwitch((await switching.readSwitch()) === 'off');
  if (made.kind === 'refused') throw refusal('machine', ENFORCER_PROBLEMS.noSwitch, made.said);
  if (made.kind === 'unclear') return made;
  const loaded = await loadStep(texts.begin);
  const thrown = loaded.kind !== 'taken' ? loaded : await on(trialSeconds);
  if (thrown.kind === 'refused') await takeBackSwitched(texts); // no packet has met it
  return thrown;
}

function on(trialSeconds: number | undefined): Promise<Loaded> {
  return trialSeconds === undefined ? switching.switchOnForGood() : switching.switchOn(trialSeconds);
}

/** Keeps a change whose trial runs; it is refused by whatever holds the trial when that is over. */
export async function keep(texts: PendingTexts, paths: Paths, { id }: Held): Promise<Loaded> {
  if (texts.mechanism === 'nftables') return nft.load(texts.confirm);
  return texts.heldBy === 'kernel' ? switching.keepOn() : watched.keep(paths, id);
}

/** When a change is kept: takes away what it does not need any more. It changes nothing for any packet. */
export async function tidy(texts: PendingTexts): Promise<Loaded> {
  if (texts.mechanism === 'nftables') return { kind: 'taken' }; // done in the same transaction
  if (texts.heldBy === 'process') return watched.tidy(texts);
  if ((await switching.readSwitch()) !== 'kept') return { kind: 'taken' };
  const loaded = await loadStep(texts.confirm);
  return loaded.kind === 'taken' ? switching.removeSwitch() : loaded;
}

/** Takes a change back and away. With iptables it is out of force even where the rest fails. */
export async function takeBack(texts: PendingTexts, paths: Paths, { id }: Held): Promise<Loaded> {
  if (texts.mechanism === 'nftables') return nft.load(texts.revert);
  return texts.heldBy === 'kernel' ? takeBackSwitched(texts) : watched.takeBack(texts, paths, id);
}

async function takeBackSwitched({ revert }: Pick<IptablesTexts, 'revert'>): Promise<Loaded> {
  const off = await switching.switchOff();
  if (off.kind !== 'taken') return off;
  const loaded = await loadStep(revert);
  return loaded.kind === 'taken' ? switching.removeSwitch() : loaded;
}

/** Ends a trial and nothing else: for the case that the change's own texts are lost or refused. */
export async function endTrial(paths: Paths, { mechanism, heldBy, id }: Held): Promise<void> {
  if (mechanism === 'nftables') await nft.endTrial();
  else if (heldBy === 'kernel') await switching.switchOff();
  else await watched.end(paths, id);
}

/** @throws Refusal where the kernel cannot be asked */
export async function readTrial(paths: Paths, { mechanism, heldBy }: Omit<Held, 'id'>): Promise<Trial> {
  if (mechanism === 'nftables') return nft.readTrial();
  return heldBy === 'kernel' ? readSwitched() : watched.readTrial(paths);
}

async function readSwitched(): Promise<Trial> {
  const found = await switching.readSwitch();
  if (found === 'absent') return { kind: 'none' };
  const comment = await trialComment('kernel');
  if (found === 'off') return { kind: 'expired', comment };
  if (found === 'kept') return { kind: 'kept', comment };
  return { kind: 'running', remainingSeconds: found.seconds, comment };
}

/** Of whatever has one. */
export async function readAnyTrial(paths: Paths): Promise<Trial> {
  const inNft: Trial = nft.isThere() ? await nft.readTrial() : { kind: 'none' };
  const found = inNft.kind === 'none' ? await readSwitched() : inNft;
  if (found.kind !== 'none') return found;
  // `iptables-legacy-save` makes the tables that it asks for: it is asked where there are some.
  const { tables } = await iptablesTables(nft.isThere() ? await nft.terseRuleset() : undefined, paths.proc);
  return tables.some(({ text }) => isMarked(text)) ? watched.readTrial(paths) : found;
}

/** What stands of ours, to tell whether an interrupted step was taken; `undefined`: nothing. */
export async function ownChecksum(mechanism: Mechanism): Promise<string | undefined> {
  switch (mechanism) {
    case 'nftables':
      return nft.ownChecksum();
    case 'iptables':
      return ownChainsChecksum();
  }
}
