import { type AddressRange, type Family, wholeFamily } from '../net/index.ts';
import { AddressSet } from '../packetset/index.ts';
import type { Bounds } from './bounds.ts';
import type { CompiledRule } from './compiled-rule.ts';
import type { PeerView } from './peer-view.ts';
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
  const sorted = [...starts].sort(ascending);
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
    for (const { cell, bounds } of sweep(profile, family)) {
      const same = pieces.get(bounds);
      if (same === undefined) pieces.set(bounds, [cell]);
      else same.push(cell);
    }
  }
  return [...pieces].map(([bounds, ranges]) => ({ addresses: AddressSet.of(ranges), bounds }));
}

/** From the lowest address to the highest, with the rules whose blocks begin and end on the way: lists of blocks can be long. */
function* sweep(profile: Profile, family: Family): Generator<{ readonly cell: AddressRange; readonly bounds: Bounds }> {
  const { first, last } = wholeFamily(family);
  const borders = new Map<bigint, { readonly begin: CompiledRule[]; readonly end: CompiledRule[] }>();
  const border = (at: bigint) => {
    let known = borders.get(at);
    if (known === undefined) {
      known = { begin: [], end: [] };
      borders.set(at, known);
    }
    return known;
  };
  border(first);
  for (const rule of profile.rules) {
    for (const interval of rule.addresses.of(family).intervals) {
      border(interval.first).begin.push(rule);
      if (interval.last < last) border(interval.last + 1n).end.push(rule);
    }
  }
  const starts = [...borders.keys()].sort(ascending);
  const about = new Set<CompiledRule>();
  const view: PeerView = { level: (rule) => (rule.everybody || about.has(rule) ? 2 : 0) };
  for (const [at, start] of starts.entries()) {
    const { begin, end } = borders.get(start)!;
    for (const rule of end) about.delete(rule);
    for (const rule of begin) about.add(rule);
    const cell = { family, first: start, last: at + 1 < starts.length ? starts[at + 1]! - 1n : last };
    yield { cell, bounds: profile.towards(view, []) };
  }
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
