import { type Family, highestAddress } from '../net/index.ts';
import type { Interval, IntervalSet } from '../packetset/index.ts';

/** Sources, and what each of them reaches. No source is in two rows. */
export interface AccessRow {
  readonly from: IntervalSet;
  readonly to: IntervalSet;
}

/** Addresses that no row tells apart, neither as sources nor as destinations. */
export interface AddressCell {
  readonly addresses: readonly Interval[]; // ascending
  readonly row: number | undefined; // what they reach as sources
}

export interface AddressCells {
  readonly cells: readonly AddressCell[]; // by their first address; together the whole family
  readonly reached: readonly (readonly number[])[]; // by row: the cells that it leads to
}

/** The fewest cells: the address line is cut at every border, and pieces that all rows treat alike are put together. */
export function addressCells(rows: readonly AccessRow[], family: Family): AddressCells {
  const line = new Line(rows, family);
  const rowOf = new Int32Array(line.length).fill(-1);
  for (const [row, { from }] of rows.entries()) for (const piece of line.pieces(from)) rowOf[piece] = row;
  const classOf = refined(line, rows, rowOf);
  const cellOf = new Map<number, number>(); // class -> cell, by the first piece
  const cells: { addresses: Interval[]; row: number | undefined }[] = [];
  for (let piece = 0; piece < line.length; piece++) {
    const known = cellOf.get(classOf[piece]!);
    const row = rowOf[piece]!;
    if (known === undefined) {
      cellOf.set(classOf[piece]!, cells.length);
      cells.push({ addresses: [line.interval(piece)], row: row === -1 ? undefined : row });
    } else append(cells[known]!.addresses, line.interval(piece));
  }
  const reached = rows.map(({ to }) => {
    const found = new Set<number>();
    for (const piece of line.pieces(to)) found.add(cellOf.get(classOf[piece]!)!);
    return [...found].sort((a, b) => a - b);
  });
  return { cells, reached };
}

/** Pieces of one class are split by every row that holds some of them as destinations and not others. */
function refined(line: Line, rows: readonly AccessRow[], rowOf: Int32Array): Int32Array {
  const classOf = rowOf.map((row) => row + 1);
  let classes = rows.length + 1;
  for (const { to } of rows) {
    const inside = new Map<number, number>(); // class -> the class of those of its pieces that the row reaches
    for (const piece of line.pieces(to)) {
      const before = classOf[piece]!;
      let after = inside.get(before);
      if (after === undefined) {
        after = classes++;
        inside.set(before, after);
      }
      classOf[piece] = after;
    }
  }
  return classOf;
}

/** The address line in the pieces between all borders. */
class Line {
  readonly #starts: readonly bigint[];
  readonly #positions: ReadonlyMap<bigint, number>;
  readonly #last: bigint;

  constructor(rows: readonly AccessRow[], family: Family) {
    const borders = new Set([0n]);
    this.#last = highestAddress(family);
    for (const { first, last } of rows.flatMap(({ from, to }) => [...from.intervals, ...to.intervals])) {
      borders.add(first);
      if (last < this.#last) borders.add(last + 1n);
    }
    this.#starts = [...borders].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    this.#positions = new Map(this.#starts.map((start, piece) => [start, piece]));
  }

  get length(): number {
    return this.#starts.length;
  }

  interval(piece: number): Interval {
    return { first: this.#starts[piece]!, last: (this.#starts[piece + 1] ?? this.#last + 1n) - 1n };
  }

  /** The pieces of a set whose borders were among those given. */
  *pieces(set: IntervalSet): Generator<number> {
    for (const { first, last } of set.intervals) {
      const end = this.#positions.get(last + 1n) ?? this.length;
      for (let piece = this.#positions.get(first)!; piece < end; piece++) yield piece;
    }
  }
}

function append(intervals: Interval[], next: Interval): void {
  const previous = intervals.at(-1);
  if (previous !== undefined && previous.last + 1n === next.first)
    intervals[intervals.length - 1] = { first: previous.first, last: next.last };
  else intervals.push(next);
}
