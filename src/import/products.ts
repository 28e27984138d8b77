import { field } from '../ir/index.ts';
import type { Family } from '../net/index.ts';
import { wholeFamily } from '../net/index.ts';
import { AddressSet, boxes, HeaderSpace, IntervalSet, type NumberRange, PacketSet } from '../packetset/index.ts';
import { packetsOf } from '../semantics/index.ts';
import { endsByService } from './ends-by-service.ts';
import { HIGHEST_CODE, meaninglessCodes } from './service-codes.ts';

/** Every service of a list between any source and any destination; IPv4 with IPv4 and IPv6 with IPv6. */
export interface Product {
  readonly src: AddressSet;
  readonly dst: AddressSet;
  readonly codes: readonly NumberRange[]; // ascending; see service-codes.ts
}

const FAMILIES: readonly Family[] = [4, 6];
/** Beyond this many groups of services no smaller form is looked for. */
const FEW = 200;

/**
 * Products that cover all that is needed, within what is allowed: for each group of services that the same ends may use, those ends; then each
 * with all services that its ends may use, and without those that the others cover.
 */
export function products(needed: PacketSet, allowed: PacketSet): Product[] {
  using space = new HeaderSpace(); // what is made on the way is as much again as the firewall's meaning, and goes with it
  const codes = new Transposed(space, allowed, true);
  const wanted = new Transposed(space, needed, false);
  const groups = codes.groups();
  const candidates = groups.flatMap((group) => codes.products(group)).filter((each) => wanted.has(each));
  if (groups.length > FEW) return candidates.map((each) => wanted.tightened(each));
  // Each run of services by itself: what happens to have the same ends need not belong together.
  const runs = candidates.flatMap((each) => each.codes.map((run) => ({ ...each, codes: [run] })));
  const enlarged = runs
    .filter((each) => wanted.has(each))
    .map((each) => ({ ...each, codes: codes.runAround(each, groups) }));
  return wanted.cover(enlarged).map((each) => wanted.tightened(each));
}

/** Ends that some services share: nodes over source and destination. */
interface Group {
  readonly nodes: Readonly<Record<Family, number>>;
  readonly codes: readonly NumberRange[];
}

/** A set of packets with the service, as one number, before the addresses: what is below are the ends that may use it. */
class Transposed {
  readonly #space: HeaderSpace;
  readonly #set: PacketSet;

