import { formatPortRange, formatRange, type PortRange, protocolName, wholeFamily } from '../net/index.ts';
import {
  type Box,
  boxes,
  boxPackets,
  type HeaderSpace,
  type Interval,
  IntervalSet,
  type NumberDimension,
  type PacketSet,
} from '../packetset/index.ts';
import { bitsText, quantityText } from './quantity-text.ts';
import { interfaceName, NO_ACCOUNT, valueText } from './space.ts';

const MAX_PARTS = 4; // ranges of one field that are listed before the rest is counted

/** A part of a set, for people. */
export interface TellablePart {
  readonly packets: PacketSet;
  readonly frame: Box; // what the packets are but for the values of their quantities
  readonly values: readonly string[]; // of quantities, in words
}

/** A part of a set that is not empty: one of its boxes, with as many values of quantities as can be told together. */
export function firstPart(set: PacketSet): TellablePart {
  const { space } = set;
  const [box] = boxes(set);
  if (box === undefined) throw new RangeError('an empty set has no part');
  const frame = { ...box, bits: new Map() };
  const together = box.bits.size === 0 ? undefined : valuesTogether(set, frame);
  if (together !== undefined) return { frame, ...together };
  for (const name of box.bits.keys()) {
    // As many values of one as go with what the box says of the others.
    const others = { ...box, bits: new Map([...box.bits].filter(([each]) => each !== name)) };
    const around = boxPackets(space, others);
    const packets = around.intersect(set);
    const of = space.valuesOf(packets, name);
    const text = around.intersect(of).equals(packets) ? quantityText(name, of) : undefined;
    if (text !== undefined) return { packets, frame, values: bitsTexts(space, box, new Map([[name, text]])) };
  }
  return { packets: boxPackets(space, box).intersect(set), frame, values: bitsTexts(space, box) };
}

/** @param told in other words */
function bitsTexts(space: HeaderSpace, { bits }: Box, told: ReadonlyMap<string, string> = new Map()): string[] {
  const texts = [...bits].map(([name, each]) => told.get(name) ?? bitsText(name, space.widthOf(name), each));
  return texts.filter((text) => text !== '');
}

/**
 * A mark that is not 7 is 31 boxes: they are told as one. Where not every value of one quantity goes with every value of another, those of
 * one that go with all of the others come first: "not (a and b)" is "not a", then "a, not b".
 * @returns `undefined` where it would be too long
 */
function valuesTogether(set: PacketSet, frame: Box): Omit<TellablePart, 'frame'> | undefined {
  const { space } = set;
  const around = boxPackets(space, frame);
  const inside = around.intersect(set);
  const values = space.quantitiesOf(inside).map((name) => ({ name, of: space.valuesOf(inside, name) }));
  if (values.length === 0) return { packets: inside, values: [] };
  const product = values.reduce((all, { of }) => all.intersect(of), around);
  const missing = product.subtract(inside);
  const free = values.map(({ name, of }) => ({ name, of: of.subtract(space.valuesOf(missing, name)) }));
  for (const one of free) {
    if (one.of.isEmpty()) continue;
    const told = values.map((each) => (each.name === one.name ? one : each));
    const texts = told.flatMap(({ name, of }) => quantityText(name, of) ?? []);
    if (texts.length === told.length)
      return { packets: product.intersect(one.of), values: texts.filter((text) => text !== '') };
  }
  return undefined;
}

/**
 * The set as lines of text, disjoint parts, at most `limit` of them; a last line says if there are more. An empty set gives
 * no line.
 */
export function describe(set: PacketSet, limit = 8): string[] {
  const lines: string[] = [];
  for (let rest = set; !rest.isEmpty(); ) {
    if (lines.length === limit) return [...lines, MORE];
    const { packets, frame, values } = firstPart(rest);
    lines.push(partText(frame, values));
    rest = rest.subtract(packets);
  }
  return lines;
}

export const MORE = '... and more';

