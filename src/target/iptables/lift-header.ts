import {
  all,
  atHook,
  field,
  type Match,
  not,
  ofWidth,
  type QuantityMatch,
  quantity,
  type Range,
} from '../../ir/index.ts';
import { NotUnderstood } from '../netfilter/not-understood.ts';
import { DSCP_WORDS } from '../netfilter/words.ts';
import type { ChainContext } from './context.ts';
import { congestionFlag, type MatchLifter } from './lift-transport.ts';
import { lookup } from './lookup.ts';
import type { Options } from './options.ts';
import { maskedOf, numberOf, rangeOf } from './values.ts';

/** The length of the whole packet (net/netfilter/xt_length.c). */
export const length: MatchLifter = (options) => [
  options.condition('--length', (text) => quantity('meta length', 0xffff_ffff, rangeOf(text, 65535))),
];

export const ttl: MatchLifter = (options) => hops('ip ttl', 'ttl', options);
export const hl: MatchLifter = (options) => hops('ip6 hoplimit', 'hl', options);

function hops(name: string, prefix: string, options: Options): (Match | undefined)[] {
  const within = (range: Range): Match =>
    ofWidth(8, quantity(name, 0xff, ...(range.first > range.last ? [] : [range])));
  return [
    options.condition(`--${prefix}-eq`, (text) => within(rangeOf(text, 255))),
    options.condition(`--${prefix}-lt`, (text) => within({ first: 0, last: numberOf(text, 255) - 1 })),
    options.condition(`--${prefix}-gt`, (text) => within({ first: numberOf(text, 255) + 1, last: 255 })),
  ];
}

/** The byte that holds the service class and, in its last two bits, what routers say of congestion. */
export const tos: MatchLifter = (options, context) => [
  options.condition('--tos', (text) => {
    const named = lookup(TOS_NAMES, text.toLowerCase());
    const { value, mask } = named === undefined ? maskedOf(text, 0xff) : { value: named, mask: 0x3f };
    return all(dscpBits(context, mask >> 2, value >> 2), ecnBits(context, mask & 3, value & 3));
  }),
];

export const dscp: MatchLifter = (options, context) => [
  options.condition('--dscp', (text) => dscpBits(context, 0x3f, numberOf(text, 63))),
  options.condition('--dscp-class', (text) => dscpBits(context, 0x3f, dscpClass(text))),
];

export const ecn: MatchLifter = (options, context) => [
  options.condition('--ecn-ip-ect', (text) => ecnBits(context, 3, numberOf(text, 3))),
  options.condition('--ecn-tcp-cwr', () => congestionFlag('cwr')),
  options.condition('--ecn-tcp-ece', () => congestionFlag('ece')),
];

function dscpBits(context: ChainContext, mask: number, value: number): Match {
  return ofWidth(6, bits(dscpOf(context), mask, value));
}

function ecnBits(context: ChainContext, mask: number, value: number): Match {
  return ofWidth(2, bits(ecnOf(context), mask, value));
}

function bits(name: string, mask: number, value: number): QuantityMatch {
  return quantity(name, mask, ...((value & ~mask) === 0 ? [value] : []));
}

export function dscpOf({ family }: Pick<ChainContext, 'family'>): string {
  return family === 4 ? 'ip dscp' : 'ip6 dscp';
}

export function ecnOf({ family }: Pick<ChainContext, 'family'>): string {
  return family === 4 ? 'ip ecn' : 'ip6 ecn';
}

/** IPTOS_*, include/uapi/linux/ip.h; iptables compares them behind the mask 0x3f. */
export const TOS_NAMES: Readonly<Record<string, number>> = {
  'minimize-delay': 16,
  'maximize-throughput': 8,
  'maximize-reliability': 4,
  'minimize-cost': 2,
  'normal-service': 0,
};

export function dscpClass(text: string): number {
  const word = text.toLowerCase();
  const found = Object.entries(DSCP_WORDS).find(([name]) => name === word);
  if (found === undefined) throw new NotUnderstood(`\`${text}\` is no service class that is known`);
  return found[1];
}

/** To whom the frame was sent, as the link layer says. */
export const pkttype: MatchLifter = (options) => [
  options.condition('--pkt-type', (text) => quantity('meta pkttype', 0xff, packetType(text))),
];

function packetType(text: string): number {
  const type = lookup(PACKET_TYPES, text.toLowerCase());
  if (type === undefined) throw new NotUnderstood(`\`${text}\` is no type of packet that is known`);
  return type;
}

/** PACKET_*, include/uapi/linux/if_packet.h. */
const PACKET_TYPES: Readonly<Record<string, number>> = {
  unicast: 0,
  host: 0,
  broadcast: 1,
  bcast: 1,
  multicast: 2,
  mcast: 2,
  otherhost: 3,
};

const SOCKET = field('srcAccount', { first: 0, last: 0xffff_ffff });

/**
 * Who sends (owner_mt, net/netfilter/xt_owner.c): what is asked for needs a socket, what is negated holds without one too. The match
 * stands where packets leave only.
 */
export const owner: MatchLifter = (options, { host }) => {
  const supplementary = options.has('--suppl-groups');
  return [
    options.condition('--uid-owner', (text) => field('srcAccount', accounts(text, ['root']))),
    options.condition('--gid-owner', (text) => {
      const groups = accounts(text, ['root']);
      const sent = all(atHook('output'), SOCKET);
      return supplementary
        ? all(sent, host.unknowns.property(`sent by a member of group ${text}`))
        : all(sent, quantity('meta skgid', 0xffff_ffff, groups));
    }),
    options.condition('--socket-exists', () => SOCKET),
  ];
};

/** Numbers; of names only that which every machine gives the same number. */
function accounts(text: string, [root]: readonly [string]): Range {
  if (text === root) return { first: 0, last: 0 };
  if (!/^[0-9]+(?:-[0-9]+)?$/.test(text)) throw new NotUnderstood(`the number of \`${text}\` is not known here`);
  return rangeOf(text, 0xffff_fffe, '-');
}

/** Groups of interfaces, which the machine gives them. */
export const devgroup: MatchLifter = (options) => [
  options.condition('--src-group', (text) => group('meta iifgroup', 'output', text)),
  options.condition('--dst-group', (text) => group('meta oifgroup', 'input', text)),
];

function group(name: string, without: 'output' | 'input', text: string): Match {
  const { value, mask } = maskedOf(text === 'default' ? '0' : text, 0xffff_ffff);
  return all(not(atHook(without)), bits(name, mask, value));
}
