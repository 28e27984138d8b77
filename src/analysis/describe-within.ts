import type { Box, NumberRange, PacketSet } from '../packetset/index.ts';
import { firstPart, MORE, partText } from '../semantics/index.ts';

const PARTS_PER_LINE = 16; // that are looked at: many can read alike

/**
 * A part of a set in words, by what sets it apart: what each of its boxes has in common with the whole is not said.
 * @param limit lines at most
 */
export function describeWithin(part: PacketSet, whole: PacketSet, limit: number): string[] {
  const common = whole.isEmpty() ? undefined : firstPart(whole);
  const lines = new Set<string>();
  let rest = part;
  for (let left = limit * PARTS_PER_LINE; !rest.isEmpty(); left--) {
    if (lines.size === limit || left === 0) return [...lines, MORE];
    const { packets, frame, values } = firstPart(rest);
    const own = values.filter((value) => common?.values.includes(value) !== true);
    lines.add(partText(common === undefined ? frame : without(frame, common.frame), own));
    rest = rest.subtract(packets);
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
    bits: new Map(),
    symbols: new Map([...box.symbols].filter(([key, holds]) => common.symbols.get(key) !== holds)),
    exact: box.exact,
  };
}

function sameRanges(a: readonly NumberRange[], b: readonly NumberRange[] | undefined): boolean {
  return (
    a.length === b?.length && a.every(({ first, last }, index) => first === b[index]?.first && last === b[index]?.last)
  );
}
