import type { InterfacePattern, Range } from '../../ir/index.ts';
import {
  type AddressRange,
  type Family,
  formatAddress,
  formatPrefix,
  highestAddress,
  rangePrefixes,
} from '../../net/index.ts';
import type { Module, Option, Rule, Target } from './ast.ts';
import { groupComment, nameSet } from './names.ts';

/** Conditions of a rule that must all hold. */
export interface Conditions {
  readonly options: readonly Option[];
  readonly matches: readonly Module[];
}

export const ALWAYS: Conditions = { options: [], matches: [] };

export function both(...parts: readonly Conditions[]): Conditions {
  return {
    options: parts.flatMap(({ options }) => options),
    matches: parts.flatMap(({ matches }) => matches).reduce<readonly Module[]>(joined, []),
  };
}

/** The ports of both ends are options of one match. */
function joined(before: readonly Module[], next: Module): readonly Module[] {
  const last = before.at(-1);
  if (last?.name !== next.name || !JOINED.has(next.name)) return [...before, next];
  return [...before.slice(0, -1), { ...last, options: [...last.options, ...next.options] }];
}

const JOINED: ReadonlySet<string> = new Set(['tcp', 'udp']);

export function option(name: string, ...values: readonly string[]): Option {
  return { name, negated: false, values };
}

export function module(name: string, ...options: readonly Option[]): Conditions {
  return { options: [], matches: [{ name, options }] };
}

function ofRule(...options: readonly Option[]): Conditions {
  return { options, matches: [] };
}

/** @param comment what of the policy the rule stands for */
export function rule({ options, matches }: Conditions, target: Target, comment?: string): Rule {
  const said: readonly Module[] =
    comment === undefined ? [] : [{ name: 'comment', options: [option('--comment', comment)] }];
  return { options: [...options].sort(byPlace), matches: [...matches, ...said], target };
}

/** The order in which iptables-save writes what every rule can have. */
const PLACES = ['--source', '--destination', '--in-interface', '--out-interface', '--protocol'];

function byPlace(a: Option, b: Option): number {
  return PLACES.indexOf(a.name) - PLACES.indexOf(b.name);
}

export function jump(name: string, ...options: readonly Option[]): Target {
  return { kind: 'jump', name, options };
}

/** Leads on for good: where the other chain ends, or returns, so does this one. */
export function goto(chain: string): Target {
  return { kind: 'goto', name: chain, options: [] };
}

/** Protocols by their names where every iptables has them built in, so that /etc/protocols is never asked. */
const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [58, 'ipv6-icmp'],
  [132, 'sctp'],
  [136, 'udplite'],
]);

export function protocol(number: number): Conditions {
  return ofRule(option('--protocol', protocolText(number)));
}

function protocolText(number: number): string {
  return PROTOCOL_NAMES.get(number) ?? String(number);
}

/** Of a packet whose protocol is asked for as well. @param ranges of which each counts */
export function ports(number: number, side: 'source' | 'destination', ranges: readonly Range[]): Conditions {
  const texts = ranges.map(({ first, last }) => (first === last ? String(first) : `${first}:${last}`));
  const own = OWN_PORTS.has(number) && texts.length === 1;
  return own
    ? module(protocolText(number), option(`--${side}-port`, texts.join(',')))
    : module('multiport', option(`--${side}-ports`, texts.join(',')));
}

/** tcp and udp have a match of their own everywhere; that of sctp and dccp is a kernel module more. */
const OWN_PORTS: ReadonlySet<number> = new Set([6, 17]);

/** A range is an option of every rule where it is one prefix, else a match; of a whole family nothing is asked. */
export function addresses(side: 'src' | 'dst', range: AddressRange): Conditions {
  if (range.first === 0n && range.last === highestAddress(range.family)) return ALWAYS;
  const [prefix, ...more] = rangePrefixes(range);
  if (prefix !== undefined && more.length === 0)
    return ofRule(option(side === 'src' ? '--source' : '--destination', formatPrefix(prefix)));
  const text = [range.first, range.last].map((value) => formatAddress({ family: range.family, value })).join('-');
  return module('iprange', option(`--${side}-range`, text));
}

/** Whatever a group's names stand for. */
export function named(group: string, family: Family): Conditions {
  const comment = groupComment(group, family);
  const set = inSet(nameSet(group, family), 'dst');
  return comment === undefined ? set : both(set, module('comment', option('--comment', comment)));
}

export function inSet(set: string, side: 'src' | 'dst'): Conditions {
  return module('set', option('--match-set', set, side));
}

export function through(side: 'in' | 'out', { name, wildcard }: InterfacePattern, negated = false): Conditions {
  if (wildcard && name === '' && !negated) return ALWAYS;
  return ofRule({ name: `--${side}-interface`, negated, values: [wildcard ? `${name}+` : name] });
}

export function sentBy({ first, last }: Range): Conditions {
  return module('owner', option('--uid-owner', first === last ? String(first) : `${first}-${last}`));
}
