import {
  address,
  all,
  any,
  anyOf,
  everything,
  field,
  type Match,
  not,
  nothing,
  quantity,
  type Side,
  symbol,
} from '../../ir/index.ts';
import { type AddressRange, type Family, PORT_PROTOCOLS, PROTOCOLS } from '../../net/index.ts';
import { AddressSet } from '../../packetset/index.ts';
import { NotUnderstood } from '../netfilter/not-understood.ts';
import type { IpSet, IpSetElement } from './ast.ts';
import type { RuleContext } from './context.ts';
import { interfaceMatch } from './lift-address.ts';
import type { MatchLifter } from './lift-transport.ts';
import { lookup } from './lookup.ts';
import { groupOfNameSet, isPolicyChain } from './names.ts';
import { addressRangeOf, networkOf, numberOf, portOf, protocolOf, rangeOf } from './values.ts';
import { ICMP_NAMES, ICMPV6_NAMES } from './words.ts';

/** `-m set`: whether a packet's addresses, ports, interfaces are in a set that stands outside of the rules (ipset(8)). */
export const set: MatchLifter = (options, context) => {
  const option = options.take('--match-set') ?? options.take('--set');
  if (option === undefined) throw new NotUnderstood('`set` names no set');
  // Counters of elements are kept up to date or not: that decides nothing. What asks for them cannot be known.
  options.take('--update-counters');
  options.take('--update-subcounters');
  const [name = '', sides = ''] = option.values;
  const match = membership(name, sides.split(',').map(sideOf), context, new Set());
  return [option.negated ? not(match) : match];
};

function sideOf(text: string): Side {
  if (text !== 'src' && text !== 'dst') throw new NotUnderstood(`\`${text}\` is neither \`src\` nor \`dst\``);
  return text;
}

/** Elements that a set may have here before it is known by its name only: conditions of several parts cost more than addresses. */
const MOST_ELEMENTS = 200_000;

function membership(name: string, sides: readonly Side[], context: RuleContext, within: ReadonlySet<string>): Match {
  const { sets, host, family } = context;
  const group = isPolicyChain(context.chain) ? groupOfNameSet(name, family, context.comments) : undefined;
  if (group !== undefined && sides.join(',') === 'dst') return symbol({ kind: 'member', group });
  const known = sets.given.get(name);
  const asked = `set ${name} has ${sides.join(',')}`;
  const unknown = (): Match =>
    sets.changed.has(name) ? host.unknowns.occurrence(asked, context) : host.unknowns.property(asked);
  if (known === undefined) return unknown();
  if (known.type === 'list:set') return ofList(known, sides, context, new Set([...within, name]));
  const dimensions = known.type.split(':')[1]?.split(',') ?? [];
  // A set of the other family, or of more parts than are asked for, has nothing (set_match, net/netfilter/xt_set.c).
  if ((known.family !== undefined && known.family !== family) || sides.length < dimensions.length) return nothing;
  if (known.elements.length > MOST_ELEMENTS) throw new NotUnderstood(`the set \`${name}\` has too many elements`);
  const lasting = sets.emptied.has(name) ? [] : known.elements.filter((element) => !element.isTimed);
  const match = elementsMatch(known, dimensions, lasting, sides, context);
  const isOpen = known.isTimed || sets.changed.has(name) || lasting.length < known.elements.length;
  if (!isOpen) return match;
  // Of networks and interfaces, one that is there or not decides for the wider ones, too.
  return isNarrowestFirst(known) ? unknown() : any(match, unknown());
}

function isNarrowestFirst({ type }: IpSet): boolean {
  return type === 'hash:net,iface';
}

/** A set of sets: any of those that are of the packet's family and ask for no more parts. */
function ofList(list: IpSet, sides: readonly Side[], context: RuleContext, within: ReadonlySet<string>): Match {
  return any(
    ...list.elements.map(({ parts }) => {
      const [name = ''] = parts;
      if (within.has(name)) throw new NotUnderstood(`the set \`${name}\` holds itself`);
      return membership(name, sides, context, within);
    }),
  );
}

function elementsMatch(
  set: IpSet,
  dimensions: readonly string[],
  elements: readonly IpSetElement[],
  sides: readonly Side[],
  context: RuleContext,
): Match {
  const { type, name } = set;
  const [dimension] = dimensions;
  const [side] = sides;
  if (dimensions.length === 1 && side !== undefined && (dimension === 'ip' || dimension === 'net'))
    return address(side, ...addresses(elements, context.family));
  if (elements.some(({ excepted }) => excepted)) throw new NotUnderstood(`the set \`${name}\` has exceptions`);
  if (isNarrowestFirst(set)) return networksByInterface(elements, sides, context);
  const lift = dimensions.map((each) => dimensionLifter(each, type));
  const parts = elements.map((element) => {
    if (element.parts.length !== dimensions.length)
      throw new NotUnderstood(`an element of the set \`${name}\` has not as many parts as \`${type}\``);
    return all(...element.parts.map((part, index) => lift[index]!(part, sides[index]!, context)));
  });
  return anyOf(parts);
}

