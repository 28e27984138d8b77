import {
  all,
  any,
  atHook,
  everything,
  field,
  type Match,
  not,
  nothing,
  ofWidth,
  quantity,
  type Range,
} from '../../ir/index.ts';
import { type AddressRange, PORT_PROTOCOLS, PROTOCOLS } from '../../net/index.ts';
import { atEgress, interfaceKnown, tracking } from '../netfilter/entries.ts';
import { NotUnderstood } from '../netfilter/not-understood.ts';
import { complement } from '../netfilter/ranges.ts';
import type { Expression, Selector } from './ast.ts';
import { type Datatype, widthOf } from './datatype.ts';
import { isSelector, selectorDatatype } from './fields.ts';
import type { ChainContext } from './lift-context.ts';
import { ctSubject } from './lift-ct.ts';
import { partsOf } from './lift-implied.ts';
import { payloadSubject } from './lift-payload.ts';
import { addressTypeValues, ETHER_TYPES, familyValues, NFPROTO, single } from './lift-value.ts';
import { printExpression } from './print-rule.ts';

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
      return onTheWire(selector.protocol, payloadSubject(selector.protocol, selector.field, datatype), context);
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
      // Whether it is there can be asked of all packets, what it says of those only that can have it.
      return other(
        selector,
        selector.field === undefined && isAbsentElsewhere(selector) ? everything : optionGuard(selector.header),
      );
    case 'computed':
      return {
        kind: 'other',
        text: selector.text,
        guard: reckonedFrom(selector.key, context),
        volatile: selector.volatile,
      };
    case 'socket':
      return other(selector);
  }
}

/** The packets that have something there. */
export function presenceOf(subject: Subject): Match {
  switch (subject.kind) {
    case 'number':
      return subject.match([{ first: 0, last: subject.datatype.max }]);
    case 'address':
    case 'quantity':
    case 'other':
      return subject.guard;
    case 'interface':
      return everything;
    case 'absent':
      return nothing;
  }
}

/** The packets that have all the fields of a key; without one of them the kernel reckons nothing, and the rule ends. */
function reckonedFrom(key: Expression | undefined, context: ChainContext): Match {
  if (key === undefined) return everything;
  return all(
    ...partsOf(key)
      .filter(isSelector)
      .map((part) => presenceOf(subjectOf(part, context))),
  );
}

function other(selector: Selector, guard: Match = everything): Subject {
  return { kind: 'other', text: printExpression(selector), guard, volatile: false };
}

/**
 * Whether packets of another protocol lack an option, too, when it is asked if it is there: nft adds no condition on their protocol, and the
 * kernel says that it is missing (NFT_EXTHDR_F_PRESENT, net/netfilter/nft_exthdr.c).
 */
export function isAbsentElsewhere(selector: Selector): selector is Extract<Selector, { kind: 'option' }> {
  return selector.kind === 'option' && /^(?:tcp|sctp|dccp) /.test(selector.header);
}

