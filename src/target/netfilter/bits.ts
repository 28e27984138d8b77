import type { Range } from '../../ir/index.ts';
import { NotUnderstood } from './not-understood.ts';

/** Thrown where a condition is clear, but would be more ranges than make sense. */
export class TooManyRanges extends NotUnderstood {
  constructor() {
    super('its bits make too many ranges');
  }
}

export interface Interval {
  readonly first: bigint;
  readonly last: bigint; // inclusive
}

/** The values `x` of which `x >> shift` lies in the intervals. */
export function beforeShift(intervals: readonly Interval[], shift: number): Interval[] {
  const by = BigInt(shift);
  return intervals.map(({ first, last }) => ({ first: first << by, last: ((last + 1n) << by) - 1n }));
}

/** The values `x` of which `x ^ flip` lies in the intervals: each is taken apart into aligned blocks, which stay blocks. */
export function beforeFlip(intervals: readonly Interval[], flip: bigint): Interval[] {
  if (flip === 0n) return [...intervals];
  const blocks: Interval[] = [];
  for (const { first, last } of intervals) {
    for (let at = first; at <= last; ) {
      let size = at === 0n ? 1n << 128n : at & -at;
      while (at + size - 1n > last) size >>= 1n;
      const start = (at ^ flip) & ~(size - 1n);
      blocks.push({ first: start, last: start + size - 1n });
      if (blocks.length > MOST_RANGES) throw new TooManyRanges();
      at += size;
    }
  }
  return blocks.sort((a, b) => (a.first < b.first ? -1 : 1));
}

/** Ranges that one comparison may become; beyond it the comparison is known by its text only. */
const MOST_RANGES = 4096;

/** The values of so many bits of which `value & keep` lies in the intervals, in order. */
export function beforeMask(intervals: readonly Interval[], keep: bigint, bits: number): Interval[] {
  const found: { first: bigint; last: bigint }[] = [];
  const add = (first: bigint, last: bigint): void => {
    const before = found.at(-1);
    if (before !== undefined && before.last + 1n === first) before.last = last;
    else found.push({ first, last });
    if (found.length > MOST_RANGES) throw new TooManyRanges();
  };
  // `value` and `masked` are what the bits above `bit` make; below, all is open.
  const descend = (bit: number, value: bigint, masked: bigint): void => {
    const free = (1n << BigInt(bit + 1)) - 1n;
    const highest = masked + (keep & free);
    if (!intervals.some(({ first, last }) => first <= highest && masked <= last)) return;
    if (intervals.some(({ first, last }) => first <= masked && highest <= last)) {
      add(value, value + free);
      return;
    }
    const one = 1n << BigInt(bit);
    descend(bit - 1, value, masked);
    descend(bit - 1, value + one, (keep & one) === 0n ? masked : masked + one);
  };
  descend(bits - 1, 0n, 0n);
  return found;
}

export function toIntervals(ranges: readonly Range[]): Interval[] {
  return ranges.map(({ first, last }) => ({ first: BigInt(first), last: BigInt(last) }));
}

export function toRanges(intervals: readonly Interval[]): Range[] {
  return intervals.map(({ first, last }) => ({ first: Number(first), last: Number(last) }));
}
