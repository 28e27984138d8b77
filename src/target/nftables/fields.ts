import type { Expression, Selector } from './ast.ts';
import { DATATYPES, type Datatype, integer } from './datatype.ts';

/** By name. Not in objects: they are asked for with whatever words a ruleset holds. */
type Fields = ReadonlyMap<string, Datatype>;

function fields(datatypes: Readonly<Record<string, Datatype>>): Fields {
  return new Map(Object.entries(datatypes));
}

const { inet_service: PORT, inet_proto: PROTOCOL, other: OTHER } = DATATYPES;
const PORTS = { sport: PORT, dport: PORT } as const;
const U8 = integer(8);
const U16 = integer(16);
const U32 = integer(32);

/** Header fields and the datatypes of their values (nft(8), payload expressions). `th`: the ports that transports share. */
const PAYLOAD = headers({
  ether: { saddr: OTHER, daddr: OTHER, type: DATATYPES.ether_type },
  vlan: { id: integer(12), dei: integer(1), cfi: integer(1), pcp: integer(3), type: DATATYPES.ether_type },
  arp: {
    htype: U16,
    ptype: DATATYPES.ether_type,
    hlen: U8,
    plen: U8,
    operation: OTHER,
    'saddr ether': OTHER,
    'daddr ether': OTHER,
    'saddr ip': OTHER,
    'daddr ip': OTHER,
  },
  ip: {
    version: integer(4),
    hdrlength: integer(4),
    dscp: DATATYPES.dscp,
    ecn: DATATYPES.ecn,
    length: U16,
    id: U16,
    'frag-off': U16,
    ttl: U8,
    protocol: PROTOCOL,
    checksum: U16,
    saddr: DATATYPES.ipv4_addr,
    daddr: DATATYPES.ipv4_addr,
  },
  icmp: {
    type: DATATYPES.icmp_type,
    code: DATATYPES.icmp_code,
    checksum: U16,
    id: U16,
    sequence: U16,
    gateway: OTHER,
    mtu: U16,
  },
  igmp: { type: DATATYPES.igmp_type, mrt: U8, checksum: U16, group: OTHER },
  ip6: {
    version: integer(4),
    dscp: DATATYPES.dscp,
    ecn: DATATYPES.ecn,
    flowlabel: integer(20),
    length: U16,
    nexthdr: PROTOCOL,
    hoplimit: U8,
    saddr: DATATYPES.ipv6_addr,
    daddr: DATATYPES.ipv6_addr,
  },
  icmpv6: {
    type: DATATYPES.icmpv6_type,
    code: DATATYPES.icmpv6_code,
    checksum: U16,
    'parameter-problem': U32,
    'packet-too-big': U32,
    mtu: U32,
    id: U16,
    sequence: U16,
    'max-delay': U16,
    taddr: OTHER,
    daddr: OTHER,
  },
  ah: { nexthdr: PROTOCOL, hdrlength: U8, reserved: U16, spi: U32, sequence: U32 },
  esp: { spi: U32, sequence: U32 },
  comp: { nexthdr: PROTOCOL, flags: U8, cpi: U16 },
  udp: { ...PORTS, length: U16, checksum: U16 },
  udplite: { ...PORTS, csumcov: U16, checksum: U16 },
  tcp: {
    ...PORTS,
    sequence: U32,
    ackseq: U32,
    doff: integer(4),
    reserved: integer(4),
    flags: DATATYPES.tcp_flag,
    window: U16,
    checksum: U16,
    urgptr: U16,
  },
  dccp: { ...PORTS, type: DATATYPES.dccp_pkttype },
  sctp: { ...PORTS, vtag: U32, checksum: U32 },
  th: PORTS,
});

function headers(
  byProtocol: Readonly<Record<string, Readonly<Record<string, Datatype>>>>,
): ReadonlyMap<string, Fields> {
  return new Map(Object.entries(byProtocol).map(([protocol, datatypes]) => [protocol, fields(datatypes)]));
}

/** Keys of `meta` (nft(8), meta expressions). */
const META = fields({
  length: U32,
  protocol: DATATYPES.ether_type,
  nfproto: DATATYPES.nf_proto,
  l4proto: PROTOCOL,
  priority: DATATYPES.classid,
  mark: DATATYPES.mark,
  iif: DATATYPES.ifname,
  iifname: DATATYPES.ifname,
  iiftype: DATATYPES.iface_type,
  iifkind: OTHER,
  iifgroup: DATATYPES.devgroup,
  oif: DATATYPES.ifname,
  oifname: DATATYPES.ifname,
  oiftype: DATATYPES.iface_type,
  oifkind: OTHER,
  oifgroup: DATATYPES.devgroup,
  skuid: DATATYPES.uid,
  skgid: DATATYPES.gid,
  nftrace: DATATYPES.boolean,
  rtclassid: OTHER,
  ibrname: OTHER,
  obrname: OTHER,
  ibriport: OTHER,
  obriport: OTHER,
  ibridgename: OTHER,
  obridgename: OTHER,
  ibrpvid: OTHER,
  ibrvproto: OTHER,
  ibrhwaddr: OTHER,
  broute: OTHER,
  pkttype: DATATYPES.pkt_type,
  cpu: U32,
  cgroup: U32,
  random: OTHER,
  ipsec: DATATYPES.boolean,
  secpath: DATATYPES.boolean,
  secmark: U32,
  sdif: OTHER,
  sdifname: OTHER,
  time: OTHER,
  hour: DATATYPES.hour,
  day: DATATYPES.day,
});

