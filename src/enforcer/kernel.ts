import type { Loaded } from './loading.ts';
import * as nft from './nft.ts';
import { ENFORCER_PROBLEMS } from './problems.ts';
import type { ChangeTexts, Mechanism } from './protocol.ts';
import { refusal } from './refusal.ts';
import type { Trial } from './trial.ts';
import * as switching from './trial-set.ts';
import { inUse, loadStep, missingProgram, ownChainsChecksum, trialComment } from './xtables.ts';

/**
 * The steps of a change, by either mechanism. With nftables each is one transaction. With iptables the switch alone decides what packets
 * meet; what surrounds it is loaded before and tidied afterwards, one family after the other, while that changes nothing for any packet.
 */

/** The texts that are left to a successor. */
export type PendingTexts = WithoutBegin<ChangeTexts>;
type WithoutBegin<T> = T extends ChangeTexts ? Omit<T, 'begin'> : never;

/** Loads a change, on trial or (`undefined`) for good. What is not taken whole is not in force. @throws MachineError, Refusal */
export async function load(texts: ChangeTexts, trialSeconds: number | undefined): Promise<Loaded> {
  switch (texts.mechanism) {
    case 'nftables':
      return nft.load(texts.begin);
    case 'iptables': {
      const missing = missingProgram();
      if (missing !== undefined)
        throw refusal('machine', ENFORCER_PROBLEMS.noSwitch, `\`${missing}\` is not installed`);
      if ((await inUse(texts.begin)) !== undefined) throw refusal('refused', ENFORCER_PROBLEMS.rulesetChanged);
      const made = await switching.createSwitch((await switching.readSwitch()) === 'off');
      if (made.kind === 'refused') throw refusal('machine', ENFORCER_PROBLEMS.noSwitch, made.said);
      if (made.kind === 'unclear') return made;
      const loaded = await loadStep(texts.begin);
      const thrown = loaded.kind !== 'taken' ? loaded : await on(trialSeconds);
      if (thrown.kind === 'refused') await takeBack(texts); // no packet has met it
      return thrown;
    }
  }
}

function on(trialSeconds: number | undefined): Promise<Loaded> {
  return trialSeconds === undefined ? switching.switchOnForGood() : switching.switchOn(trialSeconds);
}

/** Keeps a change whose trial runs; the kernel refuses it when the trial is over. */
export async function keep(texts: PendingTexts): Promise<Loaded> {
  switch (texts.mechanism) {
    case 'nftables':
      return nft.load(texts.confirm);
    case 'iptables':
      return switching.keepOn();
  }
}

/** When a change is kept: takes away what it does not need any more. It changes nothing for any packet. */
export async function tidy(texts: PendingTexts): Promise<Loaded> {
  switch (texts.mechanism) {
    case 'nftables':
      return { kind: 'taken' }; // done in the same transaction
    case 'iptables': {
      if ((await switching.readSwitch()) !== 'kept') return { kind: 'taken' };
      const loaded = await loadStep(texts.confirm);
      return loaded.kind === 'taken' ? switching.removeSwitch() : loaded;
    }
  }
}

/** Takes a change back and away. With iptables it is out of force even where the rest fails. */
export async function takeBack(texts: PendingTexts): Promise<Loaded> {
  switch (texts.mechanism) {
    case 'nftables':
      return nft.load(texts.revert);
    case 'iptables': {
      const off = await switching.switchOff();
      if (off.kind !== 'taken') return off;
      const loaded = await loadStep(texts.revert);
      return loaded.kind === 'taken' ? switching.removeSwitch() : loaded;
    }
  }
}

/** Ends a trial and nothing else: for the case that the change's own texts are lost or refused. */
export async function endTrial(mechanism: Mechanism): Promise<void> {
  switch (mechanism) {
    case 'nftables':
      await nft.endTrial();
      return;
    case 'iptables':
      await switching.switchOff();
  }
}

/** @throws Refusal where the kernel cannot be asked */
export async function readTrial(mechanism: Mechanism): Promise<Trial> {
  switch (mechanism) {
    case 'nftables':
      return nft.readTrial();
    case 'iptables': {
      const found = await switching.readSwitch();
      if (found === 'absent') return { kind: 'none' };
      const comment = await trialComment();
      if (found === 'off') return { kind: 'expired', comment };
      if (found === 'kept') return { kind: 'kept', comment };
      return { kind: 'running', remainingSeconds: found.seconds, comment };
    }
  }
}

/** Of whichever mechanism has one. */
export async function readAnyTrial(): Promise<Trial> {
  const found: Trial = nft.isThere() ? await nft.readTrial() : { kind: 'none' };
  return found.kind === 'none' ? readTrial('iptables') : found;
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
