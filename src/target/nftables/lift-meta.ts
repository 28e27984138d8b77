import { all, any, atHook, everything, field, type Hook, type Match, not, type Range } from '../../ir/index.ts';
import { atEgress, interfaceKnown } from '../netfilter/entries.ts';
import { NotUnderstood } from '../netfilter/not-understood.ts';
import type { Datatype } from './datatype.ts';
import type { ChainContext } from './lift-context.ts';
import type { Subject } from './lift-subject.ts';
import { ETHER_TYPES, familyValues, NFPROTO } from './lift-value.ts';

const SOCKET = field('srcAccount', { first: 0, last: 0xffff_ffff });

/** What the kernel keeps beside a packet. */
export function metaSubject(key: string, datatype: Datatype, context: ChainContext): Subject {
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
    case 'priority':
      return prioritySubject(datatype, context);
    case 'random':
      return { kind: 'other', text: 'meta random', guard: everything, volatile: true };
    case 'iiftype':
      return arrivalTypeSubject(datatype, context);
    case 'iifgroup':
      if (interfaceKnown('in', context.entries) === 'no') return { kind: 'absent' };
      return { kind: 'quantity', datatype, quantity: `meta ${key}`, guard: not(atHook('output')) };
    case 'oiftype':
    case 'oifgroup': {
      const known = interfaceKnown('out', context.entries);
      if (known === 'no') return { kind: 'absent' };
      if (known === 'either')
        throw new NotUnderstood('packets come here both where that interface is known and where it is not');
      return { kind: 'quantity', datatype, quantity: `meta ${key}`, guard: not(atHook('input')) };
    }
    case 'iifkind':
      return kindSubject('in', 'output', context);
    case 'oifkind':
      return kindSubject('out', 'input', context);
    case 'rtclassid':
      return { kind: 'other', text: 'meta rtclassid', guard: routed(context), volatile: false };
    case 'secpath':
      return metaSubject('ipsec', datatype, context);
    default:
      return datatype.kind === 'other'
        ? { kind: 'other', text: `meta ${key}`, guard: everything, volatile: false }
        : { kind: 'quantity', datatype, quantity: `meta ${key}`, guard: everything };
  }
}

/**
 * The type of the device that the kernel has the packet at (nft_meta_get_eval, net/netfilter/nft_meta.c): from postrouting on that is the one that
 * it leaves by, whose group and name are told by no such word (seen in the lab).
 */
function arrivalTypeSubject(datatype: Datatype, context: ChainContext): Subject {
  const { entries } = context;
  const leaving = entries.filter(({ hook }) => hook === 'postrouting' || hook === 'egress').length;
  if (leaving === 0) return { kind: 'quantity', datatype, quantity: 'meta iiftype', guard: not(atHook('output')) };
  if (leaving < entries.length)
    throw new NotUnderstood(
      'packets come here both where it is the device of one side and where it is that of the other',
    );
  return metaSubject('oiftype', datatype, context);
}

/** The kind of a virtual interface: others have none, and the rule ends (nft_meta_get_eval_kind, net/netfilter/nft_meta.c). */
function kindSubject(side: 'in' | 'out', without: Hook, { entries, program }: ChainContext): Subject {
  if (interfaceKnown(side, entries) === 'no') return { kind: 'absent' };
  const virtual = program.unknowns.property(
    `the packet ${side === 'in' ? 'came' : 'leaves'} by an interface that has a kind`,
  );
  return {
    kind: 'other',
    text: `meta ${side === 'in' ? 'iif' : 'oif'}kind`,
    guard: all(not(atHook(without)), virtual),
    volatile: false,
  };
}

/** Packets whose way is known: before that, only those have one that the machine sent itself. */
export function routed({ entries, program }: ChainContext): Match {
  return entries.some(({ hook }) => hook === 'ingress' || hook === 'prerouting')
    ? program.unknowns.property('the packet has a route')
    : everything;
}

/** At egress the header of the link has been put before the packet (nf_hook_egress, include/linux/netfilter_netdev.h), and counts. */
function lengthSubject(datatype: Datatype, context: ChainContext): Subject {
  const leaving = atEgress(context.entries);
  if (leaving === 'either') throw new NotUnderstood('packets come here both with and without the header of the link');
  const quantity = leaving === 'yes' ? 'meta length at egress' : 'meta length';
  return { kind: 'quantity', datatype, quantity, guard: everything };
}

/** Before it forwards IPv4, the kernel gives the packet the priority of its type of service (ip_forward, net/ipv4/ip_forward.c), whatever it had. */
function prioritySubject(datatype: Datatype, { entries }: ChainContext): Subject {
  const arriving = entries.filter(({ hook }) => hook === 'ingress' || hook === 'prerouting' || hook === 'input');
  if (arriving.length > 0 && arriving.length < entries.length)
    throw new NotUnderstood('packets come here both before and after the kernel gives them a priority');
  const quantity = arriving.length > 0 ? 'meta priority on arrival' : 'meta priority';
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
