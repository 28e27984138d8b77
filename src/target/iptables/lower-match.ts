import {
  ADDRESS_TYPES,
  CONNTRACK_STATES,
  type Field,
  HOOKS,
  type Hook,
  type Match,
  type Range,
} from '../../ir/index.ts';
import { type Family, PORT_PROTOCOLS, PROTOCOLS, protocolName } from '../../net/index.ts';
import { Conjunction, inRanges } from '../netfilter/conjunction.ts';
import { normalForm, Unwritable } from '../netfilter/normal-form.ts';
import * as build from './build.ts';
import { ALWAYS, both, type Conditions } from './build.ts';

/** Any match as rules of one hook and family: for each of them what must hold. @throws Unwritable */
export function lowerMatch(match: Match, hook: Hook, family: Family): Conditions[] {
  return normalForm(match, true).flatMap((atoms) => conjunction(new Conjunction(atoms), hook, family));
}

const UNWRITABLE: readonly (readonly [Field, string])[] = [
  ['dstAccount', 'the account that will receive a packet'],
  ['tcpFlags', 'some of the flags of TCP'],
];

function conjunction(said: Conjunction, hook: Hook, family: Family): Conditions[] {
  const hooks = said.values('hook');
  if (hooks !== undefined && !inRanges(hooks, HOOKS.indexOf(hook))) return [];
  if (!said.families.has(family)) return [];
  for (const [field, words] of UNWRITABLE) if (said.values(field) !== undefined) throw new Unwritable(words);
  return product([
    interfaceWays(said),
    addressWays(said, 'src', family),
    addressWays(said, 'dst', family),
    transportWays(said, family),
    stateWays(said),
    typeWays(said, 'src', family),
    typeWays(said, 'dst', family),
    accountWays(said),
  ]);
}

/** One way for each choice of one of each. */
function product(parts: readonly (readonly Conditions[])[]): Conditions[] {
  return parts.reduce<Conditions[]>(
    (sum, part) => sum.flatMap((left) => part.map((right) => both(left, right))),
    [ALWAYS],
  );
}

function interfaceWays(said: Conjunction): Conditions[] {
  return product(
    said
      .interfaces()
      .map(({ side, names, negated }) =>
        negated
          ? [both(...names.map((name) => build.through(side, name, true)))]
          : names.map((name) => build.through(side, name)),
      ),
  );
}

function addressWays(said: Conjunction, side: 'src' | 'dst', family: Family): Conditions[] {
  return said.addresses(side, family)?.map((range) => build.addresses(side, range)) ?? [ALWAYS];
}

function stateWays(said: Conjunction): Conditions[] {
  const states = said.values('state');
  if (states === undefined) return [ALWAYS];
  const words = CONNTRACK_STATES.filter((_, index) => inRanges(states, index)).map((state) => state.toUpperCase());
  return words.length === 0 ? [] : [build.module('conntrack', build.option('--ctstate', words.join(',')))];
}

/** For IPv6 the kernel asks for each kind apart, and all would have to hold (match_type6, net/netfilter/xt_addrtype.c). */
function typeWays(said: Conjunction, side: 'src' | 'dst', family: Family): Conditions[] {
  const types = said.values(`${side}Type`);
  if (types === undefined) return [ALWAYS];
  const asked = ADDRESS_TYPES.filter((_, index) => inRanges(types, index));
  if (family === 6) {
    const unknown = asked.find((type) => type !== 'local' && type !== 'anycast');
    if (unknown !== undefined) throw new Unwritable(`what the routing table says of an IPv6 address (${unknown})`);
    return asked.map((type) => typed(side, [type]));
  }
  return asked.length === 0 ? [] : [typed(side, asked)];
}

function typed(side: 'src' | 'dst', types: readonly string[]): Conditions {
  return build.module('addrtype', build.option(`--${side}-type`, types.map((type) => type.toUpperCase()).join(',')));
}

function accountWays(said: Conjunction): Conditions[] {
  return said.values('srcAccount')?.map(build.sentBy) ?? [ALWAYS];
}

function transportWays(said: Conjunction, family: Family): Conditions[] {
  const icmp = said.values('icmpType') !== undefined || said.values('icmpCode') !== undefined;
  return icmp ? icmpWays(said, family) : portWays(said);
}

function portWays(said: Conjunction): Conditions[] {
  const [sources, destinations] = [said.values('sport'), said.values('dport')];
  const asksPorts = sources !== undefined || destinations !== undefined;
  const protocols = said.values('protocol');
  if (protocols === undefined && !asksPorts) return [ALWAYS];
  return numbers(protocols ?? [{ first: 0, last: 255 }], asksPorts ? PORT_PROTOCOLS : undefined).flatMap((number) =>
    product([
      [build.protocol(number)],
      sources?.map((range) => build.ports(number, 'source', [range])) ?? [ALWAYS],
      destinations?.map((range) => build.ports(number, 'destination', [range])) ?? [ALWAYS],
    ]),
  );
}

/** Protocols have to be asked for one by one. */
function numbers(ranges: readonly Range[], among: readonly number[] | undefined): number[] {
  const found = Array.from({ length: 256 }, (_, number) => number).filter(
    (number) => inRanges(ranges, number) && (among?.includes(number) ?? true),
  );
  if (found.includes(0)) throw new Unwritable('protocol 0, which iptables takes for every protocol');
  return found;
}

function icmpWays(said: Conjunction, family: Family): Conditions[] {
  const [own, other] = family === 4 ? [PROTOCOLS.icmp, PROTOCOLS.icmpv6] : [PROTOCOLS.icmpv6, PROTOCOLS.icmp];
  const protocols = said.values('protocol');
  if (protocols === undefined || inRanges(protocols, other))
    throw new Unwritable(`${protocolName(other)} inside IPv${family}`);
  if (!inRanges(protocols, own) || said.values('sport') !== undefined || said.values('dport') !== undefined) return [];
  const types = said.values('icmpType');
  const codes = said.values('icmpCode');
  if (types === undefined) throw new Unwritable('a code of ICMP without its type');
  return values(types).flatMap((type) =>
    (codes === undefined ? [undefined] : values(codes)).map((code) =>
      icmp(family, { type, ...(code === undefined ? {} : { code }) }),
    ),
  );
}

function values(ranges: readonly Range[]): number[] {
  return ranges.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, at) => first + at));
}

export function icmp(family: Family, { type, code }: { readonly type: number; readonly code?: number }): Conditions {
  const text = code === undefined ? String(type) : `${type}/${code}`;
  return family === 4
    ? both(build.protocol(PROTOCOLS.icmp), build.module('icmp', build.option('--icmp-type', text)))
    : both(build.protocol(PROTOCOLS.icmpv6), build.module('icmp6', build.option('--icmpv6-type', text)));
}
