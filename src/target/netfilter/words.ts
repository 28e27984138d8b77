/**
 * Protocol names are no part of nft: it asks the machine's /etc/protocols, both ways. This is the registry as Debian's netbase
 * ships it, where `ipip` is 94 and IP in IP is `ipencap`. We read these words and write numbers, which need no such file.
 */
export const PROTOCOL_WORDS: Readonly<Record<string, number>> = {
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

/** Bits of `ct status`: IPS_*, the same file. nft has no words for the last four. */
export const CT_STATUS_BITS = {
  expected: 1,
  'seen-reply': 2,
  assured: 4,
  confirmed: 8,
  snat: 16,
  dnat: 32,
  dying: 512,
} as const;

/** IPS_SRC_NAT_DONE and IPS_DST_NAT_DONE: the connection's translation is settled, be it none. */
export const NAT_DONE_BITS = { snat: 128, dnat: 256 } as const;

/** RFC 2474, 2597, 3246, 5865 and 8622; words of `nft describe dscp`. */
export const DSCP_WORDS = {
  cs0: 0,
  df: 0,
  be: 0,
  lephb: 1,
  cs1: 8,
  af11: 10,
  af12: 12,
  af13: 14,
  cs2: 16,
  af21: 18,
  af22: 20,
  af23: 22,
  cs3: 24,
  af31: 26,
  af32: 28,
  af33: 30,
  cs4: 32,
  af41: 34,
  af42: 36,
  af43: 38,
  cs5: 40,
  va: 44,
  ef: 46,
  cs6: 48,
  cs7: 56,
} as const;

/** RFC 3168 23.1. */
export const ECN_WORDS = { 'not-ect': 0, ect1: 1, ect0: 2, ce: 3 } as const;

/** IEEE 802 numbers, IANA. */
export const ETHER_TYPE_WORDS = {
  ip: 0x0800,
  arp: 0x0806,
  '8021q': 0x8100,
  vlan: 0x8100,
  ip6: 0x86dd,
  '8021ad': 0x88a8,
} as const;

/** ARPHRD_*, include/uapi/linux/if_arp.h. */
export const INTERFACE_TYPE_WORDS = {
  ether: 1,
  ppp: 512,
  ipip: 768,
  ipip6: 769,
  loopback: 772,
  sit: 776,
  ipgre: 778,
} as const;

export const DAY_WORDS = {
  Sunday: 0,
  Monday: 1,
  Tuesday: 2,
  Wednesday: 3,
  Thursday: 4,
  Friday: 5,
  Saturday: 6,
} as const;

/** A class of traffic control, `1:ffff`: two halves, hexadecimal (tchandle_type_parse, src/meta.c of nftables; CLASSIFY_string_to_priority, extensions/libxt_CLASSIFY.c of iptables). */
export function trafficClass(text: string): number | undefined {
  const found = /^([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(text);
  const [, major = '', minor = ''] = found ?? [];
  return found === null ? undefined : Number.parseInt(major, 16) * 0x1_0000 + Number.parseInt(minor, 16);
}
