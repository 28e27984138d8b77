import type { Address, AddressRange, Family } from '../net/index.ts';
import { AddressSet } from './address-set.ts';
import { balanced, DiagramStore } from './diagram.ts';
import type { Interval, IntervalSet } from './interval-set.ts';
import { PacketSet } from './packet-set.ts';

/**
 * The dimensions in the order in which diagrams ask for them, with the highest value of each. 128-bit values take four
 * dimensions of 32 bits, most significant first; an IPv4 address uses the first of its four. Early are those that split
 * rules into unrelated parts (hook, family, state, and the interfaces: firewalls between zones have a chain for each pair);
 * addresses before ports, because rules differ most in them.
 */
const NUMBERS = {
  hook: 2,
  family: 1, // 0 is IPv4, 1 is IPv6
  state: 4,
  in0: 0xffff_ffff,
  in1: 0xffff_ffff,
  in2: 0xffff_ffff,
  in3: 0xffff_ffff,
  out0: 0xffff_ffff,
  out1: 0xffff_ffff,
  out2: 0xffff_ffff,
  out3: 0xffff_ffff,
  src0: 0xffff_ffff,
  src1: 0xffff_ffff,
  src2: 0xffff_ffff,
  src3: 0xffff_ffff,
  dst0: 0xffff_ffff,
  dst1: 0xffff_ffff,
  dst2: 0xffff_ffff,
  dst3: 0xffff_ffff,
  protocol: 255,
  dport: 65535,
  sport: 65535,
  icmpType: 255,
  icmpCode: 255,
  tcpFlags: 255,
  srcAccount: 0xffff_ffff, // the highest is "no socket"
  dstAccount: 0xffff_ffff,
  srcType: 8,
  dstType: 8,
} as const;

export type NumberDimension = keyof typeof NUMBERS;
/** A value of 128 bits, by the name its dimensions begin with. */
export type WideDimension = 'src' | 'dst' | 'in' | 'out';
type Limb = 0 | 1 | 2 | 3;
const LIMBS: readonly Limb[] = [0, 1, 2, 3];
/** A dimension that is a number of its own and no limb of a wider one. */
export type NarrowDimension = Exclude<NumberDimension, `${WideDimension}${Limb}`>;

const NAMES = Object.keys(NUMBERS) as readonly NumberDimension[];
const INDEX: Readonly<Record<NumberDimension, number>> = Object.fromEntries(
  NAMES.map((name, index) => [name, index]),
) as Record<NumberDimension, number>;

/** What a dimension asks for, as those who take a set apart (`sample`, `boxes`) need to know it. */
export type DimensionName =
  | { readonly kind: 'number'; readonly name: NarrowDimension; readonly max: number }
  | { readonly kind: 'wide'; readonly name: WideDimension; readonly limb: Limb }
  | { readonly kind: 'bit'; readonly quantity: string; readonly bit: number } // bit 31 is the most significant
  | { readonly kind: 'symbol'; readonly key: string };

type OpenDimension = Extract<DimensionName, { kind: 'bit' | 'symbol' }>;

/**
 * The same bits of so many quantities stand side by side: that two are equal, as after `ct mark set mark`, then takes a few
 * nodes for each bit, where one after the other it would take 2 to the power of 32.
 */
const INTERLEAVED = 32;

const MASK_32 = 0xffff_ffffn;

/**
 * All packets that can be told apart: the fixed dimensions above, and after them, made when they are first asked for, one
 * yes-or-no dimension for each symbol (a workload's identity, membership of a name's address set) and 32 for each quantity (a mark),
 * one a bit, because rules mask them.
 * Sets of different spaces do not mix. A space only grows: make one for a question and let it go.
 */
export class HeaderSpace {
  readonly store: DiagramStore;
  readonly #open: (OpenDimension | undefined)[] = []; // undefined: kept free for a quantity to come
  #block = 0; // in `#open`, where the youngest quantities are
  readonly #symbols = new Map<string, number>();
  readonly #quantities = new Map<string, number>(); // the dimension of bit 31; bit 0 is `31 * INTERLEAVED` further

  constructor(store: DiagramStore = new DiagramStore()) {
    this.store = store;
  }

  everything(): PacketSet {
    return new PacketSet(this, 1);
  }

  nothing(): PacketSet {
    return new PacketSet(this, 0);
  }

