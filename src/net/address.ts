/** An IP address of either family. Parsed once at the edge (`parseAddress`), then trusted. */
export interface Address {
  readonly family: Family;
  readonly value: bigint; // network order: 0 <= value < 2^32 or 2^128
}

export type Family = 4 | 6;

/** Addresses of one family, `first.value <= last.value`. */
export interface AddressRange {
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint; // inclusive
}

export function addressBits(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128;
}

/** The highest address of a family, as a number: 2^32 - 1 or 2^128 - 1. */
export function highestAddress(family: Family): bigint {
  return family === 4 ? 0xffff_ffffn : (1n << 128n) - 1n;
}

/** 127.0.0.0/8 (RFC 1122 3.2.1.3) and ::1. */
export function isLoopback({ family, value }: Address): boolean {
  return family === 4 ? value >> 24n === 127n : value === 1n;
}

/**
 * Strict text form: four decimal octets without leading zeros, or RFC 4291 2.2 with RFC 5952's reading (no zone id).
 * `undefined` for all else: octal, hexadecimal and short IPv4 forms (`0x7f.1`) are how filters are fooled, never accepted.
 */
export function parseAddress(text: string): Address | undefined {
  return addressAt(text, 0, text.length);
}

/** As `parseAddress` of a stretch of text up to, not including, `end`. */
export function addressAt(text: string, start: number, end: number): Address | undefined {
  const colon = text.indexOf(':', start);
  if (colon !== -1 && colon < end) {
    const value = parseIpv6(text, start, end);
    return value === undefined ? undefined : { family: 6, value };
  }
  const value = parseIpv4(text, start, end);
  return value === undefined ? undefined : { family: 4, value: BigInt(value) };
}

const ZERO = 0x30;
const DOT = 0x2e;
const COLON = 0x3a;

/** Character by character: lists of a hundred thousand addresses are read. */
function parseIpv4(text: string, first: number, end: number): number | undefined {
  if (end - first > 15) return undefined;
  let value = 0;
  let octets = 0;
  for (let at = first; at <= end; at++) {
    let octet = 0;
    const start = at;
    for (; at < end && text.charCodeAt(at) !== DOT; at++) {
      const digit = text.charCodeAt(at) - ZERO;
      if (digit < 0 || digit > 9) return undefined;
      octet = octet * 10 + digit;
    }
    const digits = at - start;
    if (digits === 0 || octet > 255 || (digits > 1 && text.charCodeAt(start) === ZERO)) return undefined;
    value = value * 256 + octet;
    octets++;
  }
  return octets === 4 ? value : undefined;
}

const groups = new DataView(new ArrayBuffer(16)); // of the address that is being read
const octets = new Uint8Array(groups.buffer);

/** At most 8 groups of 16 bits; `::` stands for at least one group of zeros, and a dotted IPv4 tail for the last two. */
function parseIpv6(text: string, first: number, last: number): bigint | undefined {
  if (last - first > 45) return undefined;
  let length = 0; // octets
  let gap = -1; // where `::` stands
  let at = first;
  if (first + 2 <= last && text.startsWith('::', first)) {
    gap = 0;
    at += 2;
  }
  while (at < last) {
    let end = text.indexOf(':', at);
    if (end === -1 || end > last) end = last;
    const group = hextet(text, at, end);
    const dotted = group === undefined && end === last ? parseIpv4(text, at, end) : undefined;
    const added = group === undefined ? 4 : 2;
    if (length + added > 16 || (group === undefined && dotted === undefined)) return undefined;
    if (group !== undefined) groups.setUint16(length, group);
    else if (dotted !== undefined) groups.setUint32(length, dotted);
    length += added;
    at = end + 1;
    if (end === last) break;
    if (at < last && text.charCodeAt(at) === COLON) {
      if (gap !== -1) return undefined;
      gap = length;
      at++;
    } else if (at === last) return undefined; // it ends in a single colon
  }
  if (gap === -1 ? length !== 16 : length > 14) return undefined;
  if (gap !== -1) {
    octets.copyWithin(16 - (length - gap), gap, length);
    octets.fill(0, gap, 16 - (length - gap));
  }
  return (groups.getBigUint64(0) << 64n) | groups.getBigUint64(8);
}

/** One to four hexadecimal digits from `start` up to, not including, `end`. */
function hextet(text: string, start: number, end: number): number | undefined {
  if (end === start || end - start > 4) return undefined;
  let value = 0;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    const letter = code | 0x20;
    const digit = code >= ZERO && code <= 0x39 ? code - ZERO : letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
    if (digit === -1) return undefined;
    value = value * 16 + digit;
  }
  return value;
}

/** Canonical text: dotted decimal, or RFC 5952 (lower case, the first longest run of two or more zero groups as `::`). */
export function formatAddress(address: Address): string {
  return address.family === 4 ? formatIpv4(Number(address.value)) : formatIpv6(address.value);
}

function formatIpv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

function formatIpv6(value: bigint): string {
  const groups: number[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(Number((value >> shift) & 0xffffn));
  // RFC 5952 5: IPv4-mapped addresses keep their dotted tail.
  if (value >> 32n === 0xffffn) return `::ffff:${formatIpv4(Number(value & 0xffff_ffffn))}`;
  let bestStart = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (end < 8 && groups[end] === 0) end++;
    if (end - start > bestLength) {
      bestStart = start;
      bestLength = end - start;
    }
    if (end > start) start = end;
  }
  const hex = groups.map((group) => group.toString(16));
  if (bestStart === -1) return hex.join(':');
  return `${hex.slice(0, bestStart).join(':')}::${hex.slice(bestStart + bestLength).join(':')}`;
}