  /** @param lenient whether services that mean nothing in a family are in the set */
  constructor(space: HeaderSpace, packets: PacketSet, lenient: boolean) {
    this.#space = space;
    const parts: PacketSet[] = [];
    for (const family of FAMILIES) {
      const ofFamily = packetsOf(space, field('family', family));
      for (const { codes, ends } of endsByService(packets, family, space))
        parts.push(ends.intersect(this.#service(codes)).intersect(ofFamily));
      if (lenient) parts.push(this.#service(meaninglessCodes(family)).intersect(ofFamily));
    }
    this.#set = space.union(parts);
  }

  #service(codes: readonly { readonly first: bigint; readonly last: bigint }[]): PacketSet {
    return this.#space.numbers(
      'in0',
      codes.map(({ first, last }) => ({ first: Number(first), last: Number(last) })),
    );
  }

  groups(): Group[] {
    const [v4, v6] = FAMILIES.map((family) => this.#edges(family));
    const starts = [...new Set([...v4!, ...v6!].map(({ first }) => first))].sort((a, b) => a - b);
    const groups = new Map<string, { nodes: Record<Family, number>; codes: NumberRange[] }>();
    let [at4, at6] = [0, 0];
    for (const [index, first] of starts.entries()) {
      while (v4![at4 + 1] !== undefined && v4![at4 + 1]!.first <= first) at4++;
      while (v6![at6 + 1] !== undefined && v6![at6 + 1]!.first <= first) at6++;
      const nodes = { 4: v4![at4]!.node, 6: v6![at6]!.node };
      if (nodes[4] === 0 && nodes[6] === 0) continue;
      const codes = { first, last: (starts[index + 1] ?? HIGHEST_CODE + 1) - 1 };
      const key = `${nodes[4]} ${nodes[6]}`;
      const known = groups.get(key);
      if (known === undefined) groups.set(key, { nodes, codes: [codes] });
      else if (known.codes.at(-1)!.last + 1 === first)
        known.codes.push({ first: known.codes.pop()!.first, last: codes.last });
      else known.codes.push(codes);
    }
    return [...groups.values()];
  }

  /** What each service of a family leads to, by the first one that leads there. */
  #edges(family: Family): { readonly first: number; readonly node: number }[] {
    const { store } = this.#space;
    const ofFamily = store.follow(this.#set.node, this.#space.numberIndex('family'), family === 4 ? 0 : 1);
    const service = this.#space.numberIndex('in0');
    if (store.dimensionOf(ofFamily) !== service) return [{ first: 0, node: ofFamily }];
    const edges: { first: number; node: number }[] = [];
    let first = 0;
    for (let edge = 0; edge < store.edgeCount(ofFamily) && first <= HIGHEST_CODE; edge++) {
      edges.push({ first, node: store.edgeChild(ofFamily, edge) });
      first = store.edgeUpper(ofFamily, edge) + 1;
    }
    return edges;
  }

  products({ nodes, codes }: Group): Product[] {
    const [v4, v6] = FAMILIES.map((family) => this.#ends(nodes[family], family));
    return Array.from({ length: Math.max(v4!.length, v6!.length) }, (_, index) => ({
      src: AddressSet.of([...(v4![index]?.src ?? []), ...(v6![index]?.src ?? [])]),
      dst: AddressSet.of([...(v4![index]?.dst ?? []), ...(v6![index]?.dst ?? [])]),
      codes,
    }));
  }

  #ends(node: number, family: Family) {
    const whole = IntervalSet.of([wholeFamily(family)]);
    const set = new PacketSet(this.#space, node).intersect(packetsOf(this.#space, field('family', family)));
    return [...boxes(set)].map((box) => {
      const side = (name: 'src' | 'dst') =>
        (box.wides.get(name) ?? whole).intervals.map((interval) => ({ family, ...interval }));
      return { src: side('src'), dst: side('dst') };
    });
  }

  /** The run of services that every pair of the product's ends may use, with those of the product in it. */
  runAround(product: Product, groups: readonly Group[]): readonly NumberRange[] {
    const ends = this.#endPackets(product);
    const free = groups.filter(({ nodes }) =>
      FAMILIES.every((family) => {
        const here = ends.intersect(packetsOf(this.#space, field('family', family)));
        return this.#space.store.minus(here.node, nodes[family]) === 0;
      }),
    );
    const own = product.codes[0]!;
    return merged(free.flatMap(({ codes }) => codes)).filter(
      ({ first, last }) => first <= own.first && own.first <= last,
    );
  }

  #endPackets({ src, dst }: Product): PacketSet {
    return this.#space.addresses('src', src.ranges()).intersect(this.#space.addresses('dst', dst.ranges()));
  }

  /** Whether it has some packet of the set. */
  has(product: Product): boolean {
    return this.#set.intersects(this.#space.numbers('in0', product.codes).intersect(this.#endPackets(product)));
  }

  /** The packets of the set that a product has. */
  packets(product: Product): PacketSet {
    return this.#set.intersect(this.#space.numbers('in0', product.codes)).intersect(this.#endPackets(product));
  }

  /** The product with only those addresses that some packet of the set has, where that is shorter to say. */
  tightened(product: Product): Product {
    const packets = this.packets(product);
    return {
      ...product,
      src: this.#needed(packets, 'src', product.src),
      dst: this.#needed(packets, 'dst', product.dst),
    };
  }

  #needed(packets: PacketSet, side: 'src' | 'dst', allowed: AddressSet): AddressSet {
    const used = boxes(this.#space.project(packets, ['family', side]));
    const needed = AddressSet.of(
      [...used].flatMap(({ family = 4, wides }) => {
        const intervals = wides.get(side)?.intervals ?? [wholeFamily(family)];
        return intervals.map(({ first, last }) => ({ family, first, last }));
      }),
    );
    return AddressSet.of(
      FAMILIES.flatMap((family) => {
        const [some, all] = [needed, allowed].map((set) => set.ranges().filter((range) => range.family === family));
        return some!.length > 0 && some!.length < all!.length ? some! : all!;
      }),
    );
  }

  /** Of products that together have the whole set, few that still do: the larger ones first. */
  cover(candidates: readonly Product[]): Product[] {
    const bySize = candidates.map((product) => ({ product, size: size(product) })).sort((a, b) => b.size - a.size);
    const chosen: Part[] = [];
    let left = this.#set;
    for (const { product } of bySize) {
      const packets = this.packets(product);
      const rest = left.subtract(packets);
      if (rest.equals(left)) continue;
      chosen.push({ product, packets });
      left = rest;
    }
    // What later ones cover as well, an earlier one need not.
    const kept = this.#inTurn(chosen, (part, others) => (part.packets.subtract(others).isEmpty() ? undefined : part));
    // Two that both have a family must not each leave it to the other.
    return this.#inTurn(kept, (part, others) => this.#withoutCovered(part, others)).map(({ product }) => product);
  }

  /** Each part beside the packets of all others: of those before it as their turn has left them, of those after it as they came. */
  #inTurn(parts: readonly Part[], turn: (part: Part, others: PacketSet) => Part | undefined): Part[] {
    const after: PacketSet[] = [];
    let behind = this.#space.nothing();
    for (const { packets } of parts.toReversed()) {
      after.push(behind);
      behind = behind.union(packets);
    }
    after.reverse();
    const done: Part[] = [];
    let before = this.#space.nothing();
    for (const [at, part] of parts.entries()) {
      const left = turn(part, before.union(after[at]!));
      if (left === undefined) continue;
      done.push(left);
      before = before.union(left.packets);
    }
    return done;
  }

  /** Without a family that is not needed, or that other products have anyway, where it would have to be said beside addresses of the other. */
  #withoutCovered(part: Part, others: PacketSet): Part {
    const { product, packets } = part;
    const covered = FAMILIES.filter((family) => {
      const here = packets.intersect(packetsOf(this.#space, field('family', family)));
      const isSaid = [product.src, product.dst].every((set) => !set.of(family).isEmpty());
      return isSaid && here.subtract(others).isEmpty();
    });
    const [family] = covered;
    if (family === undefined || covered.length > 1) return part;
    const rest = (set: AddressSet): AddressSet => AddressSet.of(set.ranges().filter((each) => each.family !== family));
    const isPlain = [product.src, product.dst].every((set) => isWhole(set, family === 4 ? 6 : 4));
    if (isPlain) return part;
    const less = { ...product, src: rest(product.src), dst: rest(product.dst) };
    return { product: less, packets: this.packets(less) };
  }
}

/** A product with what it has of the set that is to be covered. */
interface Part {
  readonly product: Product;
  readonly packets: PacketSet;
}

function isWhole(set: AddressSet, family: Family): boolean {
  return AddressSet.of([wholeFamily(family)])
    .subtract(set)
    .of(family)
    .isEmpty();
}

function size({ codes, src, dst }: Product): number {
  const services = codes.reduce((sum, { first, last }) => sum + Math.log2(last - first + 2), 0);
  const width = (set: AddressSet): number =>
    set.ranges().reduce((sum, { first, last }) => Math.max(sum, (last - first).toString(2).length), 0);
  return services + width(src) + width(dst);
}

function merged(ranges: readonly NumberRange[]): readonly NumberRange[] {
  const set = IntervalSet.of(ranges.map(({ first, last }) => ({ first: BigInt(first), last: BigInt(last) })));
  return set.intervals.map(({ first, last }) => ({ first: Number(first), last: Number(last) }));
}
