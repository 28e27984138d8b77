import { type Bits, type Box, boxes, type HeaderSpace, type NumberRange, type PacketSet } from '../packetset/index.ts';
import { describe } from '../semantics/index.ts';

/** One box of a set that is not empty, the part of the set that lies in it where the box cannot be told exactly. */
export function firstBox(set: PacketSet): PacketSet {
  for (const box of boxes(set)) return boxPackets(set.space, box).intersect(set);
  return set;
}

function boxPackets(space: HeaderSpace, box: Box): PacketSet {
  let packets = space.everything();
  if (box.family !== undefined) {
    const value = box.family === 4 ? 0 : 1;
    packets = packets.intersect(space.numbers('family', [{ first: value, last: value }]));
  }
  for (const [name, ranges] of box.numbers) packets = packets.intersect(space.numbers(name, ranges));
  for (const [name, values] of box.wides) {
    if (name === 'in' || name === 'out') packets = packets.intersect(space.wide(name, values));
    else if (box.family !== undefined) {
      const { family } = box;
      packets = packets.intersect(
        space.addresses(
          name,
          values.intervals.map((interval) => ({ family, ...interval })),
        ),
      );
    }
  }
  for (const [quantity, { mask, value }] of box.bits) {
    packets = packets.intersect(space.quantity(quantity, mask, [{ first: value, last: value }]));
  }
  for (const [key, holds] of box.symbols) {
    const symbol = space.symbol(key);
    packets = packets.intersect(holds ? symbol : symbol.complement());
  }
  return packets;
}

/**
 * A part of a set in words, by what sets it apart: what each of its boxes has in common with the whole is not said.
 * @param limit lines at most
 */
export function describeWithin(part: PacketSet, whole: PacketSet, limit: number): string[] {
  const [common] = boxes(whole);
  const lines = new Set<string>();
  for (const box of boxes(part)) {
    if (lines.size === limit) return [...lines, '... and more'];
    const reduced = common === undefined ? box : without(box, common);
    for (const line of describe(boxPackets(part.space, reduced), 1)) lines.add(line);
  }
  return [...lines];
}

/** The box without what it shares with another; an address is told with its family. */
function without(box: Box, common: Box): Box {
  const wides = new Map([...box.wides].filter(([name, values]) => common.wides.get(name)?.equals(values) !== true));
  const tellsFamily = wides.has('src') || wides.has('dst') || box.family !== common.family;
  return {
    ...(tellsFamily && box.family !== undefined ? { family: box.family } : {}),
    numbers: new Map([...box.numbers].filter(([name, ranges]) => !sameRanges(ranges, common.numbers.get(name)))),
    wides,
    bits: new Map([...box.bits].filter(([name, bits]) => !sameBits(bits, common.bits.get(name)))),
    symbols: new Map([...box.symbols].filter(([key, holds]) => common.symbols.get(key) !== holds)),
    exact: box.exact,
  };
}

function sameRanges(a: readonly NumberRange[], b: readonly NumberRange[] | undefined): boolean {
  return (
    a.length === b?.length && a.every(({ first, last }, index) => first === b[index]?.first && last === b[index]?.last)
  );
}

function sameBits(a: Bits, b: Bits | undefined): boolean {
  return a.mask === b?.mask && a.value === b.value;
}
