import type { Match, Side } from '../ir/index.ts';
import { type AddressRange, type Family, highestAddress } from '../net/index.ts';
import { CutLine } from './cut-line.ts';

const MOST_WORK = 5_000_000; // pieces looked at for one side: some hundredths of a second
const MOST_HELD = 200_000; // positions kept for one side: some megabytes

/** The addresses of one family, those together that are in the same ones of some lists of ranges. */
export class SideClasses {
  readonly count: number;
  readonly #line: CutLine;
  readonly #classOf: Int32Array; // by piece

  /** @returns undefined where it would take too long */
  static of(asked: readonly (readonly AddressRange[])[], family: Family): SideClasses | undefined {
    const line = CutLine.around([{ first: 0n, last: highestAddress(family) }, ...asked.flat()]);
    const sorted = sort(line, asked);
    return sorted === undefined ? undefined : new SideClasses(line, sorted);
  }

  private constructor(line: CutLine, { classOf, count }: Sorted) {
    this.#line = line;
    this.#classOf = classOf;
    this.count = count;
  }

  classOf(address: bigint): number {
    return this.#classOf[this.#line.pieceAt(address)]!;
  }

  /** By class, its class where only some of the lists count; `undefined` where it would take too long. */
  coarser(asked: readonly (readonly AddressRange[])[]): Int32Array | undefined {
    const sorted = sort(this.#line, asked);
    if (sorted === undefined) return undefined;
    const coarser = new Int32Array(this.count);
    for (const [piece, class_] of this.#classOf.entries()) coarser[class_] = sorted.classOf[piece]!;
    return coarser;
  }

  /**
   * By class, the positions of the lists that hold it, ascending. Each list must be one of those that the line was cut at.
   * @returns undefined where they are too many to be kept
   */
  holders(lists: readonly (readonly AddressRange[])[]): readonly (readonly number[])[] | undefined {
    let held = 0;
    const holders = Array.from({ length: this.count }, (): number[] => []);
    for (const [position, ranges] of lists.entries()) {
      for (const piece of piecesOf(this.#line, ranges)) {
        const own = holders[this.#classOf[piece]!]!;
        if (own.at(-1) === position) continue;
        own.push(position);
        held++;
      }
      if (held > MOST_HELD) return undefined;
    }
    return holders;
  }
}

interface Sorted {
  readonly classOf: Int32Array; // by piece
  readonly count: number; // of classes
}

/** @returns undefined where it would take too long */
function sort(line: CutLine, asked: readonly (readonly AddressRange[])[]): Sorted | undefined {
  const classOf = new Int32Array(line.length);
  let count = 1;
  let work = 0;
  const inside = new Map<number, number>(); // a class -> the class of those of its pieces that are in the ranges
  for (const ranges of asked) {
    inside.clear();
    for (const piece of piecesOf(line, ranges)) {
      const before = classOf[piece]!;
      let after = inside.get(before);
      if (after === undefined) {
        after = count++;
        inside.set(before, after);
      }
      classOf[piece] = after;
      work++;
    }
    if (work > MOST_WORK) return undefined;
  }
  return { classOf, count };
}

/** The pieces of a line that was cut at these ranges. */
function* piecesOf(line: CutLine, ranges: readonly AddressRange[]): Generator<number> {
  for (const { first, last } of ranges) {
    const start = line.pieceAt(first);
    const end = first === last ? start + 1 : line.pieceAt(last + 1n);
    for (let piece = start; piece < end; piece++) yield piece;
  }
}

/** For each part of a match that asks for addresses of a side, which of a family. */
export function rangesOf(matches: readonly Match[], side: Side, family: Family): AddressRange[][] {
  const asked: AddressRange[][] = [];
  for (const match of matches) gatherRanges(match, side, family, asked);
  return asked;
}

function gatherRanges(match: Match, side: Side, family: Family, found: AddressRange[][]): void {
  switch (match.kind) {
    case 'address':
      if (match.side === side) found.push(match.ranges.filter((range) => range.family === family));
      break;
    case 'not':
      gatherRanges(match.of, side, family, found);
      break;
    case 'all':
    case 'any':
      for (const part of match.of) gatherRanges(part, side, family, found);
      break;
    case 'everything':
    case 'nothing':
    case 'field':
    case 'interface':
    case 'quantity':
    case 'symbol':
      break;
  }
}