/** The packets that can have an option or an extension header. */
export function optionGuard(header: string): Match {
  const [protocol] = header.split(' ');
  switch (protocol) {
    case 'tcp':
    case 'sctp':
    case 'dccp':
      return field('protocol', PROTOCOLS[protocol]);
    case 'vxlan':
    case 'geneve':
      return field('protocol', PROTOCOLS.udp);
    case 'gre':
    case 'gretap':
      return field('protocol', PROTOCOLS.gre);
    case 'ip':
      return field('family', 4);
    default:
      return field('family', 6);
  }
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
    case 'length':
      return lengthSubject(datatype, context);
    case 'random':
      return { kind: 'other', text: 'meta random', guard: everything, volatile: true };
    case 'iiftype':
      // At egress it is the device that the packet leaves by, whose group and name are told by no such word (seen in the lab).
      if (atEgress(context.entries) === 'yes') return metaSubject('oiftype', datatype, context);
      if (atEgress(context.entries) === 'either')
        throw new NotUnderstood(
          'packets come here both where it is the device of one side and where it is that of the other',
        );
      return { kind: 'quantity', datatype, quantity: 'meta iiftype', guard: not(atHook('output')) };
    case 'iifgroup':
      if (interfaceKnown('in', context.entries) === 'no') return { kind: 'absent' };
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

/** A field of the frame. What leaves a device has one, whoever sent it. */
function onTheWire(protocol: string, subject: Subject, context: ChainContext): Subject {
  if ((protocol !== 'ether' && protocol !== 'vlan') || subject.kind !== 'other') return subject;
  switch (atEgress(context.entries)) {
    case 'yes':
      return { ...subject, guard: everything };
    case 'no':
      return subject;
    case 'either':
      throw new NotUnderstood('packets come here both with and without the header of the link');
  }
}

/** At egress the header of the link has been put before the packet (nf_hook_egress, include/linux/netfilter_netdev.h), and counts. */
function lengthSubject(datatype: Datatype, context: ChainContext): Subject {
  const leaving = atEgress(context.entries);
  if (leaving === 'either') throw new NotUnderstood('packets come here both with and without the header of the link');
  const quantity = leaving === 'yes' ? 'meta length at egress' : 'meta length';
  return { kind: 'quantity', datatype, quantity, guard: everything };
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
  if (place === 'th,0,32') return { kind: 'number', datatype, match: (ranges) => bothPorts(text, datatype, ranges) };
  if (datatype.kind === 'number' && context.family !== 'ip' && context.family !== 'ip6') {
    const [v4, v6] = (['ip', 'ip6'] as const).map((family) => NETWORK_PLACES[family]?.[place]);
    if (v4 !== undefined || v6 !== undefined) return eitherFamily(text, datatype, v4, v6);
  }
  return datatype.kind === 'other'
    ? { kind: 'other', text, guard: everything, volatile: false }
    : { kind: 'quantity', datatype, quantity: text, guard: everything };
}

/** Where a table sees both families, the bits are a field in packets of one, and in those of the other whatever lies there. */
function eitherFamily(text: string, datatype: Datatype, v4: Place | undefined, v6: Place | undefined): Subject {
  const of = (family: 4 | 6, place: Place | undefined, ranges: readonly Range[]): Match => {
    const there = place === undefined ? undefined : fieldMatch(place, ranges);
    return all(field('family', family), there ?? ofWidth(widthOf(datatype), quantity(text, datatype.max, ...ranges)));
  };
  return { kind: 'number', datatype, match: (ranges) => any(of(4, v4, ranges), of(6, v6, ranges)) };
}

function fieldMatch({ protocol, field: name }: Place, ranges: readonly Range[]): Match | undefined {
  const datatype = selectorDatatype({ kind: 'payload', protocol, field: name });
  const subject = datatype === undefined ? undefined : payloadSubject(protocol, name, datatype);
  switch (subject?.kind) {
    case 'number':
      return subject.match(ranges);
    case 'address':
      return subject.match(
        ranges.map(({ first, last }) => ({ family: subject.family, first: BigInt(first), last: BigInt(last) })),
      );
    default:
      return undefined;
  }
}

interface Place {
  readonly protocol: string;
  readonly field: string;
}

/** Both ports at once: nft joins comparisons of fields that lie side by side. */
function bothPorts(text: string, datatype: Datatype, ranges: readonly Range[]): Match {
  const ports = ranges.flatMap(({ first, last }): Match[] => {
    const [low, high] = [Math.floor(first / PORTS), Math.floor(last / PORTS)];
    const of = (sport: Range, from: number, to: number): Match =>
      all(field('sport', sport), field('dport', { first: from, last: to }));
    if (low === high) return [of({ first: low, last: low }, first % PORTS, last % PORTS)];
    return [
      of({ first: low, last: low }, first % PORTS, PORTS - 1),
      ...(high - low > 1 ? [of({ first: low + 1, last: high - 1 }, 0, PORTS - 1)] : []),
      of({ first: high, last: high }, 0, last % PORTS),
    ];
  });
  const portless = field('protocol', ...complement(PORT_PROTOCOLS.map(single), 255));
  return any(...ports, all(portless, quantity(text, datatype.max, ...ranges)));
}

const PORTS = 0x1_0000;

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
