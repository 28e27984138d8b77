import { type Bits, type Box, boxes, type HeaderSpace, type NumberRange, type PacketSet } from '../packetset/index.ts';
import { describe } from '../semantics/index.ts';

/** A part of a set in words. */
export interface TellablePart {
  readonly packets: PacketSet;
  readonly text: string;
}

/** A part of a set that is not empty: one of its boxes, with all the values of quantities that go with it. */
export function firstPart(set: PacketSet): TellablePart {
  const { space } = set;
  const [box] = boxes(set);
  if (box === undefined) throw new RangeError('an empty set has no part');
  const exact = boxPackets(space, box).intersect(set);
  if (box.bits.size === 0) return { packets: exact, text: describe(exact, 1).join('') };
  // A mark that is not 7 is 31 boxes: they are told together.
  const frame = boxPackets(space, { ...box, bits: new Map() });
  const packets = frame.intersect(set);
  const values = [...box.bits.keys()].map((name) => [name, space.valuesOf(packets, name)] as const);
  const product = values.reduce((all, [, each]) => all.intersect(each), frame);
  const texts = values.map(([name, each]) => quantityText(name, each));
  if (!product.equals(packets) || texts.includes(undefined))
    return { packets: exact, text: describe(exact, 1).join('') };
  return { packets, text: [describe(frame, 1).join(''), ...texts].join(' ') };
}

const MOST_VALUES = 4; // of a quantity that are told

/** `undefined` where it would be too long. */
function quantityText(name: string, values: PacketSet): string | undefined {
  const [inside, outside] = [valueTexts(name, values), valueTexts(name, values.complement())];
  if (outside !== undefined && (inside === undefined || outside.length < inside.length))
    return outside.length === 0 ? '' : `${name} not ${outside.join(', ')}`;
  return inside === undefined ? undefined : `${name} ${inside.join(', ')}`;
}

/** The values as masked numbers; `undefined` where there are too many. */
function valueTexts(name: string, values: PacketSet): string[] | undefined {
  const texts: string[] = [];
  for (const box of boxes(values)) {
    const { mask, value } = box.bits.get(name) ?? { mask: 0, value: 0 };
    if (mask === 0) return undefined;
    if (texts.length === MOST_VALUES) return undefined;
    texts.push(mask === 0xffff_ffff ? hex(value) : `${hex(value)}/${hex(mask)}`);
  }
  return texts;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
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
