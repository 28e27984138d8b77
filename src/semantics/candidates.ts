import type { Flow, Match } from '../ir/index.ts';
import type { AddressRange } from '../net/index.ts';
import { CutLine } from './cut-line.ts';

/**
 * Long lists of rules or set elements are not asked one by one: an index over the dimension that tells most of them apart
 * (destination, source or destination port), and where many are left over the next one, gives the few that can match, in order. It only
 * leaves out what cannot match, so it is no second opinion on what a match means.
 */
const SHORT = 24; // below this, asking each is faster
const ALL_OF_SHORT: readonly (readonly number[])[] = Array.from({ length: SHORT }, (_, length) => [
  ...Array(length).keys(),
]);
const FEW = 1 / 8; // of the items, left to ask in the mean: making another index to leave still fewer would not pay
const MAX_PIECES = 32; // that an extent may lie over, in an item's mean: a broader one says little, and would be kept again and again
const MAX_SILENT = 7 / 8; // of the items: an index over a dimension of which more say little tells too few apart

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

/** An index over the dimension that leaves the fewest items to ask, or the first that leaves few; those that say little about it stand in one over the others. */
function indexOf(matches: readonly Match[], items: readonly number[], dimensions: readonly Dimension[]): Index {
  if (items.length < SHORT) return new All(items);
  let best: Built | undefined;
  for (const dimension of dimensions) {
    const extents = items.map((item) => extentsOf(matches[item]!, dimension));
    const built = build({ dimension, extents }, items);
    if (built !== undefined && (best === undefined || built.asked < best.asked)) best = built;
    if (best !== undefined && best.asked <= FEW * items.length) break;
  }
  if (best === undefined) return new All(items);
  const { dimension } = best;
  const rest = dimensions.filter((each) => each !== dimension);
  return new Cut(best, items, (some) => indexOf(matches, some, rest));
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
  readonly #line: CutLine;
  readonly #pieces: (readonly number[] | Index | undefined)[]; // none over a piece: undefined
  readonly #items: readonly number[];
  readonly #indexOf: (items: readonly number[]) => Index; // over the other dimensions
  readonly #others: Index; // items that say little about the dimension
  #anywhere: Index | undefined; // over the other dimensions: of all items

  constructor(
    { dimension, line, pieces, others }: Built,
    items: readonly number[],
    indexOf: (items: readonly number[]) => Index,
  ) {
    this.#dimension = dimension;
    this.#line = line;
    this.#pieces = pieces;
    this.#items = items;
    this.#indexOf = indexOf;
    this.#others = indexOf(others);
  }

  lookUp(extentOf: ExtentOf): readonly number[] {
    const extent = extentOf(this.#dimension);
    if (extent === 'absent') return this.#others.lookUp(extentOf);
    if (extent === 'any') return this.#all(extentOf);
    const first = this.#line.pieceAt(extent.first);
    if (extent.last !== extent.first && this.#line.pieceAt(extent.last) !== first) return this.#all(extentOf);
    return merged(this.#within(first, extentOf), this.#others.lookUp(extentOf));
  }

  /** Wherever they are in this dimension. */
  #all(extentOf: ExtentOf): readonly number[] {
    this.#anywhere ??= this.#indexOf(this.#items);
    return this.#anywhere.lookUp(extentOf);
  }

  /** The items over a piece. Where they are many, an index of their own is made once somebody asks. */
  #within(piece: number, extentOf: ExtentOf): readonly number[] {
    const items = this.#pieces[piece];
    if (items === undefined) return [];
    if ('lookUp' in items) return items.lookUp(extentOf);
    if (items.length < SHORT) return items;
    const index = this.#indexOf(items);
    this.#pieces[piece] = index;
    return index.lookUp(extentOf);
  }
}

interface Built {
  readonly dimension: Dimension;
  readonly line: CutLine;
  readonly pieces: (readonly number[] | undefined)[];
  readonly others: readonly number[];
  readonly asked: number; // items for a value, in the mean over the pieces
}

/** A line cut at every border, with the items over each piece; `undefined` where most items say little about the dimension. */
function build({ dimension, extents }: Said, items: readonly number[]): Built | undefined {
  const said: Extent[] = [];
  for (const own of extents) if (own !== undefined) for (const extent of own) said.push(extent);
  const line = CutLine.around(said);
  const pieces = new Array<number[] | undefined>(line.length);
  let total = 0;
  const others: number[] = [];
  const borders: number[] = []; // of an item's extents: its pieces from, to (not including)
  for (const [position, item] of items.entries()) {
    const own = extents[position];
    borders.length = 0;
    let over = 0;
    if (own !== undefined)
      for (const { first, last } of own) {
        const from = line.pieceAt(first);
        const to = first === last ? from + 1 : line.pieceAt(last + 1n);
        borders.push(from, to);
        over += to - from;
      }
    if (own === undefined || over > MAX_PIECES * own.length) {
      others.push(item);
      if (others.length > items.length * MAX_SILENT) return undefined;
      continue;
    }
    for (let side = 0; side < borders.length; side += 2)
      for (let at = borders[side]!; at < borders[side + 1]!; at++) {
        const piece = pieces[at];
        if (piece?.at(-1) === item) continue; // an item's extents may overlap
        if (piece === undefined) pieces[at] = [item];
        else piece.push(item);
        total++;
      }
  }
  return { dimension, line, pieces, others, asked: total / Math.max(1, pieces.length) + others.length };
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
    if (dimension === 'dport') return flow.dport === undefined ? 'absent' : point(BigInt(flow.dport));
    const { family, value } = flow[dimension];
    return point(family === 4 ? value : value + IPV6_OFFSET);
  };
}

function point(value: bigint): Extent {
  return { first: value, last: value };
}

/** Where addresses lie on the line of both families. */
export function addressExtent(range: AddressRange): Extent {
  if (range.family === 4) return range;
  return { first: range.first + IPV6_OFFSET, last: range.last + IPV6_OFFSET };
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
