import { address, all, any, atHook, everything, field, type Match, not, nothing, type Range } from '../../ir/index.ts';
import { type AddressRange, PORT_PROTOCOLS, PROTOCOLS } from '../../net/index.ts';
import type { Selector } from './ast.ts';
import { DATATYPES, type Datatype } from './datatype.ts';
import { selectorDatatype } from './fields.ts';
import { type ChainContext, tracking } from './lift-context.ts';
import { ctSubject } from './lift-ct.ts';
import { addressTypeValues, ETHER_TYPES, familyValues, NFPROTO, NotUnderstood, single } from './lift-value.ts';
import { printExpression } from './print-rule.ts';
import { complement } from './ranges.ts';

/** What a selector reads, as far as a match can say it. A packet without it breaks the rule, also for `!=`. */
export type Subject =
  /** A number that is a field of the IR; `match`: the packets that have it within the ranges. */
  | { readonly kind: 'number'; readonly datatype: Datatype; readonly match: (ranges: readonly Range[]) => Match }
  /** A number that is none; `guard`: the packets that have it. */
  | { readonly kind: 'quantity'; readonly datatype: Datatype; readonly quantity: string; readonly guard: Match }
  | {
      readonly kind: 'address';
      readonly family: 4 | 6;
      readonly guard: Match;
      readonly match: (ranges: readonly AddressRange[]) => Match;
    }
  | { readonly kind: 'interface'; readonly side: 'in' | 'out' }
  /** What is only compared as text, and what comes of that nobody knows; `volatile`: each time anew. */
  | { readonly kind: 'other'; readonly text: string; readonly guard: Match; readonly volatile: boolean }
  /** Nothing that any packet could have here. */
  | { readonly kind: 'absent' };

export function subjectOf(selector: Selector, context: ChainContext): Subject {
  const datatype = selectorDatatype(selector);
  if (datatype === undefined) throw new NotUnderstood('it reads a field that is not understood');
  switch (selector.kind) {
    case 'payload':
      return payloadSubject(selector.protocol, selector.field, datatype);
    case 'meta':
      return metaSubject(selector.key, datatype, context);
    case 'ct':
      return ctSubject(selector, datatype, context, tracking(context.entries));
    case 'fib':
      if (selector.result === 'type' && selector.flags.length === 1) {
        const name = selector.flags[0] === 'saddr' ? 'srcType' : 'dstType';
        return { kind: 'number', datatype, match: (ranges) => field(name, ...addressTypeValues(ranges)) };
      }
      return other(selector);
    case 'raw':
      return rawSubject(selector, datatype, context);
    case 'option':
      return other(selector, optionGuard(selector.header));
    case 'computed':
      return { kind: 'other', text: selector.text, guard: everything, volatile: selector.volatile };
    case 'socket':
      return other(selector);
  }
}

function other(selector: Selector, guard: Match = everything): Subject {
  return { kind: 'other', text: printExpression(selector), guard, volatile: false };
}

function optionGuard(header: string): Match {
  const [protocol] = header.split(' ');
  switch (protocol) {
    case 'tcp':
    case 'sctp':
    case 'dccp':
      return field('protocol', PROTOCOLS[protocol]);
    case 'ip':
      return field('family', 4);
    default:
      return field('family', 6);
  }
}

const V4 = field('family', 4);
const V6 = field('family', 6);

function payloadSubject(protocol: string, name: string, datatype: Datatype): Subject {
  const match = payloadMatch(protocol, name);
  if (match !== undefined) return { kind: 'number', datatype, match };
  if (datatype.kind === 'address') {
    const side = name === 'saddr' ? 'src' : 'dst';
    const family = protocol === 'ip' ? 4 : 6;
    return { kind: 'address', family, guard: field('family', family), match: (ranges) => address(side, ...ranges) };
  }
  const text = `${protocol} ${name}`;
  // Frames of the link below: packets that programs of this machine send have none yet.
  if (protocol === 'ether' || protocol === 'vlan')
    return { kind: 'other', text, guard: not(atHook('output')), volatile: false };
  if (protocol === 'arp') return { kind: 'absent' };
  const guard = headerGuard(protocol, name);
  return datatype.kind === 'other'
    ? { kind: 'other', text, guard, volatile: false }
    : { kind: 'quantity', datatype, quantity: text, guard };
}

