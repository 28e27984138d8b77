import { all, any, atHook, everything, field, type Match, not, type Range } from '../../ir/index.ts';
import { type AddressRange, PROTOCOLS } from '../../net/index.ts';
import { tracking } from '../netfilter/entries.ts';
import { NotUnderstood } from '../netfilter/not-understood.ts';
import type { Selector } from './ast.ts';
import type { Datatype } from './datatype.ts';
import { selectorDatatype } from './fields.ts';
import type { ChainContext } from './lift-context.ts';
import { ctSubject } from './lift-ct.ts';
import { payloadSubject } from './lift-payload.ts';
import { addressTypeValues, ETHER_TYPES, familyValues, NFPROTO } from './lift-value.ts';
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
