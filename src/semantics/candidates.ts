import type { Flow, Match } from '../ir/index.ts';
import type { AddressRange } from '../net/index.ts';

/**
 * Long lists of rules or set elements are not asked one by one: an index over the one dimension that tells most of them
 * apart (destination, source or destination port) gives the few that can match, in order. It only leaves out what cannot match, so it is
 * no second opinion on what a match means.
 */
const SHORT = 24; // below this, asking each is faster
const ALL_OF_SHORT: readonly (readonly number[])[] = Array.from({ length: SHORT }, (_, length) => [
  ...Array(length).keys(),
]);
const MAX_COVER = 16; // mean number of items over one value that an index may hold for each item
const MAX_SILENT = 7 / 8; // of the items: an index over a dimension of which more say nothing tells too few apart

export type Dimension = 'dst' | 'src' | 'dport';
const DIMENSIONS: readonly Dimension[] = ['dst', 'src', 'dport'];

export interface Extent {
  readonly first: bigint;
  readonly last: bigint; // inclusive
}

/** The values of a dimension that are asked about; `absent` where the packets have none, `any` where nothing is known. */
export type ExtentOf = (dimension: Dimension) => Extent | 'absent' | 'any';

/** IPv6 addresses stand behind the IPv4 ones on one line. */
const IPV6_OFFSET = 1n << 32n;

const indexes = new WeakMap<object, Index>();

/** Positions, ascending, of the items whose match can hold for what is asked about. The list must not change once asked. */
export function candidates<T>(items: readonly T[], matchOf: (item: T) => Match, extentOf: ExtentOf): readonly number[] {
  if (items.length < SHORT) return ALL_OF_SHORT[items.length]!;
  let index = indexes.get(items);
  if (index === undefined) {
    const matches = items.map(matchOf);
    index = indexOf(matches, [...matches.keys()], DIMENSIONS);
    indexes.set(items, index);
  }
  return index.lookUp(extentOf);
}

interface Index {
  readonly lookUp: (extentOf: ExtentOf) => readonly number[];
}

/** An index over the dimension that leaves the fewest items to ask; what it says nothing about stands in one over the others. */
function indexOf(matches: readonly Match[], items: readonly number[], dimensions: readonly Dimension[]): Index {
  if (items.length < SHORT) return new All(items);
  let best: Built | undefined;
  for (const dimension of dimensions) {
    const extents = items.map((item) => extentsOf(matches[item]!, dimension));
    const silent = extents.reduce((sum, each) => sum + (each === undefined ? 1 : 0), 0);
    const built = silent > items.length * MAX_SILENT ? undefined : build({ dimension, extents }, items);
    if (built !== undefined && (best === undefined || built.asked < best.asked)) best = built;
  }
  if (best === undefined) return new All(items);
  const { dimension } = best;
  const others = dimensions.filter((each) => each !== dimension);
  return new Cut(best, items, indexOf(matches, best.others, others));
}

/** What each of some items leaves possible of a dimension; `undefined` where it says nothing about it. */
interface Said {
  readonly dimension: Dimension;
  readonly extents: readonly (readonly Extent[] | undefined)[];
}

/** No index: each is asked. */
class All implements Index {
  readonly #items: readonly number[];

  constructor(items: readonly number[]) {
    this.#items = items;
  }

  lookUp(): readonly number[] {
    return this.#items;
  }
}

class Cut implements Index {
  readonly #dimension: Dimension;
  readonly #starts: readonly bigint[]; // segment i holds for values from starts[i] up to, not including, starts[i + 1]
  readonly #rounded: Float64Array; // the same as floating-point numbers: most comparisons need no more
  readonly #segments: readonly (readonly number[])[];
  readonly #items: readonly number[];
  readonly #others: Index; // items that the dimension says nothing about

  constructor({ dimension, starts, segments }: Built, items: readonly number[], others: Index) {
    this.#dimension = dimension;
    this.#starts = starts;
    this.#rounded = Float64Array.from(starts, Number);
    this.#segments = segments;
    this.#items = items;
    this.#others = others;
  }

