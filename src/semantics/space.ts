import {
  ADDRESS_TYPES,
  CONNTRACK_STATES,
  type Field,
  HOOKS,
  type InterfacePattern,
  type Match,
  type Range,
  symbolKey,
} from '../ir/index.ts';
import { PORT_PROTOCOLS, PROTOCOLS } from '../net/index.ts';
import {
  type HeaderSpace,
  type Interval,
  IntervalSet,
  type NumberDimension,
  type PacketSet,
} from '../packetset/index.ts';

/** The value of an account field in packets that belong to no socket: (uid_t) -1, which no account can have. */
export const NO_ACCOUNT = 0xffff_ffff;

/** Names of interfaces are at most 15 bytes (IFNAMSIZ is 16 with the final NUL, include/uapi/linux/if.h). */
const NAME_BYTES = 16;

/** What a match means: the packets that it holds for. The concrete twin is `matches`. */
export function packetsOf(space: HeaderSpace, match: Match): PacketSet {
  switch (match.kind) {
    case 'everything':
      return space.everything();
    case 'nothing':
      return space.nothing();
    case 'all':
      return intersection(space, match.of);
    case 'any':
      return space.union(match.of.map((part) => packetsOf(space, part)));
    case 'not':
      return packetsOf(space, match.of).complement();
    case 'field':
      return fieldPackets(space, match.field, match.ranges);
    case 'address':
      return space.addresses(match.side, match.ranges);
    case 'interface':
      return space.wide(match.side, IntervalSet.of(match.names.map(interfaceInterval)));
    case 'quantity':
      return space.quantity(match.quantity, match.mask, match.ranges, match.width);
    case 'symbol':
      return space.symbol(symbolKey(match.symbol));
  }
}

/** From the last dimension to the first: each step then puts one node on top, where the other way round all below is made anew. */
function intersection(space: HeaderSpace, parts: readonly Match[]): PacketSet {
  return parts
    .map((part) => partOf(space, part))
    .sort((a, b) => b.dimension - a.dimension)
    .reduce((set, part) => part.within(set), space.everything());
}

interface Part {
  readonly dimension: number; // the first that it asks for, but for the family of an address
  /** Those of a set that it holds for. */
  readonly within: (set: PacketSet) => PacketSet;
}

function partOf(space: HeaderSpace, match: Match): Part {
  switch (match.kind) {
    case 'address':
      return {
        dimension: space.wideIndex(match.side),
        within: (set) => space.addressesWithin(set, match.side, match.ranges),
      };
    case 'field':
      // Values of these are all that they ask for; ports ask for a protocol, too.
      if (match.field === 'protocol' || match.field === 'state')
        return {
          dimension: space.numberIndex(match.field),
          within: (set) => space.numbersWithin(set, match.field, match.ranges),
        };
  }
  const packets = packetsOf(space, match);
  return { dimension: space.store.dimensionOf(packets.node), within: (set) => packets.intersect(set) };
}

const ICMP = [PROTOCOLS.icmp, PROTOCOLS.icmpv6];
const TCP = [PROTOCOLS.tcp];

/** A field's values among the packets that have the field. */
function fieldPackets(space: HeaderSpace, field: Field, ranges: readonly Range[]): PacketSet {
  const values = space.numbers(field, field === 'family' ? familyRanges(ranges) : ranges);
  switch (field) {
    case 'hook':
    case 'family':
    case 'protocol':
    case 'state':
    case 'srcType':
    case 'dstType':
      return values;
    case 'sport':
    case 'dport':
      return protocols(space, PORT_PROTOCOLS).intersect(values);
    case 'icmpType':
    case 'icmpCode':
      return protocols(space, ICMP).intersect(values);
    case 'tcpFlags':
      return protocols(space, TCP).intersect(values);
    case 'srcAccount':
    case 'dstAccount':
      return values.intersect(space.numbers(field, [{ first: 0, last: NO_ACCOUNT - 1 }]));
  }
}

