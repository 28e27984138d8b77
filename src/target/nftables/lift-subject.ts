import { all, everything, field, type Match, nothing, type Range } from '../../ir/index.ts';
import { type AddressRange, PROTOCOLS } from '../../net/index.ts';
import { atEgress, tracking } from '../netfilter/entries.ts';
import { NotUnderstood } from '../netfilter/not-understood.ts';
import type { Expression, Selector } from './ast.ts';
import type { Datatype } from './datatype.ts';
import { FIB_FLAGS, isSelector, selectorDatatype } from './fields.ts';
import type { ChainContext } from './lift-context.ts';
import { ctSubject } from './lift-ct.ts';
import { partsOf } from './lift-implied.ts';
import { metaSubject, routed } from './lift-meta.ts';
import { isOfFrame, payloadSubject } from './lift-payload.ts';
import { rawSubject } from './lift-raw.ts';
import { addressTypeValues } from './lift-value.ts';
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
      return fibSubject(selector, datatype);
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
        guard: all(reckonedFrom(selector.key, context), computedGuard(selector.text, context)),
        volatile: selector.volatile,
      };
    case 'socket':
      return other(selector, context.program.unknowns.property('the packet has a socket')); // nft_socket_eval, net/netfilter/nft_socket.c
  }
}

/** What the routing table says. Asked of an address alone, it is one of the packet's fields. */
function fibSubject(selector: Extract<Selector, { kind: 'fib' }>, datatype: Datatype): Subject {
  const flags = FIB_FLAGS.filter((flag) => selector.flags.includes(flag));
  const asked = { ...selector, flags }; // the same question in any order
  if (selector.result !== 'type') return other(asked);
  if (flags.length > 1) return { kind: 'quantity', datatype, quantity: printExpression(asked), guard: everything };
  const name = flags[0] === 'saddr' ? 'srcType' : 'dstType';
  return { kind: 'number', datatype, match: (ranges) => field(name, ...addressTypeValues(ranges)) };
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

const ASKING = Array.from({ length: 64 }, (_, at) => ({ first: 4 * at + 2, last: 4 * at + 3 })); // flags of TCP with SYN among them

/** The packets of which the kernel can tell that; for others the rule ends. */
function computedGuard(text: string, context: ChainContext): Match {
  const [word, which] = text.split(' ');
  switch (word) {
    case 'rt': // nft_rt_get_eval, net/netfilter/nft_rt.c
      return all(
        which === 'ip' ? field('family', 4) : which === 'ip6' ? field('family', 6) : everything,
        routed(context),
      );
    case 'ipsec': // nft_xfrm_get_eval, net/netfilter/nft_xfrm.c
      return context.program.unknowns.property(
        which === 'in' ? 'the packet came through IPsec' : 'the packet leaves through IPsec',
      );
    case 'osf': // nft_osf_eval, net/netfilter/nft_osf.c
      return all(field('protocol', PROTOCOLS.tcp), field('tcpFlags', ...ASKING));
    default:
      return everything;
  }
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

/** A field of the frame. What leaves a device has one, whoever sent it. */
function onTheWire(protocol: string, subject: Subject, context: ChainContext): Subject {
  if (!isOfFrame(protocol) || subject.kind !== 'other') return subject;
  switch (atEgress(context.entries)) {
    case 'yes':
      return { ...subject, guard: everything };
    case 'no':
      return subject;
    case 'either':
      throw new NotUnderstood('packets come here both with and without the header of the link');
  }
}
