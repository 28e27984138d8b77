import { all, any, field, type Match, ofWidth, quantity, type Range } from '../../ir/index.ts';
import { type Family, PORT_PROTOCOLS, PROTOCOLS } from '../../net/index.ts';
import { beforeMask, toRanges } from '../netfilter/bits.ts';
import { NotUnderstood } from '../netfilter/not-understood.ts';
import type { Option } from './ast.ts';
import type { RuleContext } from './context.ts';
import { lookup } from './lookup.ts';
import type { Options } from './options.ts';
import { numberOf, portRange, rangeOf } from './values.ts';
import { ICMP_NAMES, ICMPV6_NAMES, type IcmpName } from './words.ts';

/** What a match asks of a packet: conditions that all have to hold. */
export type MatchLifter = (options: Options, context: RuleContext) => readonly (Match | undefined)[];

function ports(options: Options): (Match | undefined)[] {
  return [
    options.condition('--source-port', (text, option) => field('sport', portsOf(text, option))),
    options.condition('--destination-port', (text, option) => field('dport', portsOf(text, option))),
  ];
}

function portsOf(text: string, { negated }: Option): Range {
  const range = portRange(text);
  // `! --sport 0:65535` is no port at all for iptables-legacy and any port for iptables-nft 1.8.9, and both save it as any.
  if (negated && range.first === 0 && range.last === 65535)
    throw new NotUnderstood('iptables-nft and iptables-legacy do not agree about the opposite of all ports');
  return range;
}

export const tcp: MatchLifter = (options, { host }) => [
  field('protocol', PROTOCOLS.tcp),
  ...ports(options),
  options.condition('--tcp-flags', (_, { values: [mask = '', set = ''] }) => tcpFlags(flagBits(mask), flagBits(set))),
  options.condition('--syn', () => tcpFlags(flagBits('FIN,SYN,RST,ACK'), flagBits('SYN'))),
  options.condition('--tcp-option', (text) => host.unknowns.property(`tcp option ${numberOf(text, 255)} exists`)),
];

export const udp: MatchLifter = (options) => [field('protocol', PROTOCOLS.udp), ...ports(options)];

export const sctp: MatchLifter = (options, { host }) => [
  field('protocol', PROTOCOLS.sctp),
  ...ports(options),
  options.condition('--chunk-types', (_, { values }) => host.unknowns.property(`sctp chunks ${values.join(' ')}`)),
];

export const dccp: MatchLifter = (options, { host }) => [
  field('protocol', PROTOCOLS.dccp),
  ...ports(options),
  options.condition('--dccp-types', (text) => ofWidth(4, quantity('dccp type', 0xf, ...text.split(',').map(dccpType)))),
  options.condition('--dccp-option', (text) => host.unknowns.property(`dccp option ${text} exists`)),
];

/** RFC 4340 5.1; `INVALID` stands for all that have no name. */
function dccpType(text: string): number | Range {
  if (text === 'INVALID') return { first: 10, last: 15 };
  const type = DCCP_TYPES.indexOf(text);
  if (type === -1) throw new NotUnderstood(`\`${text}\` is no DCCP type that is known`);
  return type;
}

const DCCP_TYPES = ['REQUEST', 'RESPONSE', 'DATA', 'ACK', 'DATAACK', 'CLOSEREQ', 'CLOSE', 'RESET', 'SYNC', 'SYNCACK'];

/** Any transport that begins with two ports (net/netfilter/xt_multiport.c). */
export const multiport: MatchLifter = (options) => [
  field('protocol', ...PORT_PROTOCOLS),
  options.condition('--source-ports', (text) => field('sport', ...portList(text))),
  options.condition('--destination-ports', (text) => field('dport', ...portList(text))),
  options.condition('--ports', (text) => any(field('sport', ...portList(text)), field('dport', ...portList(text)))),
];

function portList(text: string): Range[] {
  return text.split(',').map(portRange);
}

function tcpFlags(mask: number, set: number): Match {
  const wanted = [{ first: BigInt(set), last: BigInt(set) }];
  return field('tcpFlags', ...toRanges(beforeMask(wanted, BigInt(mask), 8)));
}

