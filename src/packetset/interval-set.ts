/** Whole numbers from `first` to `last`, both inclusive. */
export interface Interval {
  readonly first: bigint;
  readonly last: bigint; // inclusive
}

/**
 * A set of whole numbers as sorted, disjoint, non-adjacent intervals: equal sets have equal lists.
 *
 *     (a ∪ b) \ b = a \ b      a \ (a \ b) = a ∩ b      a ∪ a = a
 */
export class IntervalSet {
  readonly intervals: readonly Interval[];

  private constructor(intervals: readonly Interval[]) {
    this.intervals = intervals;
  }

  static readonly empty = new IntervalSet([]);

  /** The union of intervals in any order. @throws RangeError where an interval ends before it begins. */
  static of(intervals: Iterable<Interval>): IntervalSet {
    const sorted = [...intervals];
    if (sorted.length === 0) return IntervalSet.empty;
    if (sorted.length > 1) sorted.sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
    const merged: Interval[] = [];
    for (const next of sorted) {
      if (next.last < next.first) throw new RangeError(`interval ends before it begins: ${next.first}-${next.last}`);
      const previous = merged.at(-1);
      if (previous !== undefined && next.first <= previous.last + 1n) {
        if (next.last > previous.last) merged[merged.length - 1] = { first: previous.first, last: next.last };
      } else merged.push({ first: next.first, last: next.last });
    }
    return new IntervalSet(merged);
  }

  isEmpty(): boolean {
    return this.intervals.length === 0;
  }

  has(value: bigint): boolean {
    let low = 0;
    let high = this.intervals.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.intervals[middle]!.last < value) low = middle + 1;
      else high = middle;
    }
    const found = this.intervals[low];
    return found !== undefined && found.first <= value;
  }

  equals(other: IntervalSet): boolean {
    return (
      this.intervals.length === other.intervals.length &&
      this.intervals.every(
        (own, at) => own.first === other.intervals[at]!.first && own.last === other.intervals[at]!.last,
      )
    );
  }

  union(other: IntervalSet): IntervalSet {
    return IntervalSet.of([...this.intervals, ...other.intervals]);
  }

  intersect(other: IntervalSet): IntervalSet {
    const common: Interval[] = [];
    let i = 0;
    let j = 0;
    while (i < this.intervals.length && j < other.intervals.length) {
      const a = this.intervals[i]!;
      const b = other.intervals[j]!;
      const first = larger(a.first, b.first);
      const last = smaller(a.last, b.last);
      if (first <= last) common.push({ first, last });
      if (a.last < b.last) i++;
      else j++;
    }
    return new IntervalSet(common);
  }

  subtract(other: IntervalSet): IntervalSet {
    const rest: Interval[] = [];
    let j = 0;
    for (const own of this.intervals) {
      let first = own.first;
      while (j < other.intervals.length && other.intervals[j]!.last < first) j++;
      for (let k = j; k < other.intervals.length && other.intervals[k]!.first <= own.last; k++) {
        const hole = other.intervals[k]!;
        if (hole.first > first) rest.push({ first, last: hole.first - 1n });
        first = hole.last + 1n;
      }
      if (first <= own.last) rest.push({ first, last: own.last });
    }
    return new IntervalSet(rest);
  }
}

// `Math.min` and `Math.max` do not take bigint.
function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function larger(a: bigint, b: bigint): bigint {
  return a < b ? b : a;
}
