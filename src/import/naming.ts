import {
  all,
  any,
  type Flow,
  field,
  type Hook,
  type InterfacePattern,
  type Match,
  not,
  type Origin,
  type Symbol as RuleSymbol,
  type Ruleset,
  symbol,
  symbolKey,
} from '../ir/index.ts';
import { type Address, type Family, PORT_PROTOCOLS, PROTOCOLS } from '../net/index.ts';
import type { AddressSet } from '../packetset/index.ts';
import { evaluate, packetsOf, sampleFlow } from '../semantics/index.ts';
import type { FoundFlow } from './found-flows.ts';
import type { Scope } from './scope.ts';
import type { Selector } from './selector.ts';

const SYN = 2; // the first packet of a TCP connection (RFC 9293 3.1)

/** What the firewall's author called something. */
export interface Called {
  readonly name?: string; // the flow of a policy that our own table was made from
  readonly comment?: string;
  readonly rule: string; // by which rules are told apart; empty where none was found
}

/** By the rule that lets a packet of the flow through. */
export function calledBy(scope: Scope, flow: FoundFlow): Called {
  const { ruleset } = scope;
  const usual = usualPacket(scope, flow);
  const named = usual === undefined ? undefined : acceptingRule(ruleset, usual);
  if (named !== undefined) return calledOf(named);
  const packet = sampleOf(scope, flow);
  return packet === undefined ? { rule: '' } : calledOf(acceptingRule(ruleset, packet));
}

/** A packet that nothing sets apart from others of the flow: nearly always it is let through, and no set of packets has to be made. */
function usualPacket({ ordinary, symbols }: Scope, { hook, selector, product }: FoundFlow): Flow | undefined {
  const [code] = product.codes;
  if (code === undefined) return undefined;
  const protocol = code.first >>> 16;
  const detail = code.first & 0xffff;
  const families: readonly Family[] = protocol === PROTOCOLS.icmp ? [4] : protocol === PROTOCOLS.icmpv6 ? [6] : [4, 6];
  for (const family of families) {
    const [src, dst] = [
      addressIn(product.src, ordinary.address('src', family), family),
      addressIn(product.dst, ordinary.address('dst', family), family),
    ];
    if (src === undefined || dst === undefined) continue;
    return {
      hook,
      family,
      src,
      dst,
      protocol,
      ...(PORT_PROTOCOLS.includes(protocol) ? { sport: ordinary.port('sport'), dport: detail } : {}),
      ...(protocol === PROTOCOLS.icmp || protocol === PROTOCOLS.icmpv6
        ? { icmpType: detail >>> 8, icmpCode: detail & 0xff }
        : {}),
      ...(protocol === PROTOCOLS.tcp ? { tcpFlags: SYN } : {}),
      state: 'new',
      ...(hook === 'output' ? {} : { inInterface: nameOf(selector.in) }),
      ...(hook === 'input' ? {} : { outInterface: nameOf(selector.out) }),
      ...(selector.account === undefined ? {} : { srcAccount: selector.account.first }),
      srcType: hook === 'output' ? 'local' : 'unicast',
      dstType: hook === 'input' ? 'local' : 'unicast',
      symbols: new Set(symbols.filter((each) => holds(each, selector)).map(symbolKey)),
    };
  }
  return undefined;
}

/** The usual one where the set has it; else one of the set, but not the first of a network, which is nobody's. */
function addressIn(set: AddressSet, usual: bigint, family: Family): Address | undefined {
  const intervals = set.of(family).intervals;
  const [range] = intervals;
  if (range === undefined) return undefined;
  const isThere = intervals.some(({ first, last }) => first <= usual && usual <= last);
  return { family, value: isThere ? usual : range.last > range.first ? range.first + 1n : range.first };
}

function nameOf(pattern: InterfacePattern | undefined): string {
  if (pattern === undefined) return 'other0';
  return pattern.wildcard ? `${pattern.name}0` : pattern.name;
}

function holds(of: RuleSymbol, { cgroup, group, rate }: Selector): boolean {
  switch (of.kind) {
    case 'cgroup':
      return of.path === cgroup;
    case 'member':
    case 'asked':
      return of.group === group;
    case 'within-rate':
      return rate?.keys.includes(symbolKey(of)) === true;
    case 'unknown':
      return false;
  }
}

