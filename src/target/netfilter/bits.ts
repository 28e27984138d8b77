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
  // Of the values below 2^(bit + 1), where the bits above have made `masked`. A bit that is not kept says the same twice, and is asked once:
  // with twenty such bits there would be a million questions.
  const below = (bit: number, masked: bigint): readonly Interval[] => {
    const free = (1n << BigInt(bit + 1)) - 1n;
    const highest = masked + (keep & free);
    if (!intervals.some(({ first, last }) => first <= highest && masked <= last)) return [];
    if (intervals.some(({ first, last }) => first <= masked && highest <= last)) return [{ first: 0n, last: free }];
    const one = 1n << BigInt(bit);
    const zeros = below(bit - 1, masked);
    return joined(zeros, (keep & one) === 0n ? zeros : below(bit - 1, masked + one), one);
  };
  return [...below(bits - 1, 0n)];
}

/** Intervals, and behind them others moved by an offset. */
function joined(low: readonly Interval[], high: readonly Interval[], offset: bigint): readonly Interval[] {
  const moved = high.map(({ first, last }) => ({ first: first + offset, last: last + offset }));
  const [before, behind] = [low.at(-1), moved[0]];
  const meets = before !== undefined && behind !== undefined && before.last + 1n === behind.first;
  const all = meets
    ? [...low.slice(0, -1), { first: before.first, last: behind.last }, ...moved.slice(1)]
    : [...low, ...moved];
  if (all.length > MOST_RANGES) throw new TooManyRanges();
  return all;
}

export function toIntervals(ranges: readonly Range[]): Interval[] {
  return ranges.map(({ first, last }) => ({ first: BigInt(first), last: BigInt(last) }));
}

export function toRanges(intervals: readonly Interval[]): Range[] {
  return intervals.map(({ first, last }) => ({ first: Number(first), last: Number(last) }));
}
