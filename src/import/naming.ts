import { all, any, type Flow, field, type Hook, type Match, not, type Origin, symbol, symbolKey } from '../ir/index.ts';
import { PORT_PROTOCOLS, PROTOCOLS } from '../net/index.ts';
import { evaluate, packetsOf, sampleFlow } from '../semantics/index.ts';
import type { FoundFlow } from './found-flows.ts';
import type { Scope } from './scope.ts';

/** What the firewall's author called something. */
export interface Called {
  readonly name?: string; // the flow of a policy that our own table was made from
  readonly comment?: string;
  readonly rule: string; // by which rules are told apart; empty where none was found
}

/** By the rule that lets a packet of the flow through. */
export function calledBy(scope: Scope, { hook, selector, product }: FoundFlow): Called {
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
    ...scope.symbols.map((each) => {
      const holds =
        (each.kind === 'cgroup' && each.path === selector.cgroup) ||
        ((each.kind === 'member' || each.kind === 'asked') && each.group === selector.group) ||
        (each.kind === 'within-rate' && selector.rate?.keys.includes(symbolKey(each)) === true);
      return holds ? symbol(each) : not(symbol(each));
    }),
  ];
  const flow = sampleFlow(
    packetsOf(space, all(...parts))
      .intersect(scope.accepted)
      .intersect(scope.packets),
  );
  return flow === undefined ? { rule: '' } : calledOf(originOf(scope, flow));
}

function originOf({ ruleset }: Scope, flow: Flow): Origin | undefined {
  return evaluate(ruleset, flow).path.findLast((step) => step.outcome === 'accept' && step.rule !== undefined)?.origin;
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
    for (let count = 2; this.#used.has(free); count++) free = `${name}-${count}`;
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