/**
 * The narrowest network that holds an address decides by its interfaces; wider ones are not asked any more (`multi` of mtype_test_cidrs,
 * net/netfilter/ipset/ip_set_hash_gen.h).
 */
function networksByInterface(
  elements: readonly IpSetElement[],
  [side, way]: readonly Side[],
  context: RuleContext,
): Match {
  if (side === undefined || way === undefined) return nothing;
  const networks = elements.map(({ parts: [text = '', name = ''] }) => {
    const ranges = text.includes('-') ? [addressRangeOf(text, context.family)] : networkOf(text, context.family);
    return { ranges, size: ranges.reduce((sum, { first, last }) => sum + last - first + 1n, 0n), name };
  });
  const bySize = [...Map.groupBy(networks, ({ size }) => size)].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const byInterface = dimensionLifter('iface', 'hash:net,iface');
  let narrower = AddressSet.of([]);
  const matches: Match[] = [];
  for (const [, group] of bySize) {
    for (const { ranges, name } of group) {
      const left = AddressSet.of(ranges).subtract(narrower).ranges();
      matches.push(all(address(side, ...left), byInterface(name, way, context)));
    }
    narrower = AddressSet.of([...narrower.ranges(), ...group.flatMap(({ ranges }) => ranges)]);
  }
  return anyOf(matches);
}

/** Networks within each other: the narrowest that holds an address decides, be it an exception. */
function addresses(elements: readonly IpSetElement[], family: Family): readonly AddressRange[] {
  const networks = elements.map(({ parts: [text = ''], excepted }) => ({
    ranges: text.includes('-') ? [addressRangeOf(text, family)] : networkOf(text, family),
    excepted,
  }));
  if (!networks.some(({ excepted }) => excepted))
    return AddressSet.of(networks.flatMap(({ ranges }) => ranges)).ranges();
  const size = ({ ranges }: (typeof networks)[number]): bigint =>
    ranges.reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
  return networks
    .toSorted((a, b) => (size(a) < size(b) ? 1 : -1))
    .reduce(
      (sum, { ranges, excepted }) =>
        excepted ? sum.subtract(AddressSet.of(ranges)) : AddressSet.of([...sum.ranges(), ...ranges]),
      AddressSet.of([]),
    )
    .ranges();
}

type DimensionLifter = (text: string, side: Side, context: RuleContext) => Match;

function dimensionLifter(dimension: string, type: string): DimensionLifter {
  switch (dimension) {
    case 'ip':
    case 'net':
      return (text, side, { family }) =>
        address(side, ...(text.includes('-') ? [addressRangeOf(text, family)] : networkOf(text, family)));
    case 'port':
      return (text, side) =>
        portMatch(text, side, type === 'bitmap:port' ? [PROTOCOLS.tcp, PROTOCOLS.udp] : [PROTOCOLS.tcp]);
    case 'iface':
      return (text, side, context) => {
        if (text.includes(':')) return context.host.unknowns.property(`${side} ${text}`); // `physdev:eth0`
        return interfaceMatch(side === 'src' ? 'in' : 'out', text, context);
      };
    case 'mark':
      return (text) => quantity('mark', 0xffff_ffff, numberOf(text, 0xffff_ffff));
    case 'mac':
      return (text, side, { host }) =>
        host.unknowns.property(`ether ${side === 'src' ? 'saddr' : 'daddr'} ${text.toLowerCase()}`);
    default:
      throw new NotUnderstood(`sets of \`${dimension}\` are not known`);
  }
}

/** `tcp:80`, `icmp:echo-request`, `vrrp:0`. @param bare the protocols of a port that names none (ipset(8)) */
function portMatch(text: string, side: Side, bare: readonly number[]): Match {
  const [protocol = '', value] = text.includes(':') ? text.split(':') : ['', text];
  const name = side === 'src' ? 'sport' : 'dport';
  if (value === undefined) throw new NotUnderstood(`\`${text}\` is no port`);
  const ports = (): Match => field(name, rangeOf(value, 65535, '-', portOf));
  if (protocol === '') return all(field('protocol', ...bare), ports());
  const number = protocolOf(protocol);
  if (number === undefined) throw new NotUnderstood(`\`${text}\` is no port`);
  const own = field('protocol', number);
  if (PORT_PROTOCOLS.includes(number)) return all(own, ports());
  if (number !== PROTOCOLS.icmp && number !== PROTOCOLS.icmpv6) return own;
  const names = number === PROTOCOLS.icmp ? ICMP_NAMES : ICMPV6_NAMES;
  const named = lookup(names, value);
  const [type = '', code = '0'] = value.split('/');
  const icmp = named === undefined ? { type: numberOf(type, 255), code: numberOf(code, 255) } : { code: 0, ...named };
  return all(own, field('icmpType', icmp.type), field('icmpCode', icmp.code));
}

/** Nothing is asked of a packet. */
export const always: MatchLifter = (options) => {
  options.rest();
  return [everything];
};
