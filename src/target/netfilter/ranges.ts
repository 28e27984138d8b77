import type { Range } from '../../ir/index.ts';

/** The whole numbers from 0 to `max` (inclusive) that lie in none of the ranges. */
export function complement(ranges: readonly Range[], max: number): Range[] {
  const gaps: Range[] = [];
  let next = 0;
  for (const range of ranges.toSorted((a, b) => a.first - b.first)) {
    if (range.first > next) gaps.push({ first: next, last: range.first - 1 });
    next = Math.max(next, range.last + 1);
  }
  if (next <= max) gaps.push({ first: next, last: max });
  return gaps;
}
