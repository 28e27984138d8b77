import {
  type Address,
  type AddressRange,
  addressBits,
  type Family,
  formatAddress,
  highestAddress,
  parseAddress,
} from './address.ts';

/** A CIDR prefix whose host bits are zero. */
export interface Prefix {
  readonly family: Family;
  readonly value: bigint; // the first address
  readonly length: number; // 0-32 or 0-128
}

/** What `parsePrefix` has against a text: `host-bits` carries what was probably meant. */
export type PrefixProblem = { readonly kind: 'malformed' } | { readonly kind: 'host-bits'; readonly meant: Prefix };

/** `10.0.0.0/8`, `2001:db8::/32`, or an address alone (its full length). Host bits set are a problem, never masked silently. */
export function parsePrefix(text: string): Prefix | PrefixProblem {
  const slash = text.indexOf('/');
  const address = parseAddress(slash === -1 ? text : text.slice(0, slash));
  if (address === undefined) return { kind: 'malformed' };
  const bits = addressBits(address.family);
  if (slash === -1) return { family: address.family, value: address.value, length: bits };
  const suffix = text.slice(slash + 1);
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(suffix) || Number(suffix) > bits) return { kind: 'malformed' };
  const length = Number(suffix);
  const hostBits = BigInt(bits - length);
  const value = (address.value >> hostBits) << hostBits;
  const prefix: Prefix = { family: address.family, value, length };
  return value === address.value ? prefix : { kind: 'host-bits', meant: prefix };
}

/** A prefix from text that the program itself wrote down. @throws RangeError where the text is none: a mistake of ours. */
export function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  if ('kind' in parsed) throw new RangeError(`not a prefix: ${text}`);
  return parsed;
}

export function formatPrefix(prefix: Prefix): string {
  const address = formatAddress(prefix);
  return prefix.length === addressBits(prefix.family) ? address : `${address}/${prefix.length}`;
}

export function prefixRange(prefix: Prefix): AddressRange {
  const hostBits = BigInt(addressBits(prefix.family) - prefix.length);
  return { family: prefix.family, first: prefix.value, last: prefix.value + (1n << hostBits) - 1n };
}

/** The range of one prefix or address in text. @throws RangeError as `prefix` does. */
export function range(text: string): AddressRange {
  return prefixRange(prefix(text));
}

export function addressRange(address: Address): AddressRange {
  return { family: address.family, first: address.value, last: address.value };
}

export function wholeFamily(family: Family): AddressRange {
  return { family, first: 0n, last: highestAddress(family) };
}

/** The fewest prefixes that cover exactly the range, in ascending order: at most 2 * bits - 2 of them. */
export function rangePrefixes(range: AddressRange): Prefix[] {
  const bits = addressBits(range.family);
  const prefixes: Prefix[] = [];
  let first = range.first;
  while (first <= range.last) {
    let hostBits = first === 0n ? bits : trailingZeros(first);
    while (first + (1n << BigInt(hostBits)) - 1n > range.last) hostBits--;
    prefixes.push({ family: range.family, value: first, length: bits - hostBits });
    first += 1n << BigInt(hostBits);
  }
  return prefixes;
}

function trailingZeros(value: bigint): number {
  let count = 0;
  for (let rest = value; (rest & 1n) === 0n; rest >>= 1n) count++;
  return count;
}

/** A prefix where the range is one, else `first-last`. */
export function formatRange(range: AddressRange): string {
  const first: Address = { family: range.family, value: range.first };
  const size = range.last - range.first + 1n;
  if ((size & (size - 1n)) === 0n && (range.first & (size - 1n)) === 0n) {
    const hostBits = size.toString(2).length - 1;
    return formatPrefix({ ...first, length: addressBits(range.family) - hostBits });
  }
  return `${formatAddress(first)}-${formatAddress({ family: range.family, value: range.last })}`;
}
