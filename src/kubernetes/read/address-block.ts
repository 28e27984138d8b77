import { type AddressRange, parsePrefix, prefixRange } from '../../net/index.ts';
import { badValue } from './label-selector.ts';
import type { Part } from './part.ts';

/** A CIDR. As the API server takes it: bits behind its length do not count (`IsValidCIDRForLegacyField`). */
export function addressBlock(part: Part): AddressRange | undefined {
  const text = part.text();
  if (text === undefined) return undefined;
  const prefix = text.includes('/') ? parsePrefix(text) : undefined;
  if (prefix === undefined) return badValue(part, 'a block of addresses such as `10.0.0.0/8` or `fd00::/8`');
  if (!('kind' in prefix)) return prefixRange(prefix);
  return prefix.kind === 'host-bits'
    ? prefixRange(prefix.meant)
    : badValue(part, 'a block of addresses such as `10.0.0.0/8` or `fd00::/8`');
}

/** `whole` without the others, which lie in it: sorted, disjoint. */
export function without(whole: AddressRange, others: readonly AddressRange[]): AddressRange[] {
  const { family } = whole;
  const left: AddressRange[] = [];
  let first = whole.first;
  for (const other of others.toSorted((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))) {
    if (other.first > first) left.push({ family, first, last: other.first - 1n });
    if (other.last >= first) first = other.last + 1n;
  }
  if (first <= whole.last) left.push({ family, first, last: whole.last });
  return left;
}

/** Sorted (IPv4 first), disjoint, with neighbours joined. */
export function joined(ranges: readonly AddressRange[]): AddressRange[] {
  const result: AddressRange[] = [];
  const sorted = ranges.toSorted((a, b) => a.family - b.family || (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  for (const range of sorted) {
    const last = result.at(-1);
    if (last === undefined || last.family !== range.family || range.first > last.last + 1n) result.push(range);
    else if (range.last > last.last) result[result.length - 1] = { ...last, last: range.last };
  }
  return result;
}
