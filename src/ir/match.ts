import type { AddressRange } from '../net/index.ts';

/**
 * What a rule asks of a packet: a predicate, built from fields by `all`, `any` and `not`.
 *
 * The same type says what a policy wants and what a firewall does, so that the two can be compared. It is data only:
 * `semantics/` alone says what it means. A field that a packet does not have matches nothing, whatever the range:
 * `port` of an ICMP packet is neither 22 nor "not 22", so write `all(protocol tcp, not(dport 22))` for the latter.
 */
export type Match =
  | { readonly kind: 'everything' }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'all'; readonly of: readonly Match[] }
  | { readonly kind: 'any'; readonly of: readonly Match[] }
  | { readonly kind: 'not'; readonly of: Match }
  | { readonly kind: 'field'; readonly field: Field; readonly ranges: readonly Range[] }
  | { readonly kind: 'address'; readonly side: Side; readonly ranges: readonly AddressRange[] }
  | { readonly kind: 'interface'; readonly side: 'in' | 'out'; readonly names: readonly InterfacePattern[] }
  | QuantityMatch
  | { readonly kind: 'symbol'; readonly symbol: Symbol };

export interface QuantityMatch {
  readonly kind: 'quantity';
  readonly quantity: Quantity;
  readonly mask: number;
  readonly ranges: readonly Range[];
  readonly width?: number; // bits that the number has, from the lowest on; 32 where it is not told
}

/**
 * A 32-bit number that rules compare, mask or set, and that is no header field of its own: `mark` (the packet's), `ctmark`
 * (its connection's), or a field that only other people's rulesets ask for, by the text of its expression (`ip ttl`). A match holds
 * where the number and `mask`, bit by bit, lies in one of the ranges. Two texts are two numbers: nothing relates them.
 */
export type Quantity = string;

/** What conntrack has done with the packet's connection, as bits (IPS_*, include/uapi/linux/netfilter/nf_conntrack_common.h); of a new one, nothing yet. */
export const CT_STATUS: Quantity = 'ct status';

export type Side = 'src' | 'dst';

/** Whole numbers, both ends inclusive. */
export interface Range {
  readonly first: number;
  readonly last: number; // inclusive
}

/**
 * A numeric property of a packet, with the packets that have it:
 *
 * - `hook`: where the packet stands; values in `HOOKS`. Every packet.
 * - `family`: 4 or 6. Every packet.
 * - `protocol`: the IANA number of the transport, after IPv6 extension headers. Every packet.
 * - `sport`, `dport`: TCP, UDP, UDP-Lite, DCCP, SCTP.
 * - `icmpType`, `icmpCode`: ICMP and ICMPv6.
 * - `tcpFlags`: the eight flag bits of byte 13 (RFC 9293 3.1), FIN = 1 ... CWR = 128. TCP.
 * - `state`: conntrack's view; values in `CONNTRACK_STATES`. Every packet.
 * - `srcAccount`: the uid that owns the sending socket; packets at output that have a socket.
 * - `dstAccount`: the uid that owns the receiving socket; packets at input that have one. No first-packet filter in the
 *   kernel sees it; it is there so that a policy can say it and a target can declare that it did not look.
 * - `srcType`, `dstType`: what the routing table says of the address; values in `ADDRESS_TYPES`. Every packet.
 */
export type Field =
  | 'hook'
  | 'family'
  | 'protocol'
  | 'sport'
  | 'dport'
  | 'icmpType'
  | 'icmpCode'
  | 'tcpFlags'
  | 'state'
  | 'srcAccount'
  | 'dstAccount'
  | 'srcType'
  | 'dstType';

/** Where a packet goes, as this machine sees it: to one of its processes, from one, or through. */
export const HOOKS = ['input', 'output', 'forward'] as const;
export type Hook = (typeof HOOKS)[number];

/**
 * Where chains can be attached, in the order in which a packet passes them (include/uapi/linux/netfilter.h): each packet sees
 * those of its own path only.
 */
export const CHAIN_HOOKS = ['ingress', 'prerouting', 'input', 'forward', 'output', 'postrouting', 'egress'] as const;
export type ChainHook = (typeof CHAIN_HOOKS)[number];

/** The packets that pass a chain hook, by where they go. */
export const PASSING: Readonly<Record<ChainHook, readonly Hook[]>> = {
  ingress: ['input', 'forward'],
  prerouting: ['input', 'forward'],
  input: ['input'],
  forward: ['forward'],
  output: ['output'],
  postrouting: ['output', 'forward'],
  egress: ['output', 'forward'],
};

export const CONNTRACK_STATES = ['new', 'established', 'related', 'invalid', 'untracked'] as const;
export type ConntrackState = (typeof CONNTRACK_STATES)[number];

/** The kernel's RTN_* kinds (include/uapi/linux/rtnetlink.h) that `fib saddr type` can answer, in our own order. */
export const ADDRESS_TYPES = [
  'unicast',
  'local',
  'broadcast',
  'anycast',
  'multicast',
  'unspec',
  'blackhole',
  'unreachable',
  'prohibit',
] as const;
export type AddressType = (typeof ADDRESS_TYPES)[number];