function protocols(space: HeaderSpace, numbers: readonly number[]): PacketSet {
  const known = ofProtocols.get(space) ?? new Map<readonly number[], PacketSet>();
  ofProtocols.set(space, known);
  let packets = known.get(numbers);
  if (packets === undefined) {
    packets = space.numbers(
      'protocol',
      numbers.map((number) => ({ first: number, last: number })),
    );
    known.set(numbers, packets);
  }
  return packets;
}

/** By the lists of numbers themselves: there are a handful, and every rule with a port asks for one. */
const ofProtocols = new WeakMap<HeaderSpace, Map<readonly number[], PacketSet>>();

/** The families 4 and 6 are the values 0 and 1 of their dimension; others do not exist. */
function familyRanges(ranges: readonly Range[]): Range[] {
  return [4, 6].flatMap((family, value) =>
    ranges.some((range) => range.first <= family && family <= range.last) ? [{ first: value, last: value }] : [],
  );
}

/**
 * A name as a number whose order is the order of its bytes, padded with NUL: so a wildcard is an interval, and the empty
 * name (0) is what the kernel compares where there is no such interface (net/netfilter/nft_meta.c, nft_meta_store_ifname).
 */
export function interfaceInterval(pattern: InterfacePattern): Interval {
  const bytes = new TextEncoder().encode(pattern.name);
  let first = 0n;
  for (let at = 0; at < NAME_BYTES; at++) first = (first << 8n) | BigInt(bytes[at] ?? 0);
  const free = BigInt(8 * Math.max(0, NAME_BYTES - bytes.length));
  return { first, last: pattern.wildcard ? first | ((1n << free) - 1n) : first };
}

/** The name that a number of `interfaceInterval` stands for. */
export function interfaceName(value: bigint): string {
  const bytes: number[] = [];
  for (let shift = 120n; shift >= 0n; shift -= 8n) {
    const byte = Number((value >> shift) & 0xffn);
    if (byte === 0) break;
    bytes.push(byte);
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

/**
 * The packets that a kernel can show to a hook: an input packet has no outgoing interface and no sending socket, an output packet
 * no incoming interface and no receiver, a forwarded one no account at all. Denotations speak of these only.
 */
export function possiblePackets(space: HeaderSpace): PacketSet {
  let packets = possible.get(space);
  if (packets === undefined) {
    packets = makePossible(space);
    possible.set(space, packets);
  }
  return packets;
}

const possible = new WeakMap<HeaderSpace, PacketSet>(); // the same for every set of a space

function makePossible(space: HeaderSpace): PacketSet {
  const absent = IntervalSet.of([{ first: 0n, last: 0n }]);
  const noAccount = (side: 'srcAccount' | 'dstAccount') =>
    space.numbers(side, [{ first: NO_ACCOUNT, last: NO_ACCOUNT }]);
  const hook = (name: (typeof HOOKS)[number]) => fieldPackets(space, 'hook', [single(HOOKS.indexOf(name))]);
  const none = { in: space.wide('in', absent), out: space.wide('out', absent) };
  return space.union([
    hook('input').intersect(none.out).subtract(none.in).intersect(noAccount('srcAccount')),
    hook('output').intersect(none.in).subtract(none.out).intersect(noAccount('dstAccount')),
    hook('forward')
      .subtract(none.in)
      .subtract(none.out)
      .intersect(noAccount('srcAccount'))
      .intersect(noAccount('dstAccount')),
  ]);
}

function single(value: number): Range {
  return { first: value, last: value };
}

/** The text of one value of a dimension, for people. */
export function valueText(dimension: NumberDimension, value: number): string {
  switch (dimension) {
    case 'hook':
      return HOOKS[value] ?? String(value);
    case 'state':
      return CONNTRACK_STATES[value] ?? String(value);
    case 'srcType':
    case 'dstType':
      return ADDRESS_TYPES[value] ?? String(value);
    default:
      return String(value);
  }
}