/** Header fields that are fields of the IR. `tcp dport` asks for TCP besides, `icmp type` for IPv4. */
function payloadMatch(protocol: string, name: string): ((ranges: readonly Range[]) => Match) | undefined {
  switch (protocol) {
    case 'ip':
      if (name === 'protocol') return (ranges) => all(V4, field('protocol', ...ranges));
      return name === 'version' ? (ranges) => (holds(ranges, 4) ? V4 : nothing) : undefined;
    case 'ip6':
      if (name === 'nexthdr') return nextHeader;
      return name === 'version' ? (ranges) => (holds(ranges, 6) ? V6 : nothing) : undefined;
    case 'tcp':
      if (name === 'flags') return (ranges) => field('tcpFlags', ...ranges);
      return portMatch(PROTOCOLS.tcp, name);
    case 'udp':
    case 'udplite':
    case 'dccp':
    case 'sctp':
      return portMatch(PROTOCOLS[protocol], name);
    case 'th':
      return (ranges) => anyPort(name, ranges); // see also `portSubject`
    case 'icmp':
      return icmpMatch(all(V4, field('protocol', PROTOCOLS.icmp)), name);
    case 'icmpv6':
      return icmpMatch(all(V6, field('protocol', PROTOCOLS.icmpv6)), name);
    default:
      return undefined;
  }
}

function portMatch(protocol: number, name: string): ((ranges: readonly Range[]) => Match) | undefined {
  if (name !== 'sport' && name !== 'dport') return undefined;
  return (ranges) => all(field('protocol', protocol), field(name, ...ranges));
}

function icmpMatch(guard: Match, name: string): ((ranges: readonly Range[]) => Match) | undefined {
  if (name !== 'type' && name !== 'code') return undefined;
  return (ranges) => all(guard, field(name === 'type' ? 'icmpType' : 'icmpCode', ...ranges));
}

/** `th dport` where the rule lets only protocols through that have ports; `undefined` for all other selectors. */
export function portSubject(selector: Selector): Subject | undefined {
  if (selector.kind !== 'payload' || selector.protocol !== 'th') return undefined;
  const name = selector.field === 'sport' ? 'sport' : 'dport';
  return { kind: 'number', datatype: DATATYPES.inet_service, match: (ranges) => field(name, ...ranges) };
}

/** Whether a condition lets no packet without ports through. */
export function asksForPorts(match: Match): boolean {
  switch (match.kind) {
    case 'all':
      return match.of.some(asksForPorts);
    case 'any':
      return match.of.length > 0 && match.of.every(asksForPorts);
    case 'field':
      return (
        match.field === 'sport' ||
        match.field === 'dport' ||
        match.field === 'tcpFlags' ||
        (match.field === 'protocol' &&
          match.ranges.every(({ first, last }) => first === last && PORT_PROTOCOLS.includes(first)))
      );
    default:
      return false;
  }
}

/** `th dport` reads two bytes of whatever transport there is: a port where it has ports, and elsewhere a number of its own. */
function anyPort(name: string, ranges: readonly Range[]): Match {
  const port = field(name === 'sport' ? 'sport' : 'dport', ...ranges);
  const portless = field('protocol', ...complement(PORT_PROTOCOLS.map(single), 255));
  return any(port, all(portless, { kind: 'quantity', quantity: `th ${name}`, mask: 0xffff, ranges }));
}

/** Next headers that are no transports: RFC 7045 2 and IANA's registry of IPv6 extension header types. */
const EXTENSIONS = [0, 43, 44, 51, 60, 135, 139, 140];

/** The first next header is the transport where a packet has no extension header. */
function nextHeader(ranges: readonly Range[]): Match {
  const extended: Match = {
    kind: 'symbol',
    symbol: { kind: 'unknown', text: 'IPv6 extension headers', place: 'the packet' },
  };
  const within = EXTENSIONS.some((value) => holds(ranges, value));
  const transport = all(not(extended), field('protocol', ...ranges));
  if (!within) return all(V6, transport);
  return all(V6, any(transport, all(extended, { kind: 'quantity', quantity: 'ip6 nexthdr', mask: 0xff, ranges })));
}

/** The packets that have a header, and where it matters the field: nft adds the same conditions (src/proto.c, dependencies). */
function headerGuard(protocol: string, name: string): Match {
  switch (protocol) {
    case 'ip':
      return V4;
    case 'ip6':
      return V6;
    case 'tcp':
    case 'udp':
    case 'udplite':
    case 'dccp':
    case 'sctp':
    case 'ah':
    case 'esp':
      return field('protocol', PROTOCOLS[protocol]);
    case 'comp':
      return field('protocol', 108);
    case 'igmp':
      return all(V4, field('protocol', PROTOCOLS.igmp));
    case 'icmp':
      return all(V4, field('protocol', PROTOCOLS.icmp), icmpTypes(name, ICMP_TYPES_WITH));
    case 'icmpv6':
      return all(V6, field('protocol', PROTOCOLS.icmpv6), icmpTypes(name, ICMPV6_TYPES_WITH));
    default:
      throw new NotUnderstood('it reads a field that is not understood');
  }
}

/** ICMP types whose messages have a field (RFC 792, RFC 4443). */
const ICMP_TYPES_WITH: Readonly<Record<string, readonly number[]>> = {
  id: [0, 8],
  sequence: [0, 8],
  mtu: [3],
  gateway: [5],
};
const ICMPV6_TYPES_WITH: Readonly<Record<string, readonly number[]>> = {
  id: [128, 129],
  sequence: [128, 129],
  mtu: [2],
  'packet-too-big': [2],
  'parameter-problem': [4],
  'max-delay': [130],
};

