import type { Flow, Match } from '../ir/index.ts';
import type { AddressRange } from '../net/index.ts';

/**
 * Long lists of rules or set elements are not asked one by one: an index over the one dimension that tells most of them
 * apart (destination, source or destination port) gives the few that can match, in order. It only leaves out what cannot match, so it is
 * no second opinion on what a match means.
 */
const SHORT = 24; // below this, asking each is faster
const MAX_COVER = 16; // mean number of items over one value that an index may hold for each item

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
export function candidates<T>(items: readonly T[], matchOf: (item: T) => Match, extentOf: ExtentOf): Iterable<number> {
  if (items.length < SHORT) return items.keys();
  let index = indexes.get(items);
  if (index === undefined) {
    index = new Index(items.map(matchOf));
    indexes.set(items, index);
  }
  return index.lookUp(extentOf);
}

class Index {
  readonly #dimension: Dimension | undefined;
  readonly #starts: readonly bigint[]; // segment i holds for values from starts[i] up to, not including, starts[i + 1]
  readonly #rounded: Float64Array; // the same as floating-point numbers: most comparisons need no more
  readonly #segments: readonly (readonly number[])[];
  readonly #others: readonly number[]; // items that the dimension says nothing about
  readonly #count: number;

  constructor(matches: readonly Match[]) {
    this.#count = matches.length;
    const built = DIMENSIONS.map((dimension) => build(dimension, matches)).filter((each) => each !== undefined);
    const best = built.toSorted((a, b) => a.cost - b.cost)[0];
    this.#dimension = best?.dimension;
    this.#starts = best?.starts ?? [];
    this.#rounded = Float64Array.from(this.#starts, Number);
    this.#segments = best?.segments ?? [];
    this.#others = best?.others ?? [];
  }

  lookUp(extentOf: ExtentOf): Iterable<number> {
    if (this.#dimension === undefined) return Array(this.#count).keys();
    const extent = extentOf(this.#dimension);
    if (extent === 'absent') return this.#others;
    if (extent === 'any') return Array(this.#count).keys();
    const first = this.#segmentAt(extent.first);
    if (extent.last !== extent.first && this.#segmentAt(extent.last) !== first) return Array(this.#count).keys();
    return merged(this.#segments[first] ?? [], this.#others);
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
  readonly cost: number; // how many items are asked for a typical value
}

/** A line cut at every border, with the items over each piece; `undefined` where that would be as large as it is useless. */
function build(dimension: Dimension, matches: readonly Match[]): Built | undefined {
  const others: number[] = [];
  const borders: { readonly at: bigint; readonly item: number; readonly opens: boolean }[] = [];
  for (const [item, match] of matches.entries()) {
    const extents = extentsOf(match, dimension);
    if (extents === undefined) others.push(item);
    for (const { first, last } of extents ?? []) {
      borders.push({ at: first, item, opens: true }, { at: last + 1n, item, opens: false });
    }
  }
  if (others.length > matches.length / 2) return undefined;
  borders.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
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
    if (total > MAX_COVER * matches.length) return undefined;
  }
  return { dimension, starts, segments, others, cost: others.length + total / Math.max(1, segments.length) };
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