  /** The values of one number that lie in any of the ranges (inclusive, any order, may overlap). */
  numbers(dimension: NumberDimension, ranges: readonly { readonly first: number; readonly last: number }[]): PacketSet {
    return new PacketSet(this, this.#rangesNode(INDEX[dimension], NUMBERS[dimension], ranges, 1));
  }

  /** Addresses of either family; the family is part of the answer. */
  addresses(side: 'src' | 'dst', ranges: readonly AddressRange[]): PacketSet {
    const set = AddressSet.of(ranges);
    const first = INDEX[`${side}0`];
    const v4 = this.#rangesNode(
      first,
      0xffff_ffff,
      set.v4.intervals.map((interval) => ({ first: Number(interval.first), last: Number(interval.last) })),
      1,
    );
    const v6 = this.#wideNode(first, set.v6.intervals, 0, set.v6.intervals.length, 0);
    return new PacketSet(
      this,
      this.store.node(INDEX.family, [
        [0, v4],
        [1, v6],
      ]),
    );
  }

  /** The values of one 128-bit number that lie in the set, for those that are no addresses (interface names). */
  wide(dimension: 'in' | 'out', values: IntervalSet): PacketSet {
    return new PacketSet(this, this.#wideNode(INDEX[`${dimension}0`], values.intervals, 0, values.intervals.length, 0));
  }

  /** The packets for which the symbol holds. */
  symbol(key: string): PacketSet {
    let index = this.#symbols.get(key);
    if (index === undefined) {
      index = this.#add({ kind: 'symbol', key });
      this.#symbols.set(key, index);
    }
    return new PacketSet(this, this.#bitNode(index, 0, 1));
  }

  /** The packets whose quantity and `mask`, bit by bit, lies in one of the ranges (32 bits, both ends inclusive). */
  quantity(
    name: string,
    mask: number,
    ranges: readonly { readonly first: number; readonly last: number }[],
  ): PacketSet {
    const build = (bit: number, low: number): number => {
      const high = low + 2 ** (bit + 1) - 1;
      if (ranges.some((range) => range.first <= low && high <= range.last)) return 1;
      if (!ranges.some((range) => range.first <= high && low <= range.last)) return 0;
      const clear = build(bit - 1, low);
      if (((mask >>> bit) & 1) === 0) return clear; // a bit outside the mask counts as 0
      return this.#bitNode(this.bitIndex(name, bit), clear, build(bit - 1, low + 2 ** bit));
    };
    return new PacketSet(this, build(31, 0));
  }

  /** The symbols that it makes a difference for: some packet is in the set with, and not without, or the reverse. */
  symbolsOf(set: PacketSet): readonly string[] {
    return [...this.store.dimensionsIn(set.node)].flatMap((index) => {
      const dimension = this.dimension(index);
      return dimension.kind === 'symbol' ? [dimension.key] : [];
    });
  }

  /** The dimension of one bit of a quantity; bit 31 is the most significant. */
  bitIndex(quantity: string, bit: number): number {
    let top = this.#quantities.get(quantity);
    if (top === undefined) {
      const place = this.#quantities.size % INTERLEAVED;
      if (place === 0) {
        this.#block = this.#open.length;
        this.#open.length += 32 * INTERLEAVED;
      }
      for (let each = 31; each >= 0; each--)
        this.#open[this.#block + (31 - each) * INTERLEAVED + place] = { kind: 'bit', quantity, bit: each };
      top = NAMES.length + this.#block + place;
      this.#quantities.set(quantity, top);
    }
    return top + (31 - bit) * INTERLEAVED;
  }

  union(sets: readonly PacketSet[]): PacketSet {
    return balanced(sets, this.nothing(), (a, b) => a.union(b));
  }

  /** The packets that share their values in the kept dimensions with some packet of the set. */
  project(set: PacketSet, kept: readonly (NarrowDimension | WideDimension)[]): PacketSet {
    const names = new Set<string>(
      kept.flatMap((name) => (name in NUMBERS ? [name] : LIMBS.map((limb) => name + limb))),
    );
    const node = this.store.forget(set.node, (index) => !names.has(NAMES[index] ?? ''));
    return new PacketSet(this, node);
  }

  /** What the set says of a quantity: the packets that share its value with some packet of the set. */
  valuesOf(set: PacketSet, quantity: string): PacketSet {
    const bits = new Set(Array.from({ length: 32 }, (_, bit) => this.bitIndex(quantity, bit)));
    return new PacketSet(
      this,
      this.store.forget(set.node, (index) => !bits.has(index)),
    );
  }

  /** The packets that are in the set with some other values in these dimensions. */
  without(set: PacketSet, dimensions: ReadonlySet<number>): PacketSet {
    return new PacketSet(
      this,
      this.store.forget(set.node, (index) => dimensions.has(index)),
    );
  }

  dimension(index: number): DimensionName {
    const name = NAMES[index];
    if (name === undefined) return this.#open[index - NAMES.length]!;
    const wide = /^(src|dst|in|out)([0-3])$/.exec(name);
    if (wide !== null) return { kind: 'wide', name: wide[1] as WideDimension, limb: Number(wide[2]) as Limb };
    return { kind: 'number', name: name as NarrowDimension, max: NUMBERS[name] };
  }

  numberIndex(name: NumberDimension): number {
    return INDEX[name];
  }

  #add(dimension: OpenDimension): number {
    this.#open.push(dimension);
    return NAMES.length + this.#open.length - 1;
  }

  #bitNode(dimension: number, clear: number, set: number): number {
    return this.store.node(dimension, [
      [0, clear],
      [1, set],
    ]);
  }

