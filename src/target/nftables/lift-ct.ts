import {
  address,
  all,
  any,
  CT_STATUS,
  field,
  inState,
  type Match,
  nothing,
  quantity,
  type Range,
} from '../../ir/index.ts';
import { formatRange } from '../../net/index.ts';
import {
  CT_DIRECTION,
  CT_MARK,
  tupleMatch as connectionTuple,
  earlyStateBits,
  portTupleMatch,
  SEEN_WHERE_SENT,
  TRACKED,
  type TupleQuestion,
  withTemplate,
} from '../netfilter/connection.ts';
import { NotUnderstood } from '../netfilter/not-understood.ts';
import { CT_STATE_BITS } from '../netfilter/words.ts';
import type { Selector } from './ast.ts';
import type { Datatype } from './datatype.ts';
import type { ChainContext } from './lift-context.ts';
import type { Subject } from './lift-subject.ts';
import { familyValues, inRanges, NFPROTO, stateValues } from './lift-value.ts';
import { printExpression } from './print-rule.ts';

type CtSelector = Extract<Selector, { kind: 'ct' }>;

/**
 * What `ct` reads (net/netfilter/nft_ct.c). Before connection tracking has seen a packet its state is `invalid`, or `untracked` where a
 * rule said `notrack`, and it has no connection to read from, unless it comes over the loopback.
 */
export function ctSubject(
  selector: CtSelector,
  datatype: Datatype,
  context: ChainContext,
  when: 'before' | 'after' | 'either',
): Subject {
  if (when === 'either') throw new NotUnderstood('packets come here both before and after connection tracking');
  if (selector.key !== 'state') {
    const subject = connectionSubject(selector, datatype, context);
    return when === 'after' ? subject : early(subject, selector, context);
  }
  return {
    kind: 'number',
    datatype,
    match: when === 'after' ? stateMatch : (ranges) => earlyStateMatch(ranges, context),
  };
}

/** What is read from a packet's connection. */
function connectionSubject(selector: CtSelector, datatype: Datatype, context: ChainContext): Subject {
  switch (selector.key) {
    case 'mark':
      return { kind: 'quantity', datatype, quantity: CT_MARK, guard: TRACKED };
    case 'status':
      return { kind: 'quantity', datatype, quantity: CT_STATUS, guard: TRACKED };
    case 'direction':
      return { kind: 'number', datatype, match: directionMatch };
    case 'zone':
      return { kind: 'quantity', datatype, quantity: printExpression(selector), guard: TRACKED };
    case 'l3proto':
      return {
        kind: 'number',
        datatype,
        match: (ranges) => all(TRACKED, field('family', ...familyValues(ranges, NFPROTO))),
      };
    case 'protocol':
      return {
        kind: 'number',
        datatype,
        match: (ranges) =>
          tupleMatch(
            { kind: 'ct', key: 'protocol' },
            context,
            field('protocol', ...ranges),
            field('protocol', ...ranges),
          ),
      };
    default:
      return tupleSubject(selector, datatype, context) ?? otherSubject(selector);
  }
}

function otherSubject(selector: CtSelector): Subject {
  return { kind: 'other', text: printExpression(selector), guard: TRACKED, volatile: false };
}

function stateMatch(ranges: readonly Range[]): Match {
  return field('state', ...stateValues(ranges));
}

function earlyStateMatch(ranges: readonly Range[], { program, entries }: ChainContext): Match {
  const bits = Object.values(CT_STATE_BITS).filter((bit) => inRanges(ranges, bit));
  return earlyStateBits(
    bits.reduce((all, bit) => all | bit, 0),
    program,
    entries,
  );
}

/** Of a packet that has not been tracked there is nothing to read, unless it comes over the loopback. */
/** What rules have set of a connection that is yet to be looked up is its zone, and that is read again. */
function early(subject: Subject, { key }: CtSelector, { program }: ChainContext): Subject {
  const seen = seenWhereSent(subject);
  if (key !== 'zone' || seen.kind !== 'quantity') return seen;
  return { ...seen, guard: any(seen.guard, withTemplate(program)) };
}

function seenWhereSent(subject: Subject): Subject {
  switch (subject.kind) {
    case 'number':
      return {
        kind: 'number',
        datatype: subject.datatype,
        match: (ranges) => all(SEEN_WHERE_SENT, subject.match(ranges)),
      };
    case 'address':
      return {
        kind: 'address',
        family: subject.family,
        guard: all(SEEN_WHERE_SENT, subject.guard),
        match: (ranges) => all(SEEN_WHERE_SENT, subject.match(ranges)),
      };
    case 'quantity':
    case 'other':
      return { ...subject, guard: all(SEEN_WHERE_SENT, subject.guard) };
    case 'interface':
    case 'absent':
      return subject;
  }
}

/** The first packet of a connection goes the original way. */
function directionMatch(ranges: readonly Range[]): Match {
  const original = inRanges(ranges, 0) ? inState('new') : nothing;
  return any(original, all(inState('established', 'related'), quantity(CT_DIRECTION, 1, ...ranges)));
}

/** A part of the connection's addresses and ports. */
function tupleSubject(selector: CtSelector, datatype: Datatype, context: ChainContext): Subject | undefined {
  const [family, key] = tupleKey(selector.key, context);
  switch (key) {
    case 'saddr':
    case 'daddr': {
      if (family === undefined) return undefined;
      const [here, there] = key === 'saddr' ? (['src', 'dst'] as const) : (['dst', 'src'] as const);
      return {
        kind: 'address',
        family,
        guard: all(TRACKED, field('family', family)),
        match: (ranges) =>
          all(
            field('family', family),
            tupleMatch(selector, context, address(here, ...ranges), address(there, ...ranges)),
          ),
      };
    }
    case 'proto-src':
    case 'proto-dst': {
      const [here, there] = key === 'proto-src' ? (['sport', 'dport'] as const) : (['dport', 'sport'] as const);
      return {
        kind: 'number',
        datatype,
        match: (ranges) => tuplePorts(selector, context, field(here, ...ranges), field(there, ...ranges)),
      };
    }
    default:
      return undefined;
  }
}

function tupleKey(key: string, { family }: ChainContext): [4 | 6 | undefined, string] {
  if (key.startsWith('ip ')) return [4, key.slice(3)];
  if (key.startsWith('ip6 ')) return [6, key.slice(4)];
  return [family === 'ip' ? 4 : family === 'ip6' ? 6 : undefined, key];
}

function tuplePorts(selector: CtSelector, context: ChainContext, here: Match, there: Match): Match {
  const portless = `${printExpression(selector)} of a protocol without ports`;
  return portTupleMatch(questionOf(selector, here, there), portless, context.program);
}

function tupleMatch(selector: CtSelector, { program }: ChainContext, here: Match, there: Match): Match {
  return connectionTuple(questionOf(selector, here, there), program);
}

function questionOf(selector: CtSelector, here: Match, there: Match): TupleQuestion {
  const text = `${printExpression(selector)} as asked (${matchKey(here)})`;
  return { text, direction: selector.direction ?? 'original', here, there };
}

/** Tells comparisons with different values apart. */
function matchKey(match: Match): string {
  if (match.kind === 'address') return match.ranges.map(formatRange).join(',');
  if (match.kind !== 'field') return '';
  return match.ranges.map(({ first, last }) => (first === last ? String(first) : `${first}-${last}`)).join(',');
}
