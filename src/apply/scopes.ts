import {
  address,
  all,
  any,
  atHook,
  everything,
  field,
  type Intent,
  inState,
  interfaces,
  type Match,
  not,
  ofType,
  quantity,
} from '../ir/index.ts';
import { type AddressRange, ICMP_TYPES, ICMPV6_TYPES, PROTOCOLS } from '../net/index.ts';
import type { HeaderSpace, PacketSet } from '../packetset/index.ts';
import { packetsOf, possiblePackets } from '../semantics/index.ts';

/** Where packets come from and go to, in the order of how dangerous it is when more of them pass. */
export const SCOPES = [
  'internet-in',
  'internet-through',
  'out-to-internet',
  'through-to-internet',
  'private-in',
  'elsewhere-in',
  'out-to-private',
  'out-to-elsewhere',
  'through',
  'within',
  'unusual',
] as const;
export type ScopeName = (typeof SCOPES)[number];

/** First packets of connections that go one way. No two scopes have a packet in common, and each new packet is in one. */
export interface Scope {
  readonly name: ScopeName;
  readonly remote: 'src' | 'dst' | undefined; // the side whose addresses tell more; both, or neither, where undefined
  readonly packets: PacketSet;
}

const LOOPBACK = { name: 'lo', wildcard: false };
const withinMachine = any(
  all(atHook('input'), interfaces('in', LOOPBACK)),
  all(atHook('output'), interfaces('out', LOOPBACK)),
);

type Direction = 'in' | 'out' | 'through' | 'other';

/** What the other end of a scope's packets is, or all that there is to say of them. */
const ENDS: Readonly<Record<ScopeName, readonly [Direction, string]>> = {
  'internet-in': ['in', 'the internet'],
  'internet-through': ['through', 'from the internet'],
  'out-to-internet': ['out', 'the internet'],
  'through-to-internet': ['through', 'to the internet'],
  'private-in': ['in', 'private networks'],
  'elsewhere-in': ['in', 'other addresses'],
  'out-to-private': ['out', 'private networks'],
  'out-to-elsewhere': ['out', 'other addresses'],
  through: ['through', 'between other networks'],
  within: ['other', 'between programs of this machine'],
  unusual: [
    'other',
    'that no ordinary connection begins with (errors, leases, groups, marks, addresses that are not what they seem)',
  ],
};

export function directionOf(scope: ScopeName): Direction {
  return ENDS[scope][0];
}

/** Scopes of one direction in words: `from the internet and private networks to this machine`. */
export function scopeWords(names: readonly ScopeName[]): string {
  const direction = names[0] === undefined ? 'other' : directionOf(names[0]);
  const ends = names.map((name) => ENDS[name][1]);
  const isAll = ends.length > 1 && ends.length === SCOPES.filter((name) => directionOf(name) === direction).length;
  const joined = ends.join(', ').replace(/, ([^,]*)$/, ' and $1');
  switch (direction) {
    case 'in':
      return `from ${isAll ? 'anywhere' : joined} to this machine`;
    case 'out':
      return `from this machine to ${isAll ? 'anywhere' : joined}`;
    case 'through':
      return isAll ? 'through this machine' : `through this machine, ${joined}`;
    case 'other':
      return joined;
  }
}

/** @param intent whose built-in zones say what the internet and private networks are */
export function scopes(space: HeaderSpace, intent: Intent): readonly Scope[] {
  const internet = rangesOf(intent, 'internet');
  const privates = rangesOf(intent, 'private');
  const matches: Readonly<Record<ScopeName, Match>> = {
    'internet-in': all(atHook('input'), address('src', ...internet)),
    'internet-through': all(atHook('forward'), address('src', ...internet)),
    'out-to-internet': all(atHook('output'), address('dst', ...internet)),
    'through-to-internet': all(atHook('forward'), address('dst', ...internet)),
    'private-in': all(atHook('input'), address('src', ...privates)),
    'elsewhere-in': atHook('input'),
    'out-to-private': all(atHook('output'), address('dst', ...privates)),
    'out-to-elsewhere': atHook('output'),
    through: atHook('forward'),
    within: atHook('input', 'output'),
    unusual: everything,
  };
  const loops = packetsOf(space, withinMachine);
  const known = packetsOf(space, ordinary());
  let rest = packetsOf(space, inState('new')).intersect(possiblePackets(space));
  return SCOPES.map((name) => {
    const wanted = packetsOf(space, matches[name]);
    const packets = rest.intersect(
      name === 'unusual'
        ? wanted
        : name === 'within'
          ? wanted.intersect(known)
          : wanted.intersect(known).subtract(loops),
    );
    rest = rest.subtract(packets);
    return { name, remote: remoteSide(name), packets };
  });
}

function remoteSide(name: ScopeName): Scope['remote'] {
  if (name.endsWith('-in')) return 'src';
  return name.startsWith('out-') ? 'dst' : undefined;
}

/**
 * Unmarked, between two machines or two programs, and asking for an answer: no broadcasts, no groups, no errors, no address that is not
 * what it seems. Leases and neighbour discovery, which the baseline is for, are none either.
 */
function ordinary(): Match {
  const input = all(atHook('input'), ofType('src', 'unicast'), ofType('dst', 'local'));
  const output = all(atHook('output'), ofType('src', 'local'), ofType('dst', 'unicast'));
  const through = all(atHook('forward'), ofType('src', 'unicast'), ofType('dst', 'unicast', 'local'));
  const loop = all(withinMachine, ofType('src', 'local'), ofType('dst', 'local'));
  const { tcp, udp, icmp, icmpv6 } = PROTOCOLS;
  const protocol = (number: number): Match => field('protocol', number);
  const lease = any(...LEASES.map(([from, to]) => all(field('sport', from), field('dport', to))));
  return all(
    quantity('mark', 0xffff_ffff, 0),
    any(input, output, through, loop),
    any(not(protocol(tcp)), field('tcpFlags', ...SYNS)),
    not(all(protocol(udp), lease)),
    not(any(all(field('family', 6), protocol(icmp)), all(field('family', 4), protocol(icmpv6)))),
    any(not(protocol(icmp)), field('icmpType', ICMP_TYPES['echo-request'] ?? 8)),
    any(not(protocol(icmpv6)), field('icmpType', ICMPV6_TYPES['echo-request'] ?? 128)),
  );
}

/** SYN alone, and with the two bits that offer congestion notification (RFC 3168 6.1.1). */
const SYNS = [0x02, 0xc2];
/** Ports of DHCP (RFC 2131 4.1) and DHCPv6 (RFC 8415 7.2), from and to. */
const LEASES = [
  [67, 68],
  [68, 67],
  [547, 546],
  [546, 547],
] as const;

function rangesOf(intent: Intent, zone: string): AddressRange[] {
  return (intent.zones.get(zone) ?? []).flatMap((peer) => (peer.kind === 'remote' ? peer.ranges : []));
}