  lookUp(extentOf: ExtentOf): readonly number[] {
    const extent = extentOf(this.#dimension);
    if (extent === 'absent') return this.#others.lookUp(extentOf);
    if (extent === 'any') return this.#items;
    const first = this.#segmentAt(extent.first);
    if (extent.last !== extent.first && this.#segmentAt(extent.last) !== first) return this.#items;
    return merged(this.#segments[first] ?? [], this.#others.lookUp(extentOf));
  }

  /** The segment that holds a value; -1 below the first. */
  #segmentAt(value: bigint): number {
    const rounded = Number(value); // in no other order than the values themselves, but several may become one
    let low = -1;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#rounded[middle]! <= rounded) low = middle;
      else high = middle - 1;
    }
    while (low >= 0 && this.#starts[low]! > value) low--;
    return low;
  }
}

interface Built {
  readonly dimension: Dimension;
  readonly starts: readonly bigint[];
  readonly segments: readonly (readonly number[])[];
  readonly others: readonly number[];
  readonly asked: number; // items for a value, in the mean over the pieces
}

/** A line cut at every border, with the items over each piece; `undefined` where that would be as large as it is useless. */
function build({ dimension, extents }: Said, items: readonly number[]): Built | undefined {
  const others: number[] = [];
  const borders: { readonly at: bigint; readonly rounded: number; readonly item: number; readonly opens: boolean }[] =
    [];
  const border = (at: bigint, item: number, opens: boolean) => borders.push({ at, rounded: Number(at), item, opens });
  for (const [position, item] of items.entries()) {
    const own = extents[position];
    if (own === undefined) others.push(item);
    for (const { first, last } of own ?? []) {
      border(first, item, true);
      border(last + 1n, item, false);
    }
  }
  borders.sort((a, b) => a.rounded - b.rounded || (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const open = new Map<number, number>(); // item -> how many of its extents cover the place: they may overlap
  const starts: bigint[] = [];
  const segments: (readonly number[])[] = [];
  let total = 0;
  for (let at = 0; at < borders.length; ) {
    const place = borders[at]!.at;
    for (; at < borders.length && borders[at]!.at === place; at++) {
      const { item, opens } = borders[at]!;
      const depth = (open.get(item) ?? 0) + (opens ? 1 : -1);
      if (depth === 0) open.delete(item);
      else open.set(item, depth);
    }
    starts.push(place);
    segments.push([...open.keys()].sort((a, b) => a - b));
    total += open.size;
    if (total > MAX_COVER * items.length) return undefined;
  }
  return { dimension, starts, segments, others, asked: total / Math.max(1, segments.length) + others.length };
}

/** The values that a match leaves possible, at most; `undefined` where it says nothing that is simple enough to use. */
function extentsOf(match: Match, dimension: Dimension): readonly Extent[] | undefined {
  switch (match.kind) {
    case 'address':
      if (match.side !== dimension) return undefined;
      return match.ranges.map(addressExtent);
    case 'field':
      if (match.field !== dimension) return undefined;
      return match.ranges.map(({ first, last }) => ({ first: BigInt(first), last: BigInt(last) }));
    case 'all':
      for (const part of match.of) {
        const extents = extentsOf(part, dimension);
        if (extents !== undefined) return extents;
      }
      return undefined;
    case 'any': {
      const parts = match.of.map((part) => extentsOf(part, dimension));
      return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
    }
    case 'nothing':
      return [];
    case 'everything':
    case 'not':
    case 'interface':
    case 'quantity':
    case 'symbol':
      return undefined;
  }
}

/** One packet's place in each dimension. */
export function extentsOfFlow(flow: Flow): ExtentOf {
  return (dimension) => {
    if (dimension !== 'dport')
      return addressExtent({ ...flow[dimension], first: flow[dimension].value, last: flow[dimension].value });
    return flow.dport === undefined ? 'absent' : { first: BigInt(flow.dport), last: BigInt(flow.dport) };
  };
}

/** Where addresses lie on the line of both families. */
export function addressExtent({ family, first, last }: AddressRange): Extent {
  const offset = family === 6 ? IPV6_OFFSET : 0n;
  return { first: first + offset, last: last + offset };
}

/** Two ascending lists as one. */
function merged(a: readonly number[], b: readonly number[]): readonly number[] {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const both: number[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (j === b.length || (i < a.length && a[i]! < b[j]!)) both.push(a[i++]!);
    else both.push(b[j++]!);
  }
  return both;
}
