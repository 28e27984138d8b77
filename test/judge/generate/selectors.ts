import type { Family } from '../../../src/net/index.ts';
import { ACCOUNTS, MARK_MASKS, MARK_VALUES, PORTS, PROTOCOL_NUMBERS } from './values.ts';

/** Something that a rule asks of a packet, and the values that it is asked for. */
export type Selector = NumberSelector | AddressSelector | NameSelector | FlagsSelector;

interface Common {
  readonly text: string; // as nft writes it
  readonly type: string; // nft's datatype, for the declaration of a set
  readonly needs: Needs;
}

/** What the rest of the rule must be about, for nft to take it. */
export interface Needs {
  readonly family?: Family;
  readonly transport?: Transport;
  readonly inet?: true; // only in tables of both families
  readonly ip?: true; // only in tables of IP families: a netdev table has neither connections nor refusals
  readonly place?: Place; // only in chains of this kind
  readonly without?: 'family' | 'transport' | 'either'; // the rule must not be about one
}

/** What only base chains of some kinds may do. */
export type Place = 'dnat' | 'snat' | 'masquerade' | 'notrack';

export const TRANSPORTS = ['tcp', 'udp', 'udplite', 'sctp', 'dccp', 'th', 'icmp', 'icmpv6'] as const;
export type Transport = (typeof TRANSPORTS)[number];

export interface NumberSelector extends Common {
  readonly kind: 'number';
  readonly max: number;
  readonly values: readonly number[];
  readonly words: readonly string[]; // those that nft has for some values
  readonly masks: readonly number[]; // none: it is never masked
  readonly ordered: boolean; // whether `<` and ranges make sense
}

export interface AddressSelector extends Common {
  readonly kind: 'address';
  readonly family: Family;
}

export interface NameSelector extends Common {
  readonly kind: 'name'; // of an interface
}

/** Bits of a mask with names of their own: TCP flags, conntrack states. */
export interface FlagsSelector extends Common {
  readonly kind: 'flags';
  readonly words: readonly string[];
}

function number(
  text: string,
  type: string,
  max: number,
  values: readonly number[],
  more: Partial<Pick<NumberSelector, 'words' | 'masks' | 'ordered' | 'needs'>> = {},
): NumberSelector {
  return { kind: 'number', text, type, max, values, words: [], masks: [], ordered: true, needs: {}, ...more };
}

const ports = (['tcp', 'udp', 'udplite', 'sctp', 'dccp', 'th'] as const).flatMap((transport) =>
  ['sport', 'dport'].map((side) =>
    number(`${transport} ${side}`, 'inet_service', 65535, PORTS, {
      needs: { transport },
      masks: [1, 0xff, 0xff00, 0x8001],
      words: ['ssh', 'domain', 'https'],
    }),
  ),
);

const addresses = ([4, 6] as const).flatMap((family) =>
  ['saddr', 'daddr'].map(
    (side): AddressSelector => ({
      kind: 'address',
      text: `${family === 4 ? 'ip' : 'ip6'} ${side}`,
      type: family === 4 ? 'ipv4_addr' : 'ipv6_addr',
      family,
      needs: { family },
    }),
  ),
);

const icmp = (['icmp', 'icmpv6'] as const).flatMap((transport) => {
  const family = transport === 'icmp' ? 4 : 6;
  const needs: Needs = { family, transport };
  const types = family === 4 ? [0, 3, 8, 11, 12, 13, 255] : [0, 1, 2, 4, 127, 128, 129, 135, 255];
  const words = ['echo-request', 'echo-reply', 'destination-unreachable', 'time-exceeded', 'parameter-problem'];
  const codes = family === 4 ? ['frag-needed', 'port-unreachable'] : ['no-route', 'port-unreachable'];
  return [
    number(`${transport} type`, `${transport}_type`, 255, types, { needs, words }),
    number(`${transport} code`, `${transport}_code`, 255, [0, 1, 4, 13, 255], { needs, words: codes }),
  ];
});

const protocolWords = ['tcp', 'udp', 'icmp', 'ipv6-icmp', 'sctp'];
const protocols = [
  number('meta l4proto', 'inet_proto', 255, PROTOCOL_NUMBERS, { words: protocolWords }),
  number('ip protocol', 'inet_proto', 255, PROTOCOL_NUMBERS, { words: protocolWords, needs: { family: 4 } }),
  number('ip6 nexthdr', 'inet_proto', 255, [...PROTOCOL_NUMBERS, 60], { words: protocolWords, needs: { family: 6 } }),
  number('meta nfproto', 'nf_proto', 255, [2, 10], { words: ['ipv4', 'ipv6'], ordered: false, needs: { inet: true } }),
  number('meta protocol', 'ether_type', 65535, [0x0800, 0x86dd], {
    words: ['ip', 'ip6'],
    ordered: false,
    needs: { inet: true, without: 'family' }, // nft 1.0.6 lists `meta protocol ip ip6 hoplimit 9` without its first half
  }),
];

/** What is asked before `th` reads ports: `meta l4proto . th dport`. */
export const PORT_PROTOCOL = number('meta l4proto', 'inet_proto', 255, [6, 17, 33, 132, 136]);

const accounts = [
  number('meta skuid', 'uid', 0xffff_ffff, ACCOUNTS),
  number('skuid', 'uid', 0xffff_ffff, ACCOUNTS),
  number('meta skgid', 'gid', 0xffff_ffff, [0, 1]),
];

