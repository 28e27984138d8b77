import { type Bits, boxes, type Interval, IntervalSet, type PacketSet } from '../packetset/index.ts';

const MOST_VALUES = 4; // of a quantity that are told
const MOST_PATTERNS = 64; // that are looked at: a range of 32 bits is at most 62

/**
 * What a quantity is, in words: its values, or those it has not, whichever is shorter.
 * @param values asks for nothing else
 * @returns empty where it may be anything; `undefined` where it would be too long
 */
export function quantityText(name: string, values: PacketSet): string | undefined {
  const width = values.space.widthOf(name);
  const [inside, outside] = [values, values.complement()].map((set) => valueTexts(name, width, set)?.join(', '));
  if (outside === '') return '';
  const texts = [...(inside === undefined ? [] : [inside]), ...(outside === undefined ? [] : [`not ${outside}`])];
  const [shortest] = texts.sort((a, b) => a.length - b.length);
  return shortest === undefined ? undefined : `${name} ${shortest}`;
}

export function bitsText(name: string, width: number, bits: Bits): string {
  return `${name} ${patternTexts(name, width, [bits]).join(', ')}`;
}

/** `undefined` where there are too many. */
function valueTexts(name: string, width: number, values: PacketSet): string[] | undefined {
  const patterns: Bits[] = [];
  for (const box of boxes(values)) {
    const bits = box.bits.get(name);
    if (bits === undefined || patterns.length === MOST_PATTERNS) return undefined;
    patterns.push(bits);
  }
  const texts = patternTexts(name, width, patterns);
  return texts.length > MOST_VALUES ? undefined : texts;
}

/** Ranges of values; of what is no few ranges each pattern with its mask, as `0x10/0xf0`. */
function patternTexts(name: string, width: number, patterns: readonly Bits[]): string[] {
  const all = (2 ** width - 1) >>> 0;
  const ranges: Interval[] = [];
  const masked: string[] = [];
  for (const bits of patterns) {
    const few = rangesOf(bits, all);
    if (few === undefined) masked.push(`${hex(bits.value)}/${hex(bits.mask)}`);
    else ranges.push(...few);
  }
  const value = valueText(name);
  const texts = IntervalSet.of(ranges).intervals.flatMap((interval) => {
    const [first, last] = [Number(interval.first), Number(interval.last)];
    if (first === last) return [value(first)];
    // What has names and no order is named one by one.
    if (isRouteType(name)) return Array.from({ length: last - first + 1 }, (_, at) => value(first + at));
    return [`${value(first)}-${value(last)}`];
  });
  return [...texts, ...masked];
}

/** @returns `undefined` where they are many */
function rangesOf({ mask, value }: Bits, all: number): Interval[] | undefined {
  const free = (all & ~mask) >>> 0;
  const low = (free & ~(free + 1)) >>> 0; // free bits below every settled one: 0b0111 of 0b1010111
  let firsts = [value];
  for (let above = (free & ~low) >>> 0; above !== 0; above = (above & (above - 1)) >>> 0) {
    if (firsts.length >= MOST_VALUES) return undefined;
    const bit = (above & -above) >>> 0;
    firsts = firsts.flatMap((first) => [first, (first | bit) >>> 0]);
  }
  return firsts.map((first) => ({ first: BigInt(first), last: BigInt((first | low) >>> 0) }));
}

/** How people write a value. */
function valueText(name: string): (value: number) => string {
  if (name === 'meta hour') return clock;
  if (name === 'meta day') return (value) => DAYS[value] ?? String(value);
  if (isRouteType(name)) return (value) => ROUTE_TYPES[value] ?? String(value);
  return isMark(name) ? hex : String;
}

function isRouteType(name: string): boolean {
  return /^fib .* type$/.test(name);
}

/** RTN_*, include/uapi/linux/rtnetlink.h. */
const ROUTE_TYPES = [
  'unspec',
  'unicast',
  'local',
  'broadcast',
  'anycast',
  'multicast',
  'blackhole',
  'unreachable',
  'prohibit',
  'throw',
  'nat',
  'xresolve',
];

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const DAY = 86_400; // seconds

function isMark(name: string): boolean {
  return /(mark|status|flags)$/.test(name) || name.startsWith('@');
}

/** @param value seconds since midnight; beyond the day's last, which no packet meets, that one */
function clock(value: number): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  const second = Math.min(value, DAY - 1);
  return `${two(Math.floor(second / 3600))}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)}`;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