function sampleOf(scope: Scope, { hook, selector, product }: FoundFlow): Flow | undefined {
  const { space } = scope;
  const parts: Match[] = [
    { kind: 'address', side: 'src', ranges: product.src.ranges() },
    { kind: 'address', side: 'dst', ranges: product.dst.ranges() },
    field('hook', ['input', 'output', 'forward'].indexOf(hook)),
    field('state', 0),
    any(...product.codes.slice(0, 4).map(({ first }) => codeMatch(first))),
    ...(selector.in === undefined ? [] : [{ kind: 'interface', side: 'in', names: [selector.in] } satisfies Match]),
    ...(selector.out === undefined ? [] : [{ kind: 'interface', side: 'out', names: [selector.out] } satisfies Match]),
    ...(selector.account === undefined ? [] : [field('srcAccount', selector.account)]),
    ...scope.symbols.map((each) => (holds(each, selector) ? symbol(each) : not(symbol(each)))),
  ];
  return sampleFlow(packetsOf(space, all(...parts)).intersect(scope.passing));
}

function acceptingRule(ruleset: Ruleset, flow: Flow): Origin | undefined {
  const { verdict, path } = evaluate(ruleset, flow);
  if (verdict !== 'accept') return undefined;
  return path.findLast((step) => step.outcome === 'accept' && step.rule !== undefined)?.origin;
}

function calledOf(origin: Origin | undefined): Called {
  const { flow, text = '', span, handle } = origin ?? {};
  const comment =
    /\bcomment "([^"]+)"/.exec(text)?.[1] ?? /--comment (?:"([^"]+)"|(\S+))/.exec(text)?.slice(1).find(Boolean);
  return {
    rule: `${span?.file.name ?? ''} ${span?.start ?? ''} ${handle ?? ''} ${text}`,
    ...(flow === undefined || flow.startsWith('baseline:') ? {} : { name: flow }),
    ...(comment === undefined || comment.startsWith('baseline:') ? {} : { comment }),
  };
}

function codeMatch(code: number): Match {
  const [protocol, detail] = [code >>> 16, code & 0xffff];
  if (PORT_PROTOCOLS.includes(protocol)) return all(field('protocol', protocol), field('dport', detail));
  // A type of both ICMPs has one number; a sample of the other family is not worth looking for.
  if (protocol === PROTOCOLS.icmp || protocol === PROTOCOLS.icmpv6)
    return all(field('protocol', protocol), field('icmpType', detail >>> 8));
  return field('protocol', protocol);
}

const SUFFIX: Readonly<Record<Hook, string>> = { input: '', output: '-out', forward: '-routed' };
const LONGEST = 48; // of the 63 characters that a name may have

/** Gives out names, each once. */
export class Names {
  readonly #used = new Set<string>(['host', 'loopback', 'private', 'internet', 'any', 'catalog']);
  readonly #counts = new Map<string, number>(); // the number that was last tried behind a name

  /** A name as a policy may have it, made from any words. */
  of(words: string): string {
    const slug = words
      .normalize('NFKD')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, LONGEST)
      .replace(/-+$/, '');
    return this.exactly(/^[a-z]/.test(slug) ? slug : `x-${slug}`.replace(/-+$/, ''));
  }

  /** The name itself, or with a number where it is taken. */
  exactly(name: string): string {
    let free = name;
    let count = this.#counts.get(name) ?? 1;
    while (this.#used.has(free)) free = `${name}-${++count}`;
    this.#counts.set(name, count);
    this.#used.add(free);
    return free;
  }
}

/** What a flow is called where nobody called it anything. */
export function flowWords(hook: Hook, services: readonly string[]): string {
  const [first = 'flow'] = services;
  if (services.every((service) => /^(?:ping|icmp)/.test(service)) && services.length > 1) return `icmp${SUFFIX[hook]}`;
  const words = first === 'any' ? 'everything' : first === 'udp/53' ? 'dns' : first.replace('/', '-');
  return `${words}${services.length > 1 ? '-and-more' : ''}${SUFFIX[hook]}`;
}