const mark = number('meta mark', 'mark', 0xffff_ffff, MARK_VALUES, { masks: MARK_MASKS });

/** What a connection was when it began, and what answers to it look like. */
const connection: readonly Selector[] = [
  number('ct mark', 'mark', 0xffff_ffff, MARK_VALUES, { masks: MARK_MASKS, needs: { ip: true } }),
  number('ct direction', 'ct_dir', 1, [], { words: ['original', 'reply'], ordered: false, needs: { ip: true } }),
  number('ct l3proto', 'nf_proto', 255, [2, 10], {
    words: ['ipv4', 'ipv6'],
    ordered: false,
    needs: { ip: true, without: 'either' }, // nft 1.0.6 lists `ct l3proto ipv6 tcp dport 1` without its first half
  }),
  ...(['original', 'reply'] as const).flatMap((way): Selector[] => [
    ...addresses.map((of): Selector => ({ ...of, text: `ct ${way} ${of.text}`, needs: { ...of.needs, ip: true } })),
    number(`ct ${way} proto-src`, 'integer', 65535, PORTS, { needs: { transport: 'th', ip: true } }),
    number(`ct ${way} proto-dst`, 'integer', 65535, PORTS, { needs: { transport: 'th', ip: true } }),
    number(`ct ${way} protocol`, 'inet_proto', 255, PROTOCOL_NUMBERS, { words: ['tcp', 'udp'], needs: { ip: true } }),
  ]),
];

/** Fields that only other people's rulesets ask for. */
const headers = [
  number('ip ttl', 'integer', 255, [129, 130, 199, 200, 255], { needs: { family: 4 }, masks: [1, 0x80] }),
  number('ip6 hoplimit', 'integer', 255, [129, 130, 199, 200, 255], { needs: { family: 6 }, masks: [1, 0x80] }),
  number('ip dscp', 'dscp', 63, [0, 1, 46], { needs: { family: 4 }, words: ['cs0', 'ef'] }),
  number('ip6 dscp', 'dscp', 63, [0, 1, 46], { needs: { family: 6 }, words: ['cs0', 'ef'] }),
  number('ip length', 'integer', 65535, [28, 32, 40, 44], { needs: { family: 4 } }),
  number('ip6 length', 'integer', 65535, [12, 16, 20, 28], { needs: { family: 6 } }),
  number('ip version', 'integer', 15, [4], { needs: { family: 4 } }),
  number('ip hdrlength', 'integer', 15, [5, 6], { needs: { family: 4 } }),
  number('ip frag-off', 'integer', 65535, [0, 0x4000], { needs: { family: 4 }, masks: [0x1fff, 0x4000] }),
  number('meta length', 'integer', 65535, [28, 32, 40, 44, 60], {}),
  number('tcp window', 'integer', 65535, [0, 65534, 65535], { needs: { transport: 'tcp' } }),
  number('tcp doff', 'integer', 15, [4, 5, 6], { needs: { transport: 'tcp' } }),
  number('tcp sequence', 'integer', 0xffff_ffff, [0, 1, 2], { needs: { transport: 'tcp' } }),
  number('udp length', 'integer', 65535, [8, 11, 12, 13], { needs: { transport: 'udp' } }),
  number('meta pkttype', 'pkt_type', 255, [], { words: ['host', 'multicast', 'broadcast', 'other'], ordered: false }),
  number('meta iif', 'iface_index', 0, [], { words: ['lo', 'eth0', 'eth1'], ordered: false }),
  number('meta oif', 'iface_index', 0, [], { words: ['lo', 'eth0', 'eth1'], ordered: false }),
];

const fib = ['saddr', 'daddr'].map((side) =>
  number(`fib ${side} type`, 'fib_addrtype', 8, [], {
    words: ['unicast', 'local', 'broadcast', 'multicast', 'unreachable'],
    ordered: false,
  }),
);

const names = ['iifname', 'oifname', 'meta iifname', 'meta oifname'].map(
  (text): NameSelector => ({ kind: 'name', text, type: 'ifname', needs: {} }),
);

function flags(text: string, type: string, words: readonly string[], needs: Needs): FlagsSelector {
  return { kind: 'flags', text, type, words, needs };
}

const CT_STATES = ['new', 'established', 'related', 'invalid', 'untracked'] as const;

/**
 * Fields that are no dimensions of their own in a packet set, but a number each: one ruleset has few of them, as people's rulesets do.
 * Sets over all of them at once grow as the product of what each rule asks.
 */
export const RARE: readonly string[] = [
  ...[...headers, mark, ...connection].map(({ text }) => text),
  'meta skgid',
  'ct status',
  'ip6 nexthdr',
];

export const SELECTORS: readonly Selector[] = [
  ...addresses,
  ...ports,
  ...icmp,
  ...protocols,
  ...accounts,
  mark,
  ...connection,
  ...names,
  ...fib,
  flags('ct state', 'ct_state', CT_STATES, { ip: true }),
  flags('ct status', 'ct_status', ['seen-reply', 'assured', 'confirmed', 'expected', 'snat', 'dnat'], { ip: true }),
  flags('tcp flags', 'tcp_flag', ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ecn', 'cwr'], { transport: 'tcp' }),
  ...headers,
];