/** @param values of quantities, in words */
export function partText(box: Box, values: readonly string[]): string {
  const words: string[] = [];
  const number = (name: NumberDimension): string | undefined => {
    const ranges = box.numbers.get(name);
    return ranges === undefined ? undefined : numberText(name, ranges);
  };
  const put = (label: string, text: string | undefined): void => {
    if (text !== undefined) words.push(label === '' ? text : `${label} ${text}`);
  };
  put('', number('hook'));
  if (box.family !== undefined) put('', `IPv${box.family}`);
  put('', number('protocol'));
  put('from', addressText(box, 'src'));
  put('source port', number('sport'));
  put('to', addressText(box, 'dst'));
  put('port', number('dport'));
  put('type', number('icmpType'));
  put('code', number('icmpCode'));
  put('flags', number('tcpFlags'));
  put('iif', interfaceText(box.wides.get('in')));
  put('oif', interfaceText(box.wides.get('out')));
  put('uid', number('srcAccount'));
  put('receiver uid', number('dstAccount'));
  put('source is', number('srcType'));
  put('destination is', number('dstType'));
  put('state', number('state'));
  words.push(...values);
  for (const [key, holds] of box.symbols) words.push(holds ? `(${key})` : `(not ${key})`);
  if (!box.exact) words.push('(at most)');
  return words.length === 0 ? 'every packet' : words.join(' ');
}

/** `undefined` where it need not be said: a packet that has no socket, as most have none. */
function numberText(name: NumberDimension, ranges: readonly PortRange[]): string | undefined {
  const isAccount = name === 'srcAccount' || name === 'dstAccount';
  const set = IntervalSet.of(ranges.map(({ first, last }) => ({ first: BigInt(first), last: BigInt(last) })));
  if (isAccount && set.equals(only(BigInt(NO_ACCOUNT)))) return undefined;
  const universe = IntervalSet.of([{ first: 0n, last: BigInt(HIGHEST[name] ?? 0xffff_ffff) }]);
  return shorter(set, universe, (interval) =>
    rangeText(name, { first: Number(interval.first), last: Number(interval.last) }),
  );
}

/** The highest value, inclusive, of those whose gaps are sooner said than their values. */
const HIGHEST: { readonly [D in NumberDimension]?: number } = {
  protocol: 255,
  sport: 65535,
  dport: 65535,
  icmpType: 255,
  icmpCode: 255,
};

/** The set, or what it leaves out of the universe, whichever takes fewer words. */
function shorter(set: IntervalSet, universe: IntervalSet, text: (interval: Interval) => string): string {
  const gaps = universe.subtract(set).intervals;
  if (gaps.length > 0 && gaps.length < set.intervals.length) return `not ${list(gaps.map(text))}`;
  return list(set.intervals.map(text));
}

function only(value: bigint): IntervalSet {
  return IntervalSet.of([{ first: value, last: value }]);
}

function rangeText(name: NumberDimension, range: PortRange): string {
  const texts =
    name === 'srcAccount' || name === 'dstAccount' ? accountText : name === 'protocol' ? protocolName : undefined;
  const one = (value: number): string => texts?.(value) ?? valueText(name, value);
  if (range.first === range.last) return one(range.first);
  if (name === 'hook' || name === 'state' || name === 'srcType' || name === 'dstType') {
    return list(Array.from({ length: range.last - range.first + 1 }, (_, at) => one(range.first + at)));
  }
  return texts === undefined ? formatPortRange(range) : `${one(range.first)}-${one(range.last)}`;
}

function accountText(uid: number): string {
  return uid === NO_ACCOUNT ? 'none' : String(uid);
}

function addressText(box: Box, side: 'src' | 'dst'): string | undefined {
  const set = box.wides.get(side);
  if (set === undefined) return undefined;
  const family = box.family ?? 6;
  const { first, last } = wholeFamily(family);
  return shorter(set, IntervalSet.of([{ first, last }]), (interval) => formatRange({ family, ...interval }));
}

const PRESENT = IntervalSet.of([{ first: 1n, last: (1n << 128n) - 1n }]); // 0 is "no interface"

/** `undefined` where it need not be said: no interface (the hook tells), or any. */
function interfaceText(set: IntervalSet | undefined): string | undefined {
  if (set === undefined || set.equals(only(0n)) || set.equals(PRESENT)) return undefined;
  return shorter(set, PRESENT, ({ first, last }) => {
    const name = interfaceName(first);
    // A wildcard is a name followed by every possible rest.
    const free = BigInt(128 - 8 * new TextEncoder().encode(name).length);
    if (first === last) return name === '' ? 'none' : name;
    return (first | ((1n << free) - 1n)) === last ? `${name}*` : `names from ${name} to ${interfaceName(last)}`;
  });
}

function list(parts: readonly string[]): string {
  const shown = parts.slice(0, MAX_PARTS).join(', ');
  return parts.length > MAX_PARTS ? `${shown} and ${parts.length - MAX_PARTS} more` : shown;
}