/** Keys of `ct` (nft(8), conntrack expressions), those with a direction too. */
const CT = fields({
  state: DATATYPES.ct_state,
  direction: DATATYPES.ct_dir,
  status: DATATYPES.ct_status,
  mark: DATATYPES.mark,
  secmark: U32,
  expiration: OTHER,
  helper: OTHER,
  label: OTHER,
  l3proto: DATATYPES.nf_proto,
  protocol: PROTOCOL,
  saddr: OTHER, // of either family: the table's, see `selectorDatatype`'s callers
  daddr: OTHER,
  'ip saddr': DATATYPES.ipv4_addr,
  'ip daddr': DATATYPES.ipv4_addr,
  'ip6 saddr': DATATYPES.ipv6_addr,
  'ip6 daddr': DATATYPES.ipv6_addr,
  'proto-src': PORT,
  'proto-dst': PORT,
  packets: OTHER,
  bytes: OTHER,
  avgpkt: OTHER,
  zone: U16,
  event: OTHER,
  id: U32,
});

const FIB_RESULTS = ['type', 'oif', 'oifname'] as const;
/** `check` is the later word for whether there is a route, which `oif exists` asks too. */
export const FIB_RESULT_WORDS = [...FIB_RESULTS, 'check'] as const;

export function fibResult(word: (typeof FIB_RESULT_WORDS)[number]): string {
  return word === 'check' ? 'oif' : word;
}

export const FIB_FLAGS = ['saddr', 'daddr', 'mark', 'iif', 'oif'] as const;

export const SOCKET_KEYS = ['transparent', 'mark', 'wildcard', 'cgroupv2'] as const;

/** IPv6 extension headers (nft(8), extension header expressions). `rt` names a routing expression too, by other fields. */
export const EXTENSION_HEADERS: Readonly<Record<string, readonly string[]>> = {
  hbh: ['nexthdr', 'hdrlength'],
  rt: ['nexthdr', 'hdrlength', 'type', 'seg-left'],
  rt0: ['addr'],
  rt2: ['addr'],
  srh: ['flags', 'tag', 'sid', 'seg-left', 'last-entry'],
  frag: ['nexthdr', 'reserved', 'frag-off', 'reserved2', 'more-fragments', 'id'],
  dst: ['nexthdr', 'hdrlength'],
  mh: ['nexthdr', 'hdrlength', 'type', 'reserved', 'checksum'],
};

/**
 * Tunnels, with the fields of their own headers (nft(8), tunnel expressions). What they carry is asked for behind their name:
 * `vxlan ip saddr`.
 */
export const TUNNELS: Readonly<Record<string, readonly string[]>> = {
  gre: ['version', 'flags', 'protocol'],
  gretap: [],
  vxlan: ['vni', 'flags'],
  geneve: ['vni', 'type'],
};

/** The datatype of what a selector reads; `undefined` for selectors that this reader does not know. */
export function selectorDatatype(selector: Selector): Datatype | undefined {
  switch (selector.kind) {
    case 'payload':
      return PAYLOAD.get(selector.protocol)?.get(selector.field);
    case 'meta':
      return META.get(selector.key);
    case 'ct':
      return CT.get(selector.key);
    case 'fib':
      return selector.result === 'type' ? DATATYPES.fib_addrtype : OTHER;
    case 'raw':
      return selector.length <= 32 ? integer(selector.length) : OTHER;
    case 'option':
      return selector.field === undefined ? DATATYPES.boolean : OTHER;
    case 'socket':
    case 'computed':
      return OTHER;
  }
}

/** The words that nft writes for numbers where they are compared as text here. */
export function wordsOf(selector: Selector): ReadonlyMap<string, number> {
  if (selector.kind !== 'option') return (selectorDatatype(selector) ?? OTHER).words;
  if (selector.field === 'nexthdr') return PROTOCOL.words;
  if (selector.header === 'tcp option mptcp' && selector.field === 'subtype') return MPTCP_WORDS;
  return selector.header === 'mh' && selector.field === 'type' ? DATATYPES.mh_type.words : OTHER.words;
}

/** RFC 8684 8.2, in nft's spelling. */
const MPTCP_WORDS: ReadonlyMap<string, number> = new Map(
  ['capable', 'join', 'dss', 'add-addr', 'remove-addr', 'prio', 'fail', 'fastclose', 'tcprst'].map((word, value) => [
    /^(?:dss|add-|remove-)/.test(word) ? word : `mp-${word}`,
    value,
  ]),
);

export function isPayloadProtocol(text: string): boolean {
  return PAYLOAD.has(text);
}

export function isPayloadField(protocol: string, field: string): boolean {
  return PAYLOAD.get(protocol)?.has(field) ?? false;
}

/** Meta keys that nft also writes without `meta` before them. */
export const BARE_META_KEYS: readonly string[] = [
  'mark',
  'iif',
  'iifname',
  'iiftype',
  'iifgroup',
  'oif',
  'oifname',
  'oiftype',
  'oifgroup',
  'skuid',
  'skgid',
  'nftrace',
  'rtclassid',
  'pkttype',
  'cpu',
  'cgroup',
  'ibrname',
  'obrname',
  'ibriport',
  'obriport',
  'ipsec',
  'time',
  'day',
  'hour',
];

export function isMetaKey(text: string): boolean {
  return META.has(text);
}

export function isCtKey(text: string): boolean {
  return CT.has(text);
}

export function isSelector(expression: Expression): expression is Selector {
  switch (expression.kind) {
    case 'payload':
    case 'meta':
    case 'ct':
    case 'fib':
    case 'socket':
    case 'raw':
    case 'option':
    case 'computed':
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
