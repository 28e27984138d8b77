import type { Family } from '../net/index.ts';
import type { NumberDimension, WideDimension } from './dimensions.ts';
import type { HeaderSpace } from './header-space.ts';
import { type Interval, IntervalSet } from './interval-set.ts';
import type { PacketSet } from './packet-set.ts';

/** Packets that have each number in the ranges given for it, and any value where none are given. */
export interface Box {
  readonly family?: Family;
  readonly numbers: ReadonlyMap<NumberDimension, readonly NumberRange[]>; // `family` is not among them
  readonly wides: ReadonlyMap<WideDimension, IntervalSet>; // of 32 bits for the addresses of family 4, else of 128
  readonly bits: ReadonlyMap<string, Bits>; // of quantities
  readonly symbols: ReadonlyMap<string, boolean>;
  readonly exact: boolean; // false: a bit pattern across limbs that no interval can say; the box is then larger than the set
}

export interface NumberRange {
  readonly first: number;
  readonly last: number; // inclusive
}

/** The bits of a quantity that are settled, and their values. */
export interface Bits {
  readonly mask: number;
  readonly value: number;
}

interface Draft {
  readonly family: Family | undefined;
  readonly numbers: readonly (readonly [NumberDimension, readonly NumberRange[]])[];
  readonly wides: readonly (readonly [WideDimension, IntervalSet])[];
  readonly bits: ReadonlyMap<string, Bits>;
  readonly symbols: readonly (readonly [string, boolean])[];
  readonly exact: boolean;
}

/** Limb values whose lower limbs differ are listed one by one up to this many; beyond, the box is not exact. */
const MAX_LISTED = 256;

/** The set as disjoint boxes, one at a time: there may be very many, so take as many as can be shown. */
export function* boxes(set: PacketSet): Generator<Box> {
  const start: Draft = { family: undefined, numbers: [], wides: [], bits: new Map(), symbols: [], exact: true };
  for (const draft of walk(set.space, set.node, start)) {
    yield {
      ...(draft.family === undefined ? {} : { family: draft.family }),
      numbers: new Map(draft.numbers),
      wides: new Map(draft.wides),
      bits: draft.bits,
      symbols: new Map(draft.symbols),
      exact: draft.exact,
    };
  }
}

function* walk(space: HeaderSpace, node: number, draft: Draft): Generator<Draft> {
  if (node === 0) return;
  if (node === 1) {
    yield draft;
    return;
  }
  const dimension = space.dimension(space.store.dimensionOf(node));
  switch (dimension.kind) {
    case 'symbol':
      for (const holds of [true, false]) {
        const child = space.store.follow(node, space.store.dimensionOf(node), holds ? 1 : 0);
        yield* walk(space, child, { ...draft, symbols: [...draft.symbols, [dimension.key, holds]] });
      }
      return;
    case 'bit':
      for (const value of [0, 1]) {
        const child = space.store.follow(node, space.store.dimensionOf(node), value);
        const bits = draft.bits.get(dimension.quantity) ?? { mask: 0, value: 0 };
        const settled = {
          mask: (bits.mask | (1 << dimension.bit)) >>> 0,
          value: (bits.value | (value << dimension.bit)) >>> 0,
        };
        yield* walk(space, child, { ...draft, bits: new Map(draft.bits).set(dimension.quantity, settled) });
      }
      return;
    case 'number':
      for (const [child, ranges] of exitsOfNumber(space, node)) {
        if (dimension.name === 'family') {
          for (const range of ranges) {
            const family = range.first === 0 ? 4 : 6;
            yield* walk(space, child, { ...draft, family });
          }
        } else yield* walk(space, child, { ...draft, numbers: [...draft.numbers, [dimension.name, ranges]] });
      }
      return;
    case 'wide': {
      const isAddress = dimension.name === 'src' || dimension.name === 'dst';
      if (isAddress && draft.family === undefined) {
        yield* walk(space, node, { ...draft, family: 4 });
        yield* walk(space, node, { ...draft, family: 6 });
        return;
      }
      const bits = isAddress && draft.family === 4 ? 32 : 128;
      for (const [child, exit] of exitsOfWide(space, node, dimension.name, dimension.limb, bits)) {
        yield* walk(space, child, {
          ...draft,
          wides: [...draft.wides, [dimension.name, IntervalSet.of(exit.intervals)]],
          exact: draft.exact && exit.exact,
        });
      }
    }
  }
}

function exitsOfNumber(space: HeaderSpace, node: number): Map<number, NumberRange[]> {
  const exits = new Map<number, NumberRange[]>();
  let first = 0;
  for (let edge = 0; edge < space.store.edgeCount(node); edge++) {
    const last = space.store.edgeUpper(node, edge);
    const child = space.store.edgeChild(node, edge);
    if (child !== 0) {
      const ranges = exits.get(child);
      if (ranges === undefined) exits.set(child, [{ first, last }]);
      else ranges.push({ first, last });
    }
    first = last + 1;
  }
  return exits;
}

interface WideExit {
  readonly intervals: Interval[];
  exact: boolean;
}

/** Where each value of a 128-bit (or 32-bit) number leads, the limbs taken together. */
function exitsOfWide(
  space: HeaderSpace,
  node: number,
  name: WideDimension,
  from: number,
  bits: 32 | 128,
): Map<number, WideExit> {
  const exits = new Map<number, WideExit>();
  const store = space.store;
  const add = (child: number, interval: Interval, exact: boolean): void => {
    const exit = exits.get(child) ?? { intervals: [], exact: true };
    exit.intervals.push(interval);
    exit.exact &&= exact;
    exits.set(child, exit);
  };
  const descend = (at: number, limb: number, prefix: bigint, exact: boolean): void => {
    const shift = BigInt(bits - 32 - 32 * limb);
    let first = 0;
    for (let edge = 0; edge < store.edgeCount(at); edge++) {
      const last = store.edgeUpper(at, edge);
      const child = store.edgeChild(at, edge);
      const low = first;
      first = last + 1;
      if (child === 0) continue;
      const below = bits === 128 && child > 1 ? space.dimension(store.dimensionOf(child)) : undefined;
      if (below?.kind !== 'wide' || below.name !== name) {
        add(
          child,
          { first: prefix | (BigInt(low) << shift), last: prefix | (BigInt(last) << shift) | ((1n << shift) - 1n) },
          exact,
        );
      } else if (below.limb === limb + 1 && last - low < MAX_LISTED) {
        for (let value = low; value <= last; value++)
          descend(child, limb + 1, prefix | (BigInt(value) << shift), exact);
      } else descend(child, below.limb, prefix | (BigInt(low) << shift), false);
    }
  };
  descend(node, from, 0n, from === 0);
  return exits;
}

/** The packets of a box; of one that is not exact, those that it is larger by too. */
export function boxPackets(space: HeaderSpace, box: Box): PacketSet {
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
