import {
  ADDRESS_TYPES,
  type AddressType,
  address,
  all,
  atHook,
  everything,
  field,
  interfaces,
  type Match,
  not,
  nothing,
  ofType,
  type Side,
} from '../../ir/index.ts';
import { type AddressRange, range, wholeFamily } from '../../net/index.ts';
import { AddressSet } from '../../packetset/index.ts';
import { TooManyRanges } from '../netfilter/bits.ts';
import { interfaceKnown } from '../netfilter/entries.ts';
import { NotUnderstood } from '../netfilter/not-understood.ts';
import type { Option } from './ast.ts';
import type { ChainContext } from './context.ts';
import type { MatchLifter } from './lift-transport.ts';
import { addressRangeOf, networkOf, protocolOf } from './values.ts';

/** What an option of every rule asks for. Several addresses are several rules: `index` tells which. */
export function ruleCondition(option: Option, context: ChainContext, index: number): Match {
  const match = plainCondition(option, context, index);
  return option.negated ? not(match) : match;
}

/** In how many rules iptables parts a rule for an option: one for each address that it lists. */
export function ruleCount({ name, values }: Option): number {
  return name === '--source' || name === '--destination' ? (values[0] ?? '').split(',').length : 1;
}

function plainCondition({ name, values, negated }: Option, context: ChainContext, index: number): Match {
  const [value = ''] = values;
  switch (name) {
    case '--protocol': {
      const protocol = protocolOf(value);
      return protocol === undefined ? everything : field('protocol', protocol);
    }
    case '--source':
    case '--destination': {
      const parts = value.split(',');
      if (negated && parts.length > 1) throw new NotUnderstood('it negates several addresses');
      return networkMatch(name === '--source' ? 'src' : 'dst', parts[index] ?? value, context);
    }
    case '--in-interface':
      return interfaceMatch('in', value, context);
    case '--out-interface':
      return interfaceMatch('out', value, context);
    case '--fragment':
      return context.host.unknowns.property('a fragment behind the first');
    default:
      throw new NotUnderstood(`it has the option \`${name}\``);
  }
}

/** A network whose mask leaves too many addresses apart from each other is known by its text only. */
function networkMatch(side: Side, text: string, { family, host }: ChainContext): Match {
  try {
    return address(side, ...networkOf(text, family));
  } catch (error) {
    if (!(error instanceof TooManyRanges)) throw error;
    return host.unknowns.property(`${side === 'src' ? 'source' : 'destination'} ${text}`);
  }
}

/** `eth+`: every name that begins so. Where there is no interface the kernel compares with the empty name. */
export function interfaceMatch(side: 'in' | 'out', text: string, { entries }: ChainContext): Match {
  const wildcard = text.endsWith('+');
  const name = wildcard ? text.slice(0, -1) : text;
  if (name === '') return everything; // `+`, and `""`, are every name and none
  const known = interfaceKnown(side, entries);
  if (known === 'either') throw new NotUnderstood('packets come here both before and after their way out is known');
  return known === 'no' ? nothing : interfaces(side, { name, wildcard });
}

export const iprange: MatchLifter = (options, { family }) => [
  options.condition('--src-range', (text) => address('src', addressRangeOf(text, family))),
  options.condition('--dst-range', (text) => address('dst', addressRangeOf(text, family))),
];

export const addrtype: MatchLifter = (options, { family, host }) => {
  const ofInterface = [
    ...(options.has('--limit-iface-in') ? ['of the interface that it came by'] : []),
    ...(options.has('--limit-iface-out') ? ['of the interface that it leaves by'] : []),
  ];
  const typed = (side: Side, text: string): Match => {
    const types = text.split(',').map(typeOf);
    if (ofInterface.length > 0)
      return host.unknowns.property(`addrtype ${side} ${types.toSorted().join(',')} ${ofInterface.join(' and ')}`);
    return family === 4 ? ofType(side, ...known(types)) : typedIpv6(side, types);
  };
  return [
    options.condition('--src-type', (text) => typed('src', text)),
    options.condition('--dst-type', (text) => typed('dst', text)),
  ];
};

/** Types that no route of the main tables has any more (`RTN_THROW`, `RTN_NAT`, `RTN_XRESOLVE`) are the type of no address. */
const TYPES = [...ADDRESS_TYPES, 'throw', 'nat', 'xresolve'] as const;

function typeOf(text: string): (typeof TYPES)[number] {
  const type = TYPES.find((each) => each === text.toLowerCase());
  if (type === undefined) throw new NotUnderstood(`\`${text}\` is no type of address that is known`);
  return type;
}

function known(types: readonly (typeof TYPES)[number][]): AddressType[] {
  return ADDRESS_TYPES.filter((type) => types.includes(type));
}

/**
 * For IPv6 the kernel asks for each kind apart, and all must hold: first what the address itself is, then its route
 * (match_type6 and match_lookup_rt6, net/netfilter/xt_addrtype.c).
 */
function typedIpv6(side: Side, types: readonly (typeof TYPES)[number][]): Match {
  const conditions: Match[] = [];
  if (types.includes('multicast')) conditions.push(address(side, MULTICAST));
  if (types.includes('unicast')) conditions.push(address(side, ...UNICAST));
  if (types.includes('unspec')) conditions.push(address(side, range('::/128')));
  const routed: AddressType[] = [];
  if (types.includes('local')) routed.push('local');
  if (types.includes('anycast')) routed.push('anycast');
  if (types.includes('unreachable')) routed.push('unreachable', 'blackhole', 'prohibit');
  if (routed.length > 0) conditions.push(ofType(side, ...routed));
  return all(...conditions);
}

const MULTICAST = range('ff00::/8');

/** `IPV6_ADDR_UNICAST` (__ipv6_addr_type, net/ipv6/addrconf_core.c): neither a group, nor none, nor one of IPv4 mapped into IPv6. */
const UNICAST: readonly AddressRange[] = AddressSet.of([wholeFamily(6)])
  .subtract(AddressSet.of([MULTICAST, range('::/128'), range('::ffff:0:0/96')]))
  .ranges();

/** Frames of Ethernet only; packets that programs of this machine send have none yet, and then nothing matches, negated or not. */
export const mac: MatchLifter = (options, { host }) => {
  const option = options.take('--mac-source');
  if (option === undefined) throw new NotUnderstood('`mac` has no address');
  const text = `ether saddr ${option.negated ? '!= ' : ''}${(option.values[0] ?? '').toLowerCase()}`;
  return [not(atHook('output')), host.unknowns.property(text)];
};
