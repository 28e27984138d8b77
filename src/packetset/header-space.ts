import type { Address, AddressRange, Family } from '../net/index.ts';
import { balanced } from './balanced.ts';
import { DiagramStore } from './diagram.ts';
import {
  type DimensionName,
  FIRST_LIMB,
  INDEX,
  LIMBS,
  NAMES,
  type NarrowDimension,
  NUMBERS,
  type NumberDimension,
  type WideDimension,
} from './dimensions.ts';
import type { IntervalSet } from './interval-set.ts';
import { PacketSet } from './packet-set.ts';
import { type Limb, limbOf, rangesNode, wideNode } from './range-nodes.ts';
import { dimensionsIn, forget } from './transform.ts';
import type { Watcher } from './watcher.ts';

type OpenDimension = Extract<DimensionName, { kind: 'bit' | 'symbol' }>;

/**
 * The same bits of so many quantities stand side by side: that two are equal, as after `ct mark set mark`, then takes a few
 * nodes for each bit, where one after the other it would take 2 to the power of 32.
 */
const INTERLEAVED = 64;

/**
 * All packets that can be told apart: the fixed dimensions (`NUMBERS`), and after them, made when they are first asked for, one
 * yes-or-no dimension for each symbol (a workload's identity, membership of a name's address set) and 32 for each quantity (a mark),
 * one a bit, because rules mask them.
 * Sets of different spaces do not mix. A space only grows: make one for a question and let it go.
 */
export class HeaderSpace {
  readonly store: DiagramStore;
  readonly #open: (OpenDimension | undefined)[] = []; // undefined: kept free for a quantity to come
  #block = 0; // in `#open`, where the youngest quantities are
  readonly #symbols = new Map<string, number>();
  readonly #widths = new Map<string, number>(); // of quantities
  readonly #quantities = new Map<string, number>(); // the dimension of bit 31; bit 0 is `31 * INTERLEAVED` further

  constructor(store: DiagramStore = new DiagramStore()) {
    this.store = store;
  }

  /** A space whose work somebody watches. */
  static watched(watcher: Watcher): HeaderSpace {
    return new HeaderSpace(new DiagramStore({}, watcher));
  }

  /** Lets its memory go at once: for questions by the hundred. */
  [Symbol.dispose](): void {
    this.store[Symbol.dispose]();
  }

  get watcher(): Watcher {
    return this.store.watcher;
  }

  everything(): PacketSet {
    return new PacketSet(this, 1);
  }

  nothing(): PacketSet {
    return new PacketSet(this, 0);
  }

  /** The values of one number that lie in any of the ranges (inclusive, any order, may overlap). */
  numbers(dimension: NumberDimension, ranges: readonly { readonly first: number; readonly last: number }[]): PacketSet {
    return new PacketSet(this, rangesNode(this.store, INDEX[dimension], NUMBERS[dimension], ranges));
  }

  /** Addresses of either family; the family is part of the answer. */
  addresses(side: 'src' | 'dst', ranges: readonly AddressRange[]): PacketSet {
    const first = FIRST_LIMB[side];
    const [only] = ranges;
    if (only !== undefined && ranges.length === 1) {
      const isV4 = only.family === 4;
      const node = isV4
        ? rangesNode(this.store, first, 0xffff_ffff, [numbersOf(only)])
        : wideNode(this.store, first, ranges);
      return new PacketSet(this, this.store.cut(INDEX.family, isV4 ? 0 : 1, isV4 ? 0 : 1, 1, node));
    }
    const v4 = ranges.filter((each) => each.family === 4).map(numbersOf);
    const v6 = ranges.filter((each) => each.family === 6);
    return new PacketSet(
      this,
      this.store.node(INDEX.family, [
        [0, rangesNode(this.store, first, 0xffff_ffff, v4)],
        [1, wideNode(this.store, first, v6)],
      ]),
    );
  }

  /** Packets of a set by one of their numbers: as `numbers` and `intersect`, with nothing made between. */
  numbersWithin(
    set: PacketSet,
    dimension: NumberDimension,
    ranges: readonly { readonly first: number; readonly last: number }[],
  ): PacketSet {
    if (this.store.dimensionOf(set.node) <= INDEX[dimension]) return this.numbers(dimension, ranges).intersect(set);
    return new PacketSet(this, rangesNode(this.store, INDEX[dimension], NUMBERS[dimension], ranges, set.node));
  }

