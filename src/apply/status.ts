import type { Intent } from '../ir/index.ts';
import { type ChangeNote, DENIED_COUNTERS, originOfCounter, TABLE_NAME, TRIAL_SET } from '../target/index.ts';
import { type Change, changes } from './changes.ts';
import { type HostListing, sideNow } from './host-rules.ts';
import { readListed } from './listed.ts';
import { type Neighbour, neighbours } from './neighbours.ts';

export interface StatusInput {
  readonly listing: HostListing;
  readonly listed: string; // the same listing as JSON, for what it counts; other text counts nothing
  readonly intent: Intent; // its zones and flows name what other tables stop
  readonly trialSeconds?: number; // left of a trial, where the listing does not tell
}

export interface Status {
  readonly enforced: Enforced;
  readonly flows: readonly FlowCount[]; // by what they let through, most packets first
  readonly denied: readonly DeniedCount[];
  readonly neighbours: readonly Neighbour[];
  readonly couldStop: readonly Change[]; // that our rules let through and other tables do not, or perhaps not
}

/** What the kernel enforces of ours, by its own word: who, and since when, stands in its comments. */
export type Enforced =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'foreign'; readonly reason: string } // a table of our name that we did not make
  | { readonly kind: 'plain' } // loaded by hand, or at boot
  | { readonly kind: 'confirmed'; readonly note?: ChangeNote }
  | {
      readonly kind: 'trial';
      readonly secondsLeft: number | undefined; // undefined: the listing does not tell
      readonly note?: ChangeNote;
      readonly removes: boolean; // what is on trial is that our rules go away
      readonly goesBackTo: Settled;
    }
  | { readonly kind: 'expired'; readonly note?: ChangeNote; readonly goneBackTo: Settled }; // and is not cleaned up

export type Settled = Extract<Enforced, { readonly kind: 'nothing' | 'plain' | 'confirmed' }>;

export interface FlowCount {
  readonly flow: string; // `baseline:<piece>` for a piece of the baseline
  readonly packets: number;
  readonly bytes: number;
}

export interface DeniedCount {
  readonly hook: keyof typeof DENIED_COUNTERS;
  readonly packets: number;
  readonly bytes: number;
}

export function status({ listing, listed, intent, trialSeconds: left }: StatusInput): Status {
  const { counters, trialSeconds = left } = readListed(listed, TABLE_NAME, TRIAL_SET);
  const now = listing.rules(sideNow(listing));
  const ours = listing.ours(sideNow(listing));
  const enforced = enforcedNow(listing, trialSeconds);
  const flows = counters.flatMap(({ name, packets, bytes }) => {
    const flow = originOfCounter(name);
    return flow === undefined ? [] : [{ flow, packets, bytes }];
  });
  const denied = (['input', 'output', 'forward'] as const).flatMap((hook) => {
    const counter = counters.find(({ name }) => name === DENIED_COUNTERS[hook]);
    return counter === undefined ? [] : [{ hook, packets: counter.packets, bytes: counter.bytes }];
  });
  return {
    enforced,
    flows: flows.toSorted((a, b) => b.packets - a.packets),
    denied,
    neighbours: neighbours(now),
    couldStop: enforced.kind === 'nothing' ? [] : changes(ours, now, intent).closed,
  };
}

function enforcedNow(listing: HostListing, secondsLeft: number | undefined): Enforced {
  const stands = listing.standing();
  switch (stands.kind) {
    case 'absent':
      return { kind: 'nothing' };
    case 'foreign':
      return { kind: 'foreign', reason: stands.reason };
    case 'settled':
      return settled(stands.layout, stands.note);
    case 'trial':
      return {
        kind: 'trial',
        secondsLeft,
        ...noted(stands.candidateNote),
        removes: stands.candidate === 'nothing',
        goesBackTo: settled(stands.layout, stands.note),
      };
    case 'expired':
      return { kind: 'expired', ...noted(stands.candidateNote), goneBackTo: settled(stands.layout, stands.note) };
  }
}

function settled(layout: 'nothing' | 'plain' | 'a' | 'b', note: ChangeNote | undefined): Settled {
  switch (layout) {
    case 'nothing':
      return { kind: 'nothing' };
    case 'plain':
      return { kind: 'plain' };
    case 'a':
    case 'b':
      return { kind: 'confirmed', ...noted(note) };
  }
}

function noted(note: ChangeNote | undefined): { readonly note?: ChangeNote } {
  return note === undefined ? {} : { note };
}
