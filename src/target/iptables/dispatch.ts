import type { AddressRange } from '../../net/index.ts';
import type { Chain, Rule } from './ast.ts';
import * as build from './build.ts';
import { both, type Conditions } from './build.ts';
import type { Way } from './way.ts';

/**
 * iptables asks one rule after the other, and a thousand of them cost a packet dearly (iptables-nft does half the connections with a
 * thousand rules, a sixth with ten thousand). Therefore many rules are parted into chains by protocol, port and address, so that a packet
 * meets a few of each level. Rules only add up, so that each stands once: those that fit no part come before all parts.
 */
const MOST_RULES = 16; // that are asked one after the other, and parts of one chain

interface Split {
  readonly stay: readonly Way[];
  readonly parts: readonly Part[];
}

interface Part {
  readonly name: readonly (string | number)[]; // empty: has none of its own
  readonly enter: Conditions;
  readonly ways: readonly Way[];
}

/** Writes a way as rules. */
export type WriteWay = (way: Way) => readonly Rule[];

export class Dispatch {
  readonly chains: Chain[] = [];
  readonly #nameChain: (...parts: readonly (string | number)[]) => string;
  readonly #write: WriteWay;
  readonly #otherwise: Rule;
  readonly #names = new Set<string>();

  /** @param otherwise what becomes of packets that no way lets through */
  constructor(nameChain: (...parts: readonly (string | number)[]) => string, write: WriteWay, otherwise: Rule) {
    this.#nameChain = nameChain;
    this.#write = write;
    this.#otherwise = otherwise;
  }

  /** The rules of a chain that lets the ways through and nothing else; the chains that it leads on to are kept. */
  rules(ways: readonly Way[]): Rule[] {
    const { stay, parts } = ways.length <= MOST_RULES ? { stay: ways, parts: [] } : bestSplit(ways);
    const leading = parts.map(({ name, enter, ways: inside }) => {
      const chain = this.#name(name);
      const at = this.chains.push({ name: chain, rules: [] }) - 1;
      this.chains[at] = { name: chain, rules: this.rules(inside) };
      return build.rule(enter, build.goto(chain));
    });
    return [...stay.flatMap(this.#write), ...leading, this.#otherwise];
  }

  #name(parts: readonly (string | number)[]): string {
    const wanted = parts.length === 0 ? undefined : this.#nameChain(...parts);
    const name = wanted === undefined || this.#names.has(wanted) ? this.#nameChain(`n${this.#names.size + 1}`) : wanted;
    this.#names.add(name);
    return name;
  }
}

/** The way of parting that leaves the fewest rules to ask in the largest part. */
function bestSplit(ways: readonly Way[]): Split {
  const [first] = ways;
  const splits = ways.some(({ protocol }) => protocol !== first?.protocol)
    ? [byProtocol(ways)]
    : [byInterval(ways, PORTS), byInterval(ways, DESTINATIONS), byInterval(ways, SOURCES)];
  const largest = ({ stay, parts }: Split): number =>
    parts.length < 2 ? ways.length : stay.length + Math.max(...parts.map((part) => part.ways.length));
  const best = splits.reduce((left, right) => (largest(right) < largest(left) ? right : left));
  return largest(best) < ways.length ? best : { stay: ways, parts: [] };
}

function byProtocol(ways: readonly Way[]): Split {
  const parts = [...Map.groupBy(ways, ({ protocol }) => protocol)].map(([protocol, inside]) => ({
    name: [shortName(protocol)],
    enter: build.protocol(protocol),
    ways: inside,
  }));
  return { stay: [], parts };
}

/** A chain's name has 28 letters: `PC-a-forward-tcp-10000-20000` is as long as any. */
function shortName(protocol: number): string | number {
  return protocol === 6 ? 'tcp' : protocol === 17 ? 'udp' : protocol;
}

interface Interval {
  readonly first: bigint;
  readonly last: bigint; // inclusive
}

/** By what rules can be parted into neighbours. */
interface Dimension {
  readonly of: (way: Way) => Interval | undefined; // undefined: any value
  readonly part: (ways: readonly Way[], hull: Interval) => Omit<Part, 'ways'>;
}

const PORTS: Dimension = {
  of: ({ ports }) => (ports === undefined ? undefined : { first: BigInt(ports.first), last: BigInt(ports.last) }),
  part: ([way], hull) => {
    const protocol = way?.protocol ?? 0;
    const range = { first: Number(hull.first), last: Number(hull.last) };
    const numbers = range.first === range.last ? [range.first] : [range.first, range.last];
    return {
      name: [shortName(protocol), ...numbers],
      enter: both(build.protocol(protocol), build.ports(protocol, 'destination', [range])),
    };
  },
};

const DESTINATIONS = ofAddresses('dst');
const SOURCES = ofAddresses('src');

function ofAddresses(side: 'src' | 'dst'): Dimension {
  return {
    of: (way) => way[side],
    part: ([way], { first, last }) => ({
      name: [],
      enter: build.addresses(side, { ...rangeOf(way, side), first, last }),
    }),
  };
}

function rangeOf(way: Way | undefined, side: 'src' | 'dst'): AddressRange {
  const range = way?.[side];
  if (range === undefined) throw new RangeError('a part without addresses');
  return range;
}

interface Placed extends Interval {
  readonly way: Way;
}

/** Neighbours that overlap stay together; the widest, which would hold all together, come before all parts. */
function byInterval(ways: readonly Way[], { of, part }: Dimension): Split {
  const placed = ways.flatMap((way): Placed[] => {
    const interval = of(way);
    return interval === undefined ? [] : [{ way, first: interval.first, last: interval.last }];
  });
  const stay = new Set(ways);
  for (const { way } of placed) stay.delete(way);
  const byWidth = placed.toSorted((a, b) => compare(b.last - b.first, a.last - a.first));
  let groups = clusters(byWidth);
  for (let widest = 0; widest < MOST_RULES && largestOf(groups) > ways.length / 2; widest++) {
    const wide = byWidth[widest];
    if (wide === undefined) break;
    stay.add(wide.way);
    groups = clusters(byWidth.slice(widest + 1));
  }
  const size = Math.max(MOST_RULES, Math.ceil(placed.length / MOST_RULES));
  const parts = together(groups, size).map((group) => {
    const inside = new Set(group.map(({ way }) => way));
    const hull = {
      first: group[0]!.first,
      last: group.reduce((last, each) => (each.last > last ? each.last : last), 0n),
    };
    return { ...part([...inside], hull), ways: ways.filter((way) => inside.has(way)) };
  });
  return { stay: ways.filter((way) => stay.has(way)), parts };
}

function largestOf(groups: readonly (readonly Placed[])[]): number {
  return groups.reduce((most, group) => Math.max(most, group.length), 0);
}

/** In ascending order, each of intervals that overlap, directly or through others. */
function clusters(placed: readonly Placed[]): Placed[][] {
  const groups: Placed[][] = [];
  let last = -1n;
  for (const each of placed.toSorted((a, b) => compare(a.first, b.first))) {
    if (each.first > last) groups.push([]);
    groups.at(-1)!.push(each);
    if (each.last > last) last = each.last;
  }
  return groups;
}

/** Neighbouring groups joined until they have so many members. */
function together(groups: readonly Placed[][], size: number): Placed[][] {
  const joined: Placed[][] = [];
  for (const group of groups) {
    const last = joined.at(-1);
    if (last !== undefined && last.length + group.length <= size) last.push(...group);
    else joined.push([...group]);
  }
  return joined;
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