function icmpTypes(name: string, types: Readonly<Record<string, readonly number[]>>): Match {
  return Object.hasOwn(types, name) ? field('icmpType', ...types[name]!) : everything;
}

const SOCKET = field('srcAccount', { first: 0, last: 0xffff_ffff });

function metaSubject(key: string, datatype: Datatype, context: ChainContext): Subject {
  switch (key) {
    case 'nfproto':
      return { kind: 'number', datatype, match: (ranges) => field('family', ...familyValues(ranges, NFPROTO)) };
    case 'protocol':
      return { kind: 'number', datatype, match: (ranges) => field('family', ...familyValues(ranges, ETHER_TYPES)) };
    case 'l4proto':
      return { kind: 'number', datatype, match: (ranges) => field('protocol', ...ranges) };
    case 'skuid':
      return {
        kind: 'number',
        datatype,
        match: (ranges) => ofSocket(field('srcAccount', ...ranges), ranges, key, context),
      };
    case 'skgid':
    case 'cgroup':
      return { kind: 'quantity', datatype, quantity: `meta ${key}`, guard: ofSocket(SOCKET, 'any', key, context) };
    case 'mark':
      return { kind: 'quantity', datatype, quantity: 'mark', guard: everything };
    case 'iif':
    case 'iifname':
      return { kind: 'interface', side: 'in' };
    case 'oif':
    case 'oifname':
      return { kind: 'interface', side: 'out' };
    case 'random':
      return { kind: 'other', text: 'meta random', guard: everything, volatile: true };
    case 'iiftype':
    case 'iifgroup':
      return { kind: 'quantity', datatype, quantity: `meta ${key}`, guard: not(atHook('output')) };
    case 'oiftype':
    case 'oifgroup':
      return { kind: 'quantity', datatype, quantity: `meta ${key}`, guard: not(atHook('input')) };
    case 'secpath':
      return metaSubject('ipsec', datatype, context);
    default:
      return datatype.kind === 'other'
        ? { kind: 'other', text: `meta ${key}`, guard: everything, volatile: false }
        : { kind: 'quantity', datatype, quantity: `meta ${key}`, guard: everything };
  }
}

/**
 * Packets of a socket's own. At input the kernel has already found the socket of an established connection (early demultiplexing,
 * net/ipv4/ip_input.c), and its owner counts there; which that is, a packet does not tell.
 */
function ofSocket(sender: Match, ranges: readonly Range[] | 'any', key: string, context: ChainContext): Match {
  if (ranges.length === 0 || !context.entries.some(({ hook }) => hook === 'input')) return sender;
  const values =
    ranges === 'any'
      ? 'of a socket'
      : ranges.map(({ first, last }) => (first === last ? first : `${first}-${last}`)).join(',');
  return any(
    sender,
    all(atHook('input'), field('state', 1), context.program.unknowns.property(`meta ${key} ${values}`)),
  );
}

/** Bits by their place are the field that lies there. */
function rawSubject(
  { base, offset, length }: Extract<Selector, { kind: 'raw' }>,
  datatype: Datatype,
  context: ChainContext,
): Subject {
  const place = `${base},${offset},${length}`;
  const known = place in TRANSPORT_PLACES ? TRANSPORT_PLACES[place] : NETWORK_PLACES[context.family]?.[place];
  if (known !== undefined) {
    const of = selectorDatatype({ kind: 'payload', ...known });
    if (of !== undefined) return payloadSubject(known.protocol, known.field, of);
  }
  const text = `@${place}`;
  return datatype.kind === 'other'
    ? { kind: 'other', text, guard: everything, volatile: false }
    : { kind: 'quantity', datatype, quantity: text, guard: everything };
}

interface Place {
  readonly protocol: string;
  readonly field: string;
}

const TRANSPORT_PLACES: Readonly<Record<string, Place>> = {
  'th,0,16': { protocol: 'th', field: 'sport' },
  'th,16,16': { protocol: 'th', field: 'dport' },
};

/** RFC 791 3.1 and RFC 8200 3; a table of both families does not say which header it is. */
const NETWORK_PLACES: Readonly<Record<string, Readonly<Record<string, Place>>>> = {
  ip: {
    'nh,72,8': { protocol: 'ip', field: 'protocol' },
    'nh,96,32': { protocol: 'ip', field: 'saddr' },
    'nh,128,32': { protocol: 'ip', field: 'daddr' },
  },
  ip6: {
    'nh,48,8': { protocol: 'ip6', field: 'nexthdr' },
    'nh,64,128': { protocol: 'ip6', field: 'saddr' },
    'nh,192,128': { protocol: 'ip6', field: 'daddr' },
  },
};

function holds(ranges: readonly Range[], value: number): boolean {
  return ranges.some(({ first, last }) => first <= value && value <= last);
}
