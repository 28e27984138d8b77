/** Whole numbers, both ends inclusive; addresses need more than 53 bits. */
export interface Interval {
  readonly first: bigint;
  readonly last: bigint; // inclusive
}

/** A tuple of intervals, one for each field of a key, and the flows that it belongs to, first in policy order first. */
export interface Cell {
  readonly fields: readonly Interval[];
  readonly flows: readonly string[];
}

/** A box as the policy gives it; `order` is its flow's place in the policy. */
export interface Box {
  readonly fields: readonly Interval[];
  readonly flow: string;
  readonly order: number;
}

export function isExact(box: { readonly fields: readonly Interval[] }): boolean {
  return box.fields.every((each) => each.first === each.last);
}

/**
 * The same packets as disjoint cells, because the kernel's concatenated interval sets (nft_set_pipapo) refuse overlaps.
 *
 *     port 443   A: ---------      cells  A: ---
 *                B:    ---------         AB:    ------
 *                                         B:          ---
 *
 * Fields are split from the last to the first: a policy has few ports and accounts and many addresses, so that boxes on different
 * ports never cut each other's addresses. Where nothing overlaps, nothing is cut: near-linear in boxes plus cells.
 * @param keepAll whether a cell lists all its flows, or only the first of them
 */
export function disjointCells(boxes: readonly Box[], keepAll: boolean): Cell[] {
  const [first] = boxes;
  return first === undefined ? [] : split(boxes, first.fields.length - 1, keepAll);
}

function split(boxes: readonly Box[], field: number, keepAll: boolean): Cell[] {
  if (field < 0) {
    const flows = [...new Set(boxes.toSorted((a, b) => a.order - b.order).map((box) => box.flow))];
    return [{ fields: [], flows: keepAll ? flows : flows.slice(0, 1) }];
  }
  return clusters(boxes, field).flatMap((cluster) => {
    const [only] = cluster;
    if (cluster.length === 1 && only !== undefined)
      return [{ fields: only.fields.slice(0, field + 1), flows: [only.flow] }];
    return segments(cluster, field, keepAll);
  });
}

/** Boxes that overlap in a field, directly or through others. */
function clusters(boxes: readonly Box[], field: number): Box[][] {
  const found: Box[][] = [];
  let last = -1n;
  for (const box of boxes.toSorted((a, b) => compare(a.fields[field]!.first, b.fields[field]!.first))) {
    const interval = box.fields[field]!;
    if (interval.first > last) found.push([]);
    found.at(-1)!.push(box);
    if (interval.last > last) last = interval.last;
  }
  return found;
}

/** Cuts a field wherever a box begins or ends, splits each piece by the other fields, and joins neighbours that came out equal. */
function segments(boxes: readonly Box[], field: number, keepAll: boolean): Cell[] {
  const starts = boxes.toSorted((a, b) => compare(a.fields[field]!.first, b.fields[field]!.first));
  const ends = boxes.toSorted((a, b) => compare(a.fields[field]!.last, b.fields[field]!.last));
  const active = new Set<Box>();
  const cells: Cell[] = [];
  let previous: { readonly first: bigint; readonly last: bigint; readonly rest: readonly Cell[] } | undefined;
  const flush = (): void => {
    if (previous === undefined) return;
    const { first, last, rest } = previous;
    for (const cell of rest) cells.push({ fields: [...cell.fields, { first, last }], flows: cell.flows });
    previous = undefined;
  };
  let nextStart = 0;
  let nextEnd = 0;
  let at = starts[0]!.fields[field]!.first;
  while (nextEnd < ends.length) {
    while (nextStart < starts.length && starts[nextStart]!.fields[field]!.first === at)
      active.add(starts[nextStart++]!);
    const begin = nextStart < starts.length ? starts[nextStart]!.fields[field]!.first : undefined;
    const end = ends[nextEnd]!.fields[field]!.last;
    const last = begin !== undefined && begin <= end ? begin - 1n : end;
    if (active.size > 0) {
      const rest = split([...active], field - 1, keepAll);
      if (previous !== undefined && previous.last + 1n === at && sameCells(previous.rest, rest)) {
        previous = { ...previous, last };
      } else {
        flush();
        previous = { first: at, last, rest };
      }
    }
    while (nextEnd < ends.length && ends[nextEnd]!.fields[field]!.last === last) active.delete(ends[nextEnd++]!);
    at = last + 1n;
  }
  flush();
  return cells;
}

function sameCells(a: readonly Cell[], b: readonly Cell[]): boolean {
  return a.length === b.length && a.every((cell, index) => sameCell(cell, b[index]!));
}

function sameCell(a: Cell, b: Cell): boolean {
  return (
    a.flows.length === b.flows.length &&
    a.flows.every((flow, index) => flow === b.flows[index]) &&
    a.fields.every((each, index) => each.first === b.fields[index]!.first && each.last === b.fields[index]!.last)
  );
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