const TCP_FLAGS: Readonly<Record<string, number>> = {
  FIN: 1,
  SYN: 2,
  RST: 4,
  PSH: 8,
  ACK: 16,
  URG: 32,
  ALL: 0x3f,
  NONE: 0,
};

function flagBits(text: string): number {
  return text.split(',').reduce((bits, name) => {
    const bit = lookup(TCP_FLAGS, name.toUpperCase());
    if (bit === undefined) throw new NotUnderstood(`\`${name}\` is no TCP flag that is known`);
    return bits | bit;
  }, 0);
}

/** Flags by which both ends tell of congestion (RFC 3168 6.1). */
export function congestionFlag(bit: 'cwr' | 'ece'): Match {
  const mask = bit === 'cwr' ? 0x80n : 0x40n;
  return field('tcpFlags', ...toRanges(beforeMask([{ first: mask, last: mask }], mask, 8)));
}

export const icmp: MatchLifter = (options) => icmpOf(4, options, '--icmp-type', PROTOCOLS.icmp, ICMP_NAMES);

export const icmpv6: MatchLifter = (options) => icmpOf(6, options, '--icmpv6-type', PROTOCOLS.icmpv6, ICMPV6_NAMES);

function icmpOf(
  family: Family,
  options: Options,
  name: string,
  protocol: number,
  names: Readonly<Record<string, IcmpName>>,
): (Match | undefined)[] {
  return [
    all(field('family', family), field('protocol', protocol)),
    options.condition(name, (text) => {
      const { type, code } = icmpType(text, names);
      // 255 is every type of ICMP (icmp_type_code_match, net/ipv4/netfilter/ip_tables.c).
      if (type === 255 && family === 4) return field('icmpType', { first: 0, last: 255 });
      return all(field('icmpType', type), ...(code === undefined ? [] : [field('icmpCode', code)]));
    }),
  ];
}

function icmpType(text: string, names: Readonly<Record<string, IcmpName>>): IcmpName {
  const word = text.toLowerCase();
  const known = lookup(names, word) ?? beginning(word, names);
  if (known !== undefined) return known;
  const [type = '', code] = text.split('/');
  return { type: numberOf(type, 255), ...(code === undefined ? {} : { code: numberOf(code, 255) }) };
}

/** Names may be cut short as long as they stay clear (iptables-extensions(8)). */
function beginning(word: string, names: Readonly<Record<string, IcmpName>>): IcmpName | undefined {
  if (!/^[a-z]/.test(word)) return undefined;
  const found = Object.entries(names).filter(([name]) => name.startsWith(word));
  return found.length === 1 ? found[0]![1] : undefined;
}

export const esp: MatchLifter = (options) => [
  field('protocol', PROTOCOLS.esp),
  options.condition('--espspi', (text) => quantity('esp spi', 0xffff_ffff, rangeOf(text, 0xffff_ffff))),
];

/** A transport in IPv4, an extension header in IPv6, which other transports may follow. */
export const ah: MatchLifter = (options, { family, host }) => {
  if (family === 4) {
    return [
      field('protocol', PROTOCOLS.ah),
      options.condition('--ahspi', (text) => quantity('ah spi', 0xffff_ffff, rangeOf(text, 0xffff_ffff))),
    ];
  }
  const spi = options.take('--ahspi');
  const length = options.take('--ahlen');
  const reserved = options.take('--ahres');
  const details = [spi, length, reserved].flatMap((option) =>
    option === undefined ? [] : [`${option.negated ? '! ' : ''}${option.name} ${option.values.join(' ')}`],
  );
  return [host.unknowns.property(['authentication header', ...details].join(' '))];
};

export const ipcomp: MatchLifter = (options, { host }) => [
  field('protocol', 108),
  options.condition('--ipcompspi', (text) => host.unknowns.property(`comp cpi ${text}`)),
  options.condition('--compres', () => host.unknowns.property('comp reserved bits')),
];
