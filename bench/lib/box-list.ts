/** A box: one range for each dimension, ends inclusive. */
export type RangeBox = readonly { readonly first: number; readonly last: number }[];

/**
 * A set of packets as a list of disjoint boxes: the representation that comes to mind first, and that many tools use.
 * Here to be measured against; nothing else uses it.
 */
export class BoxList {
  readonly boxes: readonly RangeBox[];

  constructor(boxes: readonly RangeBox[] = []) {
    this.boxes = boxes;
  }

  union(box: RangeBox): BoxList {
    return new BoxList([...subtractBox(this.boxes, box), box]);
  }

  subtract(other: BoxList): BoxList {
    return new BoxList(other.boxes.reduce<readonly RangeBox[]>(subtractBox, this.boxes));
  }

  isEmpty(): boolean {
    return this.boxes.length === 0;
  }
}

/** What is left of each box when `hole` is cut out: at most two pieces for each dimension. */
function subtractBox(boxes: readonly RangeBox[], hole: RangeBox): RangeBox[] {
  return boxes.flatMap((box) => {
    const meets = box.every((range, index) => range.first <= hole[index]!.last && hole[index]!.first <= range.last);
    if (!meets) return [box];
    const pieces: RangeBox[] = [];
    const rest = [...box];
    for (const [index, { first, last }] of box.entries()) {
      const cut = hole[index]!;
      if (first < cut.first) pieces.push(rest.with(index, { first, last: cut.first - 1 }));
      if (cut.last < last) pieces.push(rest.with(index, { first: cut.last + 1, last }));
      rest[index] = { first: Math.max(first, cut.first), last: Math.min(last, cut.last) };
    }
    return pieces;
  });
}