  #rangesNode(
    dimension: number,
    max: number,
    ranges: readonly { readonly first: number; readonly last: number }[],
    inside: number,
  ): number {
    const sorted = ranges.filter((range) => range.first <= range.last).sort((a, b) => a.first - b.first);
    const edges: [number, number][] = [];
    let next = 0; // the first value without an edge
    for (const range of sorted) {
      const last = Math.min(range.last, max);
      if (last < next) continue;
      if (range.first > next) edges.push([range.first - 1, 0]);
      edges.push([last, inside]);
      next = last + 1;
    }
    if (next <= max) edges.push([max, 0]);
    return this.store.node(dimension, edges);
  }

  /** Intervals `from` (inclusive) to `to` (exclusive), which agree in all bits above this limb's. */
  #wideNode(firstDimension: number, intervals: readonly Interval[], from: number, to: number, limb: number): number {
    if (from >= to) return 0;
    const shift = BigInt(96 - 32 * limb);
    const lowMask = (1n << shift) - 1n;
    const edges: [number, number][] = [];
    let next = 0;
    let at = from;
    let pending: Interval | undefined; // what is left of an interval that reaches beyond the value just done
    while (at < to || pending !== undefined) {
      const current = pending ?? intervals[at++]!;
      pending = undefined;
      const first = Number((current.first >> shift) & MASK_32);
      const last = Number((current.last >> shift) & MASK_32);
      const wholeFirst = (current.first & lowMask) === 0n;
      const wholeLast = (current.last & lowMask) === lowMask;
      if (wholeFirst && (first < last || wholeLast)) {
        const wholeEnd = wholeLast ? last : last - 1;
        if (first > next) edges.push([first - 1, 0]);
        edges.push([wholeEnd, 1]);
        next = wholeEnd + 1;
        if (!wholeLast) pending = { first: (current.last >> shift) << shift, last: current.last };
        continue;
      }
      // Everything that falls into this one value of the limb goes one limb down together.
      const inValue: Interval[] = [];
      let piece: Interval | undefined = current;
      while (piece !== undefined) {
        const end: bigint = ((piece.first >> shift) << shift) + lowMask;
        if (piece.last > end) {
          inValue.push({ first: piece.first, last: end });
          pending = { first: end + 1n, last: piece.last };
          break;
        }
        inValue.push(piece);
        const following: Interval | undefined = intervals[at];
        const same: boolean =
          at < to && following !== undefined && Number((following.first >> shift) & MASK_32) === first;
        piece = same ? following : undefined;
        if (same) at++;
      }
      if (first > next) edges.push([first - 1, 0]);
      edges.push([first, this.#wideNode(firstDimension, inValue, 0, inValue.length, limb + 1)]);
      next = first + 1;
    }
    if (next <= 0xffff_ffff) edges.push([0xffff_ffff, 0]);
    return this.store.node(firstDimension + limb, edges);
  }
}

/** The part of a 128-bit value that a limb holds. */
export function limbOf(value: bigint, limb: Limb): number {
  return Number((value >> BigInt(96 - 32 * limb)) & MASK_32);
}

/** An address as the limbs of its dimensions; IPv4 has one. */
export function addressLimbs(address: Address): readonly number[] {
  return address.family === 4 ? [Number(address.value)] : LIMBS.map((limb) => limbOf(address.value, limb));
}

export function familyValue(family: Family): 0 | 1 {
  return family === 4 ? 0 : 1;
}
