import {
  all,
  any,
  CONNTRACK_STATES,
  type Effect,
  everything,
  field,
  inState,
  interfaces,
  type Match,
  not,
  nothing,
  quantity,
} from '../../ir/index.ts';
import { PORT_PROTOCOLS, PROTOCOLS } from '../../net/index.ts';
import type { Entry } from './entries.ts';
import { complement } from './ranges.ts';
import type { Unknowns } from './unknowns.ts';
import { CT_STATE_BITS } from './words.ts';

export const CT_MARK = 'ctmark';
export const CT_DIRECTION = 'ct direction'; // 0: as the first packet went; 1: back

/** Packets that belong to a connection, be it their first. */
export const TRACKED = inState('new', 'established', 'related');

/** Packets whose state is among the bits of `CT_STATE_BITS`, once connection tracking has seen them. */
export function stateBits(bits: number): Match {
  return field('state', ...CONNTRACK_STATES.flatMap((state, index) => (bits & CT_STATE_BITS[state] ? [index] : [])));
}

/**
 * What comes over the loopback has been tracked where it was sent, and keeps that (nf_conntrack_in, net/netfilter/nf_conntrack_core.c: "Previously
 * seen (loopback or untracked)").
 */
export const SEEN_WHERE_SENT = interfaces('in', { name: 'lo', wildcard: false });

/** 1: a rule before connection tracking has given the packet a template of its connection, which tracking takes off again. */
export const CT_TEMPLATE = 'ct template';

/** What has a template counts as new, and no later rule makes it untracked (xt_ct_target, net/netfilter/xt_CT.c). */
export function withTemplate({ givesTemplates }: Pick<Tracking, 'givesTemplates'>): Match {
  return givesTemplates ? quantity(CT_TEMPLATE, 1, 1) : nothing;
}

/** Packets that `notrack` changes where they have not been looked up among the connections yet. */
export function untrackable(host: Pick<Tracking, 'givesTemplates'>): Match {
  return all(UNSEEN, not(withTemplate(host)));
}

const UNSEEN = any(not(SEEN_WHERE_SENT), inState('invalid'));

/** Packets that get a template there: what a rule has left untracked stays so. */
export function templatable(host: Tracking, entries: readonly Entry[]): Match {
  return all(UNSEEN, not(untrackedEarly(host, entries)));
}

export const GIVES_TEMPLATE: Effect = { kind: 'assign', quantity: CT_TEMPLATE, from: '', keep: 0, flip: 1 };

/** Connection tracking itself leaves neighbours' and groups' messages untracked (noct_valid_new, net/netfilter/nf_conntrack_proto_icmpv6.c). */
const LEFT_UNTRACKED = all(
  field('family', 6),
  field('protocol', PROTOCOLS.icmpv6),
  field('icmpType', { first: 130, last: 136 }, 143),
);

function untrackedEarly(host: Tracking, entries: readonly Entry[]): Match {
  const byRule = host.unknowns.property('a rule, not connection tracking, has left it untracked');
  return host.mayBeUntracked(entries) ? all(inState('untracked'), any(not(LEFT_UNTRACKED), byRule)) : nothing;
}

/**
 * The states before connection tracking has seen other packets: all are `invalid`, or `untracked` where a rule said so, or `new` where one gave
 * them a template.
 */
export function earlyStateBits(bits: number, host: Tracking, entries: readonly Entry[]): Match {
  const untracked = untrackedEarly(host, entries);
  const wanted: Match[] = [];
  if (bits & CT_STATE_BITS.untracked) wanted.push(untracked);
  if (bits & CT_STATE_BITS.invalid) wanted.push(not(untracked));
  const template = withTemplate(host);
  return any(
    all(template, bits & CT_STATE_BITS.new ? everything : nothing),
    all(not(template), any(all(SEEN_WHERE_SENT, stateBits(bits)), all(not(SEEN_WHERE_SENT), any(...wanted)))),
  );
}

interface Tracking {
  readonly unknowns: Unknowns;
  readonly givesTemplates: boolean;
  readonly mayBeUntracked: (entries: readonly Entry[]) => boolean;
}

/** The first packet of a connection goes the original way. */
export function inDirection(direction: 'original' | 'reply'): Match {
  const back = direction === 'reply' ? 1 : 0;
  const later = all(inState('established', 'related'), quantity(CT_DIRECTION, 1, back));
  return direction === 'reply' ? later : any(inState('new'), later);
}

/** How a part of a connection's addresses or ports is asked for. */
export interface TupleQuestion {
  readonly text: string; // `ct original ip saddr`, the same for the same part and value
  readonly direction: 'original' | 'reply';
  readonly here: Match; // the condition on a packet that goes the way of the tuple
  readonly there: Match; // the same on one that comes back
}

/**
 * The connection's own tuple is what its first packet said, and the packets of the other direction say it the other way round, where
 * nothing is translated. What belongs to a related packet's connection, the packet does not tell.
 */
export function tupleMatch({ text, direction, here, there }: TupleQuestion, host: Translating): Match {
  const unknown = host.unknowns.property(text);
  if (host.translates) return all(TRACKED, unknown);
  const [original, reply] = direction === 'reply' ? [there, here] : [here, there];
  return any(
    all(inState('new'), original),
    all(inState('established'), quantity(CT_DIRECTION, 1, 0), original),
    all(inState('established'), quantity(CT_DIRECTION, 1, 1), reply),
    all(inState('related'), unknown),
  );
}

/** Ports of the connection; what ICMP and others have there instead, nobody can say. */
export function portTupleMatch(question: TupleQuestion, portless: string, host: Translating): Match {
  const others = field('protocol', ...complement(PORT_PROTOCOLS.map(single), 255));
  return any(tupleMatch(question, host), all(TRACKED, others, host.unknowns.property(portless)));
}

interface Translating {
  readonly translates: boolean;
  readonly unknowns: Unknowns;
}

/** Errors about other connections are translated as those are. */
export function isFirstPacket(): Match {
  return any(inState('new'), all(inState('related'), not(field('protocol', PROTOCOLS.icmp, PROTOCOLS.icmpv6))));
}

function single(value: number): { readonly first: number; readonly last: number } {
  return { first: value, last: value };
}
