import type { DiagramStore } from './diagram.ts';
import { type Interval, IntervalSet } from './interval-set.ts';

/** Which of the four dimensions of a 128-bit value; 0 is the most significant. */
export type Limb = 0 | 1 | 2 | 3;

const HIGHEST_LIMB = 0xffff_ffff;
const MASK_32 = 0xffff_ffffn;

/** The part of a 128-bit value that a limb holds. */
export function limbOf(value: bigint, limb: Limb): number {
  return Number((value >> BigInt(96 - 32 * limb)) & MASK_32);
}

interface NumberRange {
  readonly first: number;
  readonly last: number; // inclusive
}

/** `inside` for a dimension's values from 0 to `max` that lie in any of the ranges (any order, may overlap), 0 for the others. */
export function rangesNode(
  store: DiagramStore,
  dimension: number,
  max: number,
  ranges: readonly NumberRange[],
  inside = 1,
): number {
  const [only] = ranges;
  if (only !== undefined && ranges.length === 1)
    return only.first <= only.last && only.first <= max ? store.cut(dimension, only.first, only.last, max, inside) : 0;
  const sorted = ranges.filter((range) => range.first <= range.last).sort((a, b) => a.first - b.first);
  const edges: [number, number][] = [];
  let next = 0; // the first value without an edge
  for (const range of sorted) {
    const last = Math.min(range.last, max);
    if (last < next) continue;
    if (range.first > next) edges.push([range.first - 1, 0]);
    edges.push([last, inside]);
    next = last + 1;
  }
  if (next <= max) edges.push([max, 0]);
  return store.node(dimension, edges);
}

/** `inside` for 128-bit values, over the four dimensions from `first` on, that lie in any of the intervals (any order, may overlap), 0 for the others. */
export function wideNode(store: DiagramStore, first: number, intervals: readonly Interval[], inside = 1): number {
  const [only] = intervals;
  if (only === undefined) return 0;
  if (intervals.length === 1) {
    const node = prefixNode(store, first, only, inside);
    if (node !== undefined) return node;
  }
  const sorted = IntervalSet.of(intervals).intervals;
  return limbNode({ store, first, inside }, sorted, 0, sorted.length, 0);
}

/** What most intervals are: one value, or all that begin with the same limbs and lie in a range of the next; else `undefined`. */
function prefixNode(
  store: DiagramStore,
  dimension: number,
  { first, last }: Interval,
  inside: number,
): number | undefined {
  const [low, high] = [limbsOf(first), limbsOf(last)];
  let at = 0;
  while (at < 3 && low[at] === high[at]) at++;
  for (let below = at + 1; below < 4; below++) if (low[below] !== 0 || high[below] !== HIGHEST_LIMB) return undefined;
  let node = store.cut(dimension + at, low[at]!, high[at]!, HIGHEST_LIMB, inside);
  for (let above = at - 1; above >= 0; above--)
    node = store.cut(dimension + above, low[above]!, low[above]!, HIGHEST_LIMB, node);
  return node;
}

function limbsOf(value: bigint): readonly number[] {
  return [limbOf(value, 0), limbOf(value, 1), limbOf(value, 2), limbOf(value, 3)];
}

interface WideDimensions {
  readonly store: DiagramStore;
  readonly first: number; // of the four
  readonly inside: number;
}

/** Intervals `from` (inclusive) to `to` (exclusive) of a sorted list without overlaps, which agree in all bits above this limb's. */
function limbNode(
  over: WideDimensions,
  intervals: readonly Interval[],
  from: number,
  to: number,
  limb: number,
): number {
  if (from >= to) return 0;
  const shift = BigInt(96 - 32 * limb);
  const lowMask = (1n << shift) - 1n;
  const edges: [number, number][] = [];
  let next = 0;
  let at = from;
  let pending: Interval | undefined; // what is left of an interval that reaches beyond the value just done
  while (at < to || pending !== undefined) {
    const current = pending ?? intervals[at++]!;
    pending = undefined;
    const first = Number((current.first >> shift) & MASK_32);
    const last = Number((current.last >> shift) & MASK_32);
    const wholeFirst = (current.first & lowMask) === 0n;
    const wholeLast = (current.last & lowMask) === lowMask;
    if (wholeFirst && (first < last || wholeLast)) {
      const wholeEnd = wholeLast ? last : last - 1;
      if (first > next) edges.push([first - 1, 0]);
      edges.push([wholeEnd, over.inside]);
      next = wholeEnd + 1;
      if (!wholeLast) pending = { first: (current.last >> shift) << shift, last: current.last };
      continue;
    }
    // Everything that falls into this one value of the limb goes one limb down together.
    const inValue: Interval[] = [];
    let piece: Interval | undefined = current;
    while (piece !== undefined) {
      const end: bigint = ((piece.first >> shift) << shift) + lowMask;
      if (piece.last > end) {
        inValue.push({ first: piece.first, last: end });
        pending = { first: end + 1n, last: piece.last };
        break;
      }
      inValue.push(piece);
      const following: Interval | undefined = intervals[at];
      const same: boolean =
        at < to && following !== undefined && Number((following.first >> shift) & MASK_32) === first;
      piece = same ? following : undefined;
      if (same) at++;
    }
    if (first > next) edges.push([first - 1, 0]);
    edges.push([first, limbNode(over, inValue, 0, inValue.length, limb + 1)]);
    next = first + 1;
  }
  if (next <= HIGHEST_LIMB) edges.push([HIGHEST_LIMB, 0]);
  return over.store.node(over.first + limb, edges);
}
