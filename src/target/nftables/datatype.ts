import { ICMP_TYPES, ICMPV6_TYPES } from '../../net/index.ts';
import type { Expression, Selector } from './ast.ts';

/**
 * nft's datatypes, as far as rules of filters use them: the words that nft writes instead of numbers, from `nft describe`
 * and src/{datatype,proto,ct,fib}.c of nftables 1.0.6. `bitmask`: values are sets of bits and may be listed with commas.
 */
export interface Datatype {
  readonly name: string; // as in `type ipv4_addr . inet_service`
  readonly kind: 'number' | 'bitmask' | 'address' | 'text';
  readonly max: number; // the highest value, inclusive; of no meaning for addresses and text
  readonly words: ReadonlyMap<string, number>;
}

function number(name: string, max: number, words: Readonly<Record<string, number>> = {}): Datatype {
  return { name, kind: 'number', max, words: new Map(Object.entries(words)) };
}

function bitmask(name: string, max: number, words: Readonly<Record<string, number>>): Datatype {
  return { name, kind: 'bitmask', max, words: new Map(Object.entries(words)) };
}

function opaque(name: string, kind: 'address' | 'text'): Datatype {
  return { name, kind, max: 0, words: new Map() };
}

/**
 * Protocol names are no part of nft: it asks the machine's /etc/protocols, both ways. This is the registry as Debian's netbase
 * ships it, where `ipip` is 94 and IP in IP is `ipencap`. We read these words and write numbers, which need no such file.
 */
const PROTOCOL_WORDS: Readonly<Record<string, number>> = {
  ip: 0,
  icmp: 1,
  igmp: 2,
  ggp: 3,
  ipencap: 4,
  st: 5,
  tcp: 6,
  egp: 8,
  igp: 9,
  pup: 12,
  udp: 17,
  hmp: 20,
  'xns-idp': 22,
  rdp: 27,
  'iso-tp4': 29,
  dccp: 33,
  xtp: 36,
  ddp: 37,
  'idpr-cmtp': 38,
  ipv6: 41,
  'ipv6-route': 43,
  'ipv6-frag': 44,
  idrp: 45,
  rsvp: 46,
  gre: 47,
  esp: 50,
  ah: 51,
  skip: 57,
  'ipv6-icmp': 58,
  icmpv6: 58, // an alias of other distributions
  'ipv6-nonxt': 59,
  'ipv6-opts': 60,
  rspf: 73,
  vmtp: 81,
  eigrp: 88,
  ospf: 89,
  'ax.25': 93,
  ipip: 94,
  etherip: 97,
  encap: 98,
  pim: 103,
  ipcomp: 108,
  comp: 108,
  vrrp: 112,
  l2tp: 115,
  isis: 124,
  sctp: 132,
  fc: 133,
  'mobility-header': 135,
  udplite: 136,
  'mpls-in-ip': 137,
  manet: 138,
  hip: 139,
  shim6: 140,
  wesp: 141,
  rohc: 142,
  ethernet: 143,
};

/** Bits of `ct state`: NF_CT_STATE_BIT, include/uapi/linux/netfilter/nf_conntrack_common.h. */
export const CT_STATE_BITS = { invalid: 1, established: 2, related: 4, new: 8, untracked: 64 } as const;

export const DATATYPES = {
  ipv4_addr: opaque('ipv4_addr', 'address'),
  ipv6_addr: opaque('ipv6_addr', 'address'),
  ifname: opaque('ifname', 'text'),
  cgroupsv2: opaque('cgroupsv2', 'text'),
  inet_proto: number('inet_proto', 255, PROTOCOL_WORDS),
  inet_service: number('inet_service', 65535),
  nf_proto: number('nf_proto', 255, { ipv4: 2, ipv6: 10 }),
  uid: number('uid', 0xffff_ffff),
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
  tcp_flag: bitmask('tcp_flag', 255, { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ecn: 64, cwr: 128 }),
  ct_state: bitmask('ct_state', 127, CT_STATE_BITS),
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

/** Where a header field lies: the datatype of its values. `th` is the first four bytes that transports with ports share. */
const PAYLOAD: Readonly<Record<string, Readonly<Record<string, Datatype>>>> = {
  ip: { saddr: DATATYPES.ipv4_addr, daddr: DATATYPES.ipv4_addr, protocol: DATATYPES.inet_proto },
  ip6: { saddr: DATATYPES.ipv6_addr, daddr: DATATYPES.ipv6_addr, nexthdr: DATATYPES.inet_proto },
  tcp: { sport: DATATYPES.inet_service, dport: DATATYPES.inet_service, flags: DATATYPES.tcp_flag },
  udp: { sport: DATATYPES.inet_service, dport: DATATYPES.inet_service },
  udplite: { sport: DATATYPES.inet_service, dport: DATATYPES.inet_service },
  dccp: { sport: DATATYPES.inet_service, dport: DATATYPES.inet_service },
  sctp: { sport: DATATYPES.inet_service, dport: DATATYPES.inet_service },
  th: { sport: DATATYPES.inet_service, dport: DATATYPES.inet_service },
  icmp: { type: DATATYPES.icmp_type, code: DATATYPES.icmp_code },
  icmpv6: { type: DATATYPES.icmpv6_type, code: DATATYPES.icmpv6_code },
};

const META: Readonly<Record<string, Datatype>> = {
  nfproto: DATATYPES.nf_proto,
  l4proto: DATATYPES.inet_proto,
  iifname: DATATYPES.ifname,
  oifname: DATATYPES.ifname,
  skuid: DATATYPES.uid,
};

/** `undefined` for selectors that this reader does not know. */
export function selectorDatatype(selector: Selector): Datatype | undefined {
  switch (selector.kind) {
    case 'payload':
      return own(own(PAYLOAD, selector.protocol), selector.field);
    case 'meta':
      return own(META, selector.key);
    case 'ct':
      return selector.key === 'state' ? DATATYPES.ct_state : undefined;
    case 'fib':
      return selector.result === 'type' ? DATATYPES.fib_addrtype : undefined;
    case 'socket':
      return selector.key === 'cgroupv2' ? DATATYPES.cgroupsv2 : undefined;
  }
}

function own<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}

export function isPayloadProtocol(text: string): boolean {
  return Object.hasOwn(PAYLOAD, text);
}

export function isPayloadField(protocol: string, field: string): boolean {
  return own(own(PAYLOAD, protocol), field) !== undefined;
}

/** Meta keys that nft also writes without `meta` before them. */
export const BARE_META_KEYS: readonly string[] = ['iifname', 'oifname', 'skuid'];

export function isMetaKey(text: string): boolean {
  return Object.hasOwn(META, text);
}

export function isSelector(expression: Expression): expression is Selector {
  switch (expression.kind) {
    case 'payload':
    case 'meta':
    case 'ct':
    case 'fib':
    case 'socket':
      return true;
    default:
      return false;
  }
}

/** The datatype of the values that a match compares with its left side. */
export function leftDatatype(left: Expression): Datatype | undefined {
  if (isSelector(left)) return selectorDatatype(left);
  return left.kind === 'binary' ? leftDatatype(left.left) : undefined;
}