  /** Packets of a set by one of their addresses: as `addresses` and `intersect`. */
  addressesWithin(set: PacketSet, side: 'src' | 'dst', ranges: readonly AddressRange[]): PacketSet {
    const { store } = this;
    const first = FIRST_LIMB[side];
    const family = ranges[0]?.family ?? 4;
    const below = store.follow(set.node, INDEX.family, familyValue(family));
    if (store.dimensionOf(below) < first + LIMBS.length || ranges.some((each) => each.family !== family))
      return this.addresses(side, ranges).intersect(set);
    const node =
      family === 4
        ? rangesNode(store, first, 0xffff_ffff, ranges.map(numbersOf), below)
        : wideNode(store, first, ranges, below);
    return new PacketSet(this, store.cut(INDEX.family, familyValue(family), familyValue(family), 1, node));
  }

  /** The values of one 128-bit number that lie in the set, for those that are no addresses (interface names). */
  wide(dimension: 'in' | 'out', values: IntervalSet): PacketSet {
    return new PacketSet(this, wideNode(this.store, FIRST_LIMB[dimension], values.intervals));
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

  /**
   * The packets whose quantity and `mask`, bit by bit, lies in one of the ranges (32 bits, both ends inclusive).
   * @param width bits that it has, for those who tell of it (`widthOf`)
   */
  quantity(
    name: string,
    mask: number,
    ranges: readonly { readonly first: number; readonly last: number }[],
    width?: number,
  ): PacketSet {
    if (width !== undefined) this.#widths.set(name, width);
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

  /** Every dimension that it makes a difference for. */
  dimensionsOf(set: PacketSet): ReadonlySet<number> {
    return dimensionsIn(this.store, set.node);
  }

  /** The bits that a quantity has, from the lowest on, as far as they were told. */
  widthOf(quantity: string): number {
    return this.#widths.get(quantity) ?? 32;
  }

  /** Whether some set of the space asks for a bit of the quantity. */
  asksFor(quantity: string): boolean {
    return this.#quantities.has(quantity);
  }

  /** The symbols that it makes a difference for: some packet is in the set with, and not without, or the reverse. */
  symbolsOf(set: PacketSet): readonly string[] {
    return [...this.dimensionsOf(set)].flatMap((index) => {
      const dimension = this.dimension(index);
      return dimension.kind === 'symbol' ? [dimension.key] : [];
    });
  }

  /** The quantities that it makes a difference for. */
  quantitiesOf(set: PacketSet): readonly string[] {
    const names = [...this.dimensionsOf(set)].flatMap((index) => {
      const dimension = this.dimension(index);
      return dimension.kind === 'bit' ? [dimension.quantity] : [];
    });
    return [...new Set(names)];
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
    const node = forget(this.store, set.node, (index) => !names.has(NAMES[index] ?? ''));
    return new PacketSet(this, node);
  }

  /** What the set says of a quantity: the packets that share its value with some packet of the set. */
  valuesOf(set: PacketSet, quantity: string): PacketSet {
    const bits = new Set(Array.from({ length: 32 }, (_, bit) => this.bitIndex(quantity, bit)));
    return new PacketSet(
      this,
      forget(this.store, set.node, (index) => !bits.has(index)),
    );
  }

  /** The packets that are in the set with some other values in these dimensions. */
  without(set: PacketSet, dimensions: ReadonlySet<number>): PacketSet {
    return new PacketSet(
      this,
      forget(this.store, set.node, (index) => dimensions.has(index)),
    );
  }

  dimension(index: number): DimensionName {
    const name = NAMES[index];
    if (name === undefined) return this.#open[index - NAMES.length]!;
    const wide = /^(src|dst|in|out)([0-3])$/.exec(name);
    if (wide !== null) return { kind: 'wide', name: wide[1] as WideDimension, limb: Number(wide[2]) as Limb };
    return { kind: 'number', name: name as NarrowDimension, max: NUMBERS[name] };
  }

  /** The dimension of the first limb of a 128-bit value; the others follow. */
  wideIndex(name: WideDimension): number {
    return FIRST_LIMB[name];
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
}

/** Of IPv4, whose addresses fit into one dimension. */
function numbersOf({ first, last }: AddressRange): { readonly first: number; readonly last: number } {
  return { first: Number(first), last: Number(last) };
}

/** An address as the limbs of its dimensions; IPv4 has one. */
export function addressLimbs(address: Address): readonly number[] {
  return address.family === 4 ? [Number(address.value)] : LIMBS.map((limb) => limbOf(address.value, limb));
}

export function familyValue(family: Family): 0 | 1 {
  return family === 4 ? 0 : 1;
}