/** An interface's name, exact or as a prefix (`br-*`). Names hold at most 15 bytes (IFNAMSIZ - 1). */
export interface InterfacePattern {
  readonly name: string;
  readonly wildcard: boolean; // true: every name that begins with `name`, `name` itself too
}

/**
 * A yes-or-no property of a packet that its bytes do not tell. Two symbols are the same property when all their parts
 * are equal. `semantics/symbol.ts` writes down what each kind means for a concrete flow.
 */
export type Symbol =
  /** The client asked for a name of this group, and the enforcer itself resolved and dialled it. */
  | { readonly kind: 'asked'; readonly group: string }
  /** The destination address is now in the set that the resolver keeps for this group of names. */
  | { readonly kind: 'member'; readonly group: string }
  /** The sending socket lives in this cgroup (v2) or below; a path without leading slash. */
  | { readonly kind: 'cgroup'; readonly path: string }
  /** The packet is within the rate that the named flow allows; `limit` is its canonical text. */
  | { readonly kind: 'within-rate'; readonly flow: string; readonly limit: string }
  /** A condition of somebody's rule that depends on what cannot be known: it may hold or not. `text` is how the rule writes it. */
  | { readonly kind: 'unknown'; readonly text: string; readonly place: string };

export const everything: Match = { kind: 'everything' };
export const nothing: Match = { kind: 'nothing' };

/** All of the parts; of none, everything. Flattens what can be flattened, so that printed forms stay small. */
export function all(...parts: readonly Match[]): Match {
  return allOf(parts);
}

/** As `all`, of a list: a call takes some hundred thousand arguments at most. */
export function allOf(parts: readonly Match[]): Match {
  const of: Match[] = [];
  for (const part of parts) {
    if (part.kind === 'nothing') return nothing;
    if (part.kind === 'all') for (const inner of part.of) of.push(inner);
    else if (part.kind !== 'everything') of.push(part);
  }
  return of.length === 0 ? everything : of.length === 1 ? of[0]! : { kind: 'all', of };
}

/** Any of the parts; of none, nothing. */
export function any(...parts: readonly Match[]): Match {
  return anyOf(parts);
}

/** As `any`, of a list. */
export function anyOf(parts: readonly Match[]): Match {
  const of: Match[] = [];
  for (const part of parts) {
    if (part.kind === 'everything') return everything;
    if (part.kind === 'any') for (const inner of part.of) of.push(inner);
    else if (part.kind !== 'nothing') of.push(part);
  }
  return of.length === 0 ? nothing : of.length === 1 ? of[0]! : { kind: 'any', of };
}

export function not(of: Match): Match {
  switch (of.kind) {
    case 'everything':
      return nothing;
    case 'nothing':
      return everything;
    case 'not':
      return of.of;
    default:
      return { kind: 'not', of };
  }
}

/** A field within any of the ranges; a bare number stands for itself. */
export function field(name: Field, ...values: readonly (number | Range)[]): Match {
  return fieldOf(
    name,
    values.map((value) => (typeof value === 'number' ? { first: value, last: value } : value)),
  );
}

/** As `field`, of a list of ranges. */
export function fieldOf(name: Field, ranges: readonly Range[]): Match {
  return { kind: 'field', field: name, ranges };
}

export function address(side: Side, ...ranges: readonly AddressRange[]): Match {
  return { kind: 'address', side, ranges };
}

export function interfaces(side: 'in' | 'out', ...names: readonly InterfacePattern[]): Match {
  return { kind: 'interface', side, names };
}

export function atHook(...hooks: readonly Hook[]): Match {
  return field('hook', ...hooks.map((hook) => HOOKS.indexOf(hook)));
}

export function inState(...states: readonly ConntrackState[]): Match {
  return field('state', ...states.map((state) => CONNTRACK_STATES.indexOf(state)));
}

export function ofType(side: Side, ...types: readonly AddressType[]): Match {
  return field(side === 'src' ? 'srcType' : 'dstType', ...types.map((type) => ADDRESS_TYPES.indexOf(type)));
}

/** A quantity, or some of its bits, within any of the ranges. */
export function quantity(name: Quantity, mask: number, ...values: readonly (number | Range)[]): QuantityMatch {
  const ranges = values.map((value) => (typeof value === 'number' ? { first: value, last: value } : value));
  return { kind: 'quantity', quantity: name, mask: mask >>> 0, ranges };
}

/** Of a number that has fewer bits than 32: for those who tell people its values, it makes no difference to what matches. */
export function ofWidth(bits: number, match: QuantityMatch): Match {
  return { ...match, width: bits };
}

export function symbol(of: Symbol): Match {
  return { kind: 'symbol', symbol: of };
}

/** One line of text that is equal exactly for equal symbols; also how a symbol is shown to people. */
export function symbolKey(of: Symbol): string {
  switch (of.kind) {
    case 'asked':
      return `a name of \`${of.group}\``;
    case 'member':
      return `an address held for \`${of.group}\``;
    case 'cgroup':
      return `cgroup \`${of.path}\``;
    case 'within-rate':
      return `within ${of.limit} of \`${of.flow}\``;
    case 'unknown':
      return `\`${of.text}\` at ${of.place}`;
  }
}
