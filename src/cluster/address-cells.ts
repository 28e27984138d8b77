import { type AddressRange, type Family, wholeFamily } from '../net/index.ts';
import { AddressSet } from '../packetset/index.ts';
import type { Bounds } from './bounds.ts';
import { AddressView } from './peer-view.ts';
import type { Profile } from './profile.ts';

/** Addresses that fare alike. */
export interface AddressBlock {
  readonly addresses: AddressSet;
  readonly bounds: Bounds;
}

/** `within` in pieces that no rule of the profile tells apart; ascending. */
export function addressCells(profile: Profile, within: AddressRange): AddressRange[] {
  const { family, first, last } = within;
  const starts = new Set([first]);
  for (const { addresses } of profile.rules) {
    for (const interval of addresses.of(family).intervals) {
      if (interval.first > first && interval.first <= last) starts.add(interval.first);
      if (interval.last >= first && interval.last < last) starts.add(interval.last + 1n);
    }
  }
  const sorted = [...starts].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return sorted.map((start, at) => ({
    family,
    first: start,
    last: at + 1 < sorted.length ? sorted[at + 1]! - 1n : last,
  }));
}

const FAMILIES: readonly Family[] = [4, 6];

/**
 * All addresses outside, as a profile treats them: blocks are as large as they can be. What is allowed by a name, or because an address is the API
 * server's, is left out: those are ends of their own.
 */
export function addressBlocks(profile: Profile): AddressBlock[] {
  const pieces = new Map<Bounds, AddressRange[]>();
  for (const family of FAMILIES) {
    for (const cell of addressCells(profile, wholeFamily(family))) {
      const bounds = profile.towards(new AddressView(cell, true), []);
      const same = pieces.get(bounds);
      if (same === undefined) pieces.set(bounds, [cell]);
      else same.push(cell);
    }
  }
  return [...pieces].map(([bounds, ranges]) => ({ addresses: AddressSet.of(ranges), bounds }));
}
