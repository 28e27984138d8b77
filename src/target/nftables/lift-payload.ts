import {
  all,
  any,
  atHook,
  everything,
  field,
  fieldOf,
  type Match,
  not,
  nothing,
  ofWidth,
  quantity,
  type Range,
} from '../../ir/index.ts';
import { type AddressRange, PORT_PROTOCOLS, PROTOCOLS } from '../../net/index.ts';
import { NotUnderstood } from '../netfilter/not-understood.ts';
import { complement } from '../netfilter/ranges.ts';
import type { Selector } from './ast.ts';
import { DATATYPES, type Datatype } from './datatype.ts';
import type { Subject } from './lift-subject.ts';
import { inRanges, single } from './lift-value.ts';

const V4 = field('family', 4);
const V6 = field('family', 6);
/** The packets of each protocol whose ports are asked for by its name. */
const OF = {
  tcp: field('protocol', PROTOCOLS.tcp),
  udp: field('protocol', PROTOCOLS.udp),
  udplite: field('protocol', PROTOCOLS.udplite),
  dccp: field('protocol', PROTOCOLS.dccp),
  sctp: field('protocol', PROTOCOLS.sctp),
} as const;

/** What a header field is: many are fields of the IR, the others numbers of their own. */
export function payloadSubject(protocol: string, name: string, datatype: Datatype): Subject {
  const match = payloadMatch(protocol, name);
  if (match !== undefined) return { kind: 'number', datatype, match };
  if (datatype.kind === 'address') {
    const side = name === 'saddr' ? 'src' : 'dst';
    const family = protocol === 'ip' ? 4 : 6;
    const match = (ranges: readonly AddressRange[]): Match => ({ kind: 'address', side, ranges });
    return { kind: 'address', family, guard: family === 4 ? V4 : V6, match };
  }
  const text = `${protocol} ${name}`;
  // Frames of the link below: packets that programs of this machine send have none yet.
  if (isOfFrame(protocol)) return { kind: 'other', text, guard: not(atHook('output')), volatile: false };
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
      return name === 'version' ? (ranges) => (inRanges(ranges, 4) ? V4 : nothing) : undefined;
    case 'ip6':
      if (name === 'nexthdr') return nextHeader;
      return name === 'version' ? (ranges) => (inRanges(ranges, 6) ? V6 : nothing) : undefined;
    case 'tcp':
      if (name === 'flags') return (ranges) => fieldOf('tcpFlags', ranges);
      return portMatch(protocol, name);
    case 'udp':
    case 'udplite':
    case 'dccp':
    case 'sctp':
      return portMatch(protocol, name);
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

function portMatch(protocol: keyof typeof OF, name: string): ((ranges: readonly Range[]) => Match) | undefined {
  if (name !== 'sport' && name !== 'dport') return undefined;
  return (ranges) => all(OF[protocol], fieldOf(name, ranges));
}

function icmpMatch(guard: Match, name: string): ((ranges: readonly Range[]) => Match) | undefined {
  if (name !== 'type' && name !== 'code') return undefined;
  return (ranges) => all(guard, field(name === 'type' ? 'icmpType' : 'icmpCode', ...ranges));
}

/** `ether saddr`, `vlan id`: of the link below. */
export function isOfFrame(protocol: string): boolean {
  return protocol === 'ether' || protocol === 'vlan';
}

/** `th dport`: the port of whichever protocol. */
export function isTransport(selector: Selector): boolean {
  return selector.kind === 'payload' && selector.protocol === 'th';
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

/** Transports that have no ports. */
export const PORTLESS = field('protocol', ...complement(PORT_PROTOCOLS.map(single), 255));

/** `th dport` reads two bytes of whatever transport there is: a port where it has ports, and elsewhere a number of its own. */
function anyPort(name: string, ranges: readonly Range[]): Match {
  const port = field(name === 'sport' ? 'sport' : 'dport', ...ranges);
  return any(port, all(PORTLESS, ofWidth(16, quantity(`th ${name}`, 0xffff, ...ranges))));
}

/** Next headers that are no transports: RFC 7045 2 and IANA's registry of IPv6 extension header types. */
const EXTENSIONS = [0, 43, 44, 51, 60, 135, 139, 140];

/** The first next header is the transport where a packet has no extension header. */
function nextHeader(ranges: readonly Range[]): Match {
  const extended: Match = {
    kind: 'symbol',
    symbol: { kind: 'unknown', text: 'IPv6 extension headers', place: 'the packet' },
  };
  const within = EXTENSIONS.some((value) => inRanges(ranges, value));
  const transport = all(not(extended), field('protocol', ...ranges));
  if (!within) return all(V6, transport);
  return all(V6, any(transport, all(extended, ofWidth(8, quantity('ip6 nexthdr', 0xff, ...ranges)))));
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
  taddr: [130, 131, 132, 135, 136, 137],
  daddr: [137],
};

function icmpTypes(name: string, types: Readonly<Record<string, readonly number[]>>): Match {
  return Object.hasOwn(types, name) ? field('icmpType', ...types[name]!) : everything;
}
