import { type Family, formatAddress, highestAddress } from '../../../src/net/index.ts';
import type { Random } from '../random.ts';

/** Few values and their neighbours, so that rules meet and overlap, and packets fall on both sides of every border. */
export const PREFIXES: Readonly<Record<Family, readonly string[]>> = {
  4: [
    '0.0.0.0/1',
    '10.0.0.0/8',
    '10.0.0.0/24',
    '10.0.0.0/31',
    '10.0.0.128/25',
    '127.0.0.0/8',
    '128.0.0.0/1',
    '172.16.0.0/12',
    '192.0.2.0/24',
    '192.0.2.64/26',
    '203.0.113.0/24',
    '203.0.113.7/32',
    '224.0.0.0/4',
  ],
  6: [
    '2000::/3',
    '2001:db8::/32',
    '2001:db8::/64',
    '2001:db8::/127',
    '2001:db8:0:1::/64',
    '2001:db8:8000::/33',
    'fc00::/7',
    'fd00::/8',
    'fd00:1::/48',
    'fe80::/10',
    'ff00::/8',
    '::1/128',
    '8000::/1',
  ],
};

/** The address masks that people write beside prefixes: an interface identifier, a host number, every other bit. */
export const MASKS: Readonly<Record<Family, readonly string[]>> = {
  4: ['255.0.0.255', '0.0.0.255', '255.255.0.0', '0.0.1.1', '128.0.0.1'],
  6: ['::ffff:ffff:ffff:ffff', 'ffff::ffff', '::1', 'ff00::', 'ffff:ffff::'],
};

export const PORTS = [0, 1, 22, 53, 80, 443, 1023, 1024, 8080, 32768, 60999, 65534, 65535] as const;
export const ACCOUNTS = [0, 1, 33, 998, 999, 1000, 65534] as const;
export const MARK_VALUES = [0, 1, 2, 0x3fff, 0x4000, 0x4001, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] as const;
export const MARK_MASKS = [1, 0xff, 0x4000, 0xffff, 0x8000_0001, 0xffff_ff00] as const;
/** Numbers of protocols; the kernel skips 0, 43, 44, 51 and 60 in IPv6 as headers before another. */
export const PROTOCOL_NUMBERS = [1, 2, 6, 17, 33, 47, 50, 58, 132, 136, 200, 255] as const;

export interface Span {
  readonly first: bigint;
  readonly last: bigint; // inclusive
}

export function addressText(family: Family, value: bigint): string {
  return formatAddress({ family, value });
}

/** An address on a border of a prefix, or next to one. */
export function edgeAddress(random: Random, family: Family, spans: readonly Span[]): bigint {
  const { first, last } = random.pick(spans);
  const edge = random.pick([first, last, first + 1n, last - 1n, first - 1n, last + 1n, (first + last) / 2n]);
  return edge < 0n ? 0n : edge > highestAddress(family) ? highestAddress(family) : edge;
}

/** So many disjoint spans with ends among the points, in ascending order; `exact`: single points. */
export function disjoint<T extends number | bigint>(
  random: Random,
  points: readonly T[],
  count: number,
  exact: boolean,
): { readonly first: T; readonly last: T }[] {
  const sorted = [...new Set(points)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const chosen = random.some(sorted, exact ? count : 2 * count);
  if (exact) return chosen.map((point) => ({ first: point, last: point }));
  return chosen.flatMap((first, index) => {
    if (index % 2 === 1) return [];
    return [{ first, last: random.chance(0.3) ? first : (chosen[index + 1] ?? first) }];
  });
}
