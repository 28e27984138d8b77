import { ICMP_TYPES, ICMPV6_TYPES } from '../../net/index.ts';
import { SERVICE_PORTS } from '../netfilter/services.ts';
import {
  CT_STATE_BITS,
  CT_STATUS_BITS,
  DAY_WORDS,
  DSCP_WORDS,
  ECN_WORDS,
  ETHER_TYPE_WORDS,
  INTERFACE_TYPE_WORDS,
  PROTOCOL_WORDS,
} from '../netfilter/words.ts';

/**
 * nft's datatypes, as far as rules of filters use them: the words that nft writes instead of numbers, from `nft describe`
 * and src/{datatype,proto,ct,fib,meta}.c of nftables 1.0.6. `bitmask`: values are sets of bits and may be listed with commas. `other`:
 * values that are only ever compared as text.
 */
export interface Datatype {
  readonly name: string; // as in `type ipv4_addr . inet_service`
  readonly kind: 'number' | 'bitmask' | 'address' | 'interface' | 'other';
  readonly max: number; // the highest value, inclusive; of no meaning for the last three
  readonly words: ReadonlyMap<string, number>;
}

type Words = Readonly<Record<string, number>> | ReadonlyMap<string, number>;

/** Of a number that has its values, in bits. */
export function widthOf({ max }: Datatype): number {
  return 32 - Math.clz32(max);
}

function number(name: string, max: number, words: Words = {}): Datatype {
  return { name, kind: 'number', max, words: words instanceof Map ? words : new Map(Object.entries(words)) };
}

function bitmask(name: string, max: number, words: Readonly<Record<string, number>>): Datatype {
  return { name, kind: 'bitmask', max, words: new Map(Object.entries(words)) };
}

function wordless(name: string, kind: 'address' | 'interface' | 'other'): Datatype {
  return { name, kind, max: 0, words: new Map() };
}

/** A whole number of so many bits, 32 at most. */
export function integer(bits: number): Datatype {
  return number('integer', 2 ** bits - 1);
}

const BOOLEAN = { exists: 1, missing: 0 } as const;

export const DATATYPES = {
  ipv4_addr: wordless('ipv4_addr', 'address'),
  ipv6_addr: wordless('ipv6_addr', 'address'),
  ifname: wordless('ifname', 'interface'),
  other: wordless('other', 'other'),
  boolean: number('boolean', 1, BOOLEAN),
  mark: number('mark', 0xffff_ffff),
  classid: number('classid', 0xffff_ffff, { none: 0, root: 0xffff_ffff }), // TC_H_ROOT, include/uapi/linux/pkt_sched.h
  inet_proto: number('inet_proto', 255, PROTOCOL_WORDS),
  inet_service: number('inet_service', 65535, SERVICE_PORTS),
  nf_proto: number('nf_proto', 255, { ipv4: 2, ipv6: 10 }),
  ether_type: number('ether_type', 65535, ETHER_TYPE_WORDS),
  iface_type: number('iface_type', 65535, INTERFACE_TYPE_WORDS),
  devgroup: number('devgroup', 0xffff_ffff, { default: 0 }),
  uid: number('uid', 0xffff_ffff, { root: 0 }),
  gid: number('gid', 0xffff_ffff, { root: 0 }),
  pkt_type: number('pkt_type', 255, { host: 0, unicast: 0, broadcast: 1, multicast: 2, other: 3 }),
  day: number('day', 6, DAY_WORDS),
  hour: number('hour', 86_399), // seconds since midnight
  dscp: number('dscp', 63, DSCP_WORDS),
  ecn: number('ecn', 3, ECN_WORDS),
  icmp_type: number('icmp_type', 255, ICMP_TYPES),
  icmp_code: number('icmp_code', 255, {
    'net-unreachable': 0,
    'host-unreachable': 1,
    'prot-unreachable': 2,
    'port-unreachable': 3,
    'frag-needed': 4,
    'net-prohibited': 9,
    'host-prohibited': 10,
    'admin-prohibited': 13,
  }),
  icmpv6_type: number('icmpv6_type', 255, { ...ICMPV6_TYPES, 'mld-listener-reduction': 132 }),
  icmpv6_code: number('icmpv6_code', 255, {
    'no-route': 0,
    'admin-prohibited': 1,
    'addr-unreachable': 3,
    'port-unreachable': 4,
    'policy-fail': 5,
    'reject-route': 6,
  }),
  igmp_type: number('igmp_type', 255, {
    'membership-query': 17,
    'membership-report-v1': 18,
    'membership-report-v2': 22,
    'membership-report-v3': 34,
    'leave-group': 23,
  }),
  mh_type: number('mh_type', 255, {
    'binding-refresh-request': 0,
    'home-test-init': 1,
    'careof-test-init': 2,
    'home-test': 3,
    'careof-test': 4,
    'binding-update': 5,
    'binding-acknowledgement': 6,
    'binding-error': 7,
    'fast-binding-update': 8,
    'fast-binding-acknowledgement': 9,
    'fast-binding-advertisement': 10,
    'experimental-mobility-header': 11,
    'home-agent-switch-message': 12,
  }),
  dccp_pkttype: number('dccp_pkttype', 15, {
    request: 0,
    response: 1,
    data: 2,
    ack: 3,
    dataack: 4,
    closereq: 5,
    close: 6,
    reset: 7,
    sync: 8,
    syncack: 9,
  }),
  tcp_flag: bitmask('tcp_flag', 255, { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ecn: 64, cwr: 128 }),
  ct_state: bitmask('ct_state', 127, CT_STATE_BITS),
  ct_status: bitmask('ct_status', 0xffff_ffff, CT_STATUS_BITS),
  ct_dir: number('ct_dir', 1, { original: 0, reply: 1 }),
  // RTN_*, include/uapi/linux/rtnetlink.h
  fib_addrtype: number('fib_addrtype', 11, {
    unspec: 0,
    unicast: 1,
    local: 2,
    broadcast: 3,
    anycast: 4,
    multicast: 5,
    blackhole: 6,
    unreachable: 7,
    prohibit: 8,
  }),
} as const satisfies Record<string, Datatype>;
