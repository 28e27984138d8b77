import type { Grant, Hook, InterfacePattern, Service } from '../../ir/index.ts';
import { type AddressRange, type Family, formatPrefix, PROTOCOLS, rangePrefixes } from '../../net/index.ts';
import type { Pair } from '../netfilter/pair.ts';
import {
  ANY,
  type Direction,
  IPV4_ONLY,
  isInterfaceName,
  isSeveral,
  ruleKey,
  type UfwProtocol,
  type UfwRule,
} from './rule.ts';

const DIRECTION: Readonly<Record<Hook, Direction>> = { input: 'in', output: 'out', forward: 'routed' };

const WORDS: ReadonlyMap<number, UfwProtocol> = new Map([
  [PROTOCOLS.tcp, 'tcp'],
  [PROTOCOLS.udp, 'udp'],
  [41, 'ipv6'],
  [PROTOCOLS.esp, 'esp'],
  [PROTOCOLS.ah, 'ah'],
  [PROTOCOLS.igmp, 'igmp'],
  [PROTOCOLS.gre, 'gre'],
  [112, 'vrrp'],
]);

/** What ufw has words for of a service; `undefined` where it has none. */
export function ufwService(
  { protocol, ports, icmp }: Service,
  family: Family,
): { readonly protocol: UfwProtocol; readonly ports: string } | undefined {
  const word = WORDS.get(protocol);
  if (word === undefined || icmp !== undefined || (IPV4_ONLY.has(word) && family === 6)) return undefined;
  if (ports === undefined || (ports.first === 0 && ports.last === 65_535)) return { protocol: word, ports: 'any' };
  if (word !== 'tcp' && word !== 'udp') return undefined;
  if (ports.first === 0) return undefined; // ufw counts ports from 1
  return { protocol: word, ports: ports.first === ports.last ? String(ports.first) : `${ports.first}:${ports.last}` };
}

/** Commands that one service of a flow may come to in one family: ufw takes a sixth of a second for each. */
const MOST_COMMANDS = 32;

/** Whether ufw has words for a pair's ends, and few enough: it knows no ranges of addresses but prefixes. */
export function isSayable(pair: Pair, family: Family): boolean {
  const counts = [
    addresses(pair.src, family),
    addresses(pair.dst, family),
    pair.inInterfaces ?? [0],
    pair.outInterfaces ?? [0],
  ];
  return pair.accounts === undefined && counts.reduce((product, { length }) => product * length, 1) <= MOST_COMMANDS;
}

/** The rules of ufw for one service of a grant between two peers, one for each pair of prefixes and of interfaces. */
export function pairRules(
  grant: Grant,
  pair: Pair,
  family: Family,
  service: { readonly protocol: UfwProtocol; readonly ports: string },
): UfwRule[] {
  const direction = DIRECTION[pair.hook];
  const ins = deviceWords(pair.inInterfaces);
  const outs = deviceWords(pair.outInterfaces);
  return addresses(pair.src, family).flatMap((from) =>
    addresses(pair.dst, family).flatMap((to) =>
      ins.flatMap((inInterface) =>
        outs.map((outInterface) => ({
          ...{ family, direction, action: grant.rate === undefined ? ('allow' as const) : ('limit' as const) },
          way:
            direction === 'out' || (inInterface === undefined && outInterface !== undefined)
              ? ('out' as const)
              : ('in' as const),
          protocol: service.protocol,
          from: { ...ANY, address: from },
          to: { address: to, ports: service.ports },
          ...(inInterface === undefined ? {} : { inInterface }),
          ...(outInterface === undefined ? {} : { outInterface }),
          comment: grant.name,
        })),
      ),
    ),
  );
}

function addresses(ranges: readonly AddressRange[] | 'any', family: Family): string[] {
  return ranges === 'any' ? ['any'] : ranges.filter((range) => range.family === family).flatMap(prefixesOf);
}

/** A range as prefixes; all addresses of a family are `any`. */
function prefixesOf(range: AddressRange): string[] {
  return rangePrefixes(range).map((prefix) => (prefix.length === 0 ? 'any' : formatPrefix(prefix)));
}

/** As ufw and iptables write it; `undefined` for names that they read otherwise. */
export function interfaceWord({ name, wildcard }: InterfacePattern): string | undefined {
  const word = wildcard ? `${name}+` : name;
  return isInterfaceName(word) && !name.endsWith('+') ? word : undefined;
}

function deviceWords(patterns: readonly InterfacePattern[] | undefined): (string | undefined)[] {
  if (patterns === undefined) return [undefined];
  return patterns.map((pattern) => interfaceWord(pattern));
}

/** One rule in place of two that say the same of a port of TCP and of UDP: ufw makes both of a port alone. */
export function joinedTransports(rules: readonly UfwRule[]): UfwRule[] {
  const known = new Map(rules.map((rule) => [ruleKey(rule), rule]));
  const twin = (rule: UfwRule, protocol: UfwProtocol): UfwRule | undefined => {
    if (rule.to.ports === 'any' || isSeveral(rule.to.ports)) return undefined;
    const other = known.get(ruleKey({ ...rule, protocol }));
    return other?.action === rule.action && other.comment === rule.comment ? other : undefined;
  };
  return rules.flatMap((rule): readonly UfwRule[] => {
    if (rule.protocol === 'udp' && twin(rule, 'tcp') !== undefined) return [];
    return rule.protocol === 'tcp' && twin(rule, 'udp') !== undefined ? [{ ...rule, protocol: 'any' }] : [rule];
  });
}
