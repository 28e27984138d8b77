import {
  address,
  all,
  type Chain,
  type ChainHook,
  CT_STATUS,
  type Effect,
  everything,
  field,
  inState,
  type Match,
  not,
  nothing,
  type Quantity,
  quantity,
  type Rule,
  type Table,
} from '../../ir/index.ts';
import type { Address } from '../../net/index.ts';
import { CT_MARK, CT_TEMPLATE, isFirstPacket, SEEN_WHERE_SENT } from './connection.ts';
import { CONNTRACK_PRIORITY, type Entry } from './entries.ts';
import type { End, Host } from './host.ts';
import { CT_STATUS_BITS, NAT_DONE_BITS } from './words.ts';

/**
 * Chains of type nat run where translation itself stands, whatever their own priority, which only orders them among each other
 * (NF_IP_PRI_NAT_DST and NF_IP_PRI_NAT_SRC, include/uapi/linux/netfilter_ipv4.h; net/netfilter/nf_nat_core.c).
 */
export function natPriority(hook: ChainHook, own: number): number {
  const among = own / 2 ** 33; // less than one half
  return (isDestination(hook) ? -100 : 100) + among;
}

function isDestination(hook: ChainHook): boolean {
  return hook === 'prerouting' || hook === 'output';
}

export const FIRST_PACKETS_ONLY = 'only the first packet of a connection comes here';

/** Packets that a chain of type nat does not see, although they pass its hook: they are let go on at once. */
export function natGate(hook: ChainHook, host: Host): Rule[] {
  const passed: (readonly [Match, string])[] = [[not(isFirstPacket()), FIRST_PACKETS_ONLY]];
  if (host.natChains(hook) > 1) {
    const bit = isDestination(hook) ? NAT_DONE_BITS.dnat : NAT_DONE_BITS.snat;
    passed.push([quantity(CT_STATUS, bit, bit), 'the connection is translated already']);
  }
  return passed.map(gateRule);
}

/** Lets packets go on that do not come to a chain. */
export function gateRule([match, text]: readonly [Match, string]): Rule {
  return { match, action: { kind: 'verdict', verdict: 'accept' }, origin: { text } };
}

/** Where a translation leads, as far as that is one value; what it leaves as it is, is absent, too. */
export interface Goal {
  readonly address?: Address;
  readonly port?: number;
}

/** What a translation makes of a connection's status, of packets that meet the condition. The cases exclude each other. */
export interface StatusCase {
  readonly when: Match;
  readonly effect: Effect;
  readonly uncertain?: string;
}

/**
 * The connection's status says which side was translated, but not where a translation leads to what the packet says already: that
 * changes nothing (nf_nat_setup_info, net/netfilter/nf_nat_core.c). Told apart where later rules ask.
 */
export function statusCases(
  side: 'src' | 'dst',
  { address: to, port }: Goal,
  known: Known,
  entries: readonly Entry[],
  host: Host,
): StatusCase[] {
  const translated = statusEffect(side, 'translated');
  if (!host.readsLater('status', entries)) return [{ when: everything, effect: translated }];
  const isThere = all(
    to === undefined ? everything : address(side, { family: to.family, first: to.value, last: to.value }),
    port === undefined ? everything : field(side === 'src' ? 'sport' : 'dport', port),
  );
  const isKnown = known.address && known.port;
  return [
    { when: not(isThere), effect: translated },
    isKnown
      ? { when: isThere, effect: statusEffect(side, 'left as it is') }
      : { when: isThere, effect: translated, uncertain: PERHAPS_THERE },
  ];
}

const PERHAPS_THERE =
  'whether it leads elsewhere than the packet goes anyway, and later rules ask whether it was translated, is not known';

function statusEffect(side: 'src' | 'dst', how: 'translated' | 'left as it is'): Effect {
  const name = side === 'src' ? 'snat' : 'dnat';
  const bits = NAT_DONE_BITS[name] | (how === 'translated' ? CT_STATUS_BITS[name] : 0);
  return { kind: 'assign', quantity: CT_STATUS, from: CT_STATUS, keep: ~bits >>> 0, flip: bits };
}

/** What is said of a translation where later rules ask for the kind of the address. */
export const KIND_UNKNOWN =
  'what kind of address it leads to, and later rules ask for that, only the routing table knows';

/** Which parts of where a translation leads are one known value. */
export interface Known {
  readonly address: boolean;
  readonly port: boolean;
}

/** Why later rules may see another packet than we say; nothing, where none of them asks. */
export function translationDoubt(
  side: 'src' | 'dst',
  known: Known,
  entries: readonly Entry[],
  host: Host,
): string | undefined {
  const [ofAddress, ofPort] = side === 'dst' ? (['daddr', 'dport'] as const) : (['saddr', 'sport'] as const);
  const asks = (end: End): boolean => host.readsLater(end, entries);
  if ((!known.address && asks(ofAddress)) || (!known.port && asks(ofPort)))
    return 'where it sends packets, and later rules ask for that, is not one address and port';
  // What the connection was translated to before stays as it is: then the packet keeps what was written (nf_nat_setup_info, net/netfilter/nf_nat_core.c).
  if (host.rewrites && (asks(ofAddress) || asks(ofPort)))
    return 'a connection is translated from what its packet was before a rule wrote it anew, and later rules ask for that';
  return asks(`${ofAddress} type`) ? KIND_UNKNOWN : undefined;
}

/**
 * What connection tracking itself does, where rules ask for it: the first packet of a connection finds no status and no mark; one that
 * comes again before any answer finds what the first one left, of which an answer is no part. What comes over the loopback began where it was
 * sent.
 */
export function connectionTable(tables: readonly Table[]): Table[] {
  const asked = askedQuantities(tables);
  const chains = [...(asked.has(CT_TEMPLATE) ? templateChains() : []), ...trackingChains(asked)];
  return chains.length === 0 ? [] : [{ name: 'connection tracking', families: [4, 6], chains }];
}

/** Priorities are signed numbers of 32 bits. */
const BEFORE_ALL = -(2 ** 31) - 1;

/** No packet has a template before the first rule. */
function templateChains(): Chain[] {
  return (['prerouting', 'output'] as const).map((hook) => ({
    name: `before ${hook}`,
    base: { hook, priority: BEFORE_ALL, policy: 'accept' },
    rules: [
      {
        match: everything,
        effects: [{ kind: 'assign', quantity: CT_TEMPLATE, from: '', keep: 0, flip: 0 }],
        action: { kind: 'continue' },
        origin: { text: 'a packet has no template of a connection yet' },
      },
    ],
  }));
}

function trackingChains(askedFor: ReadonlySet<Quantity>): Chain[] {
  const asked = [CT_STATUS, CT_MARK].filter((name) => askedFor.has(name));
  if (asked.length === 0) return [];
  const { confirmed, expected, assured, 'seen-reply': seenReply } = CT_STATUS_BITS;
  const isNew = inState('new');
  const rules = (begun: Match): Rule[] => [
    {
      match: all(isNew, quantity(CT_STATUS, confirmed, 0), not(begun)),
      effects: asked.map((name) => ({ kind: 'assign', quantity: name, from: '', keep: 0, flip: 0 })),
      action: { kind: 'continue' },
      origin: { text: 'a new connection has no status and no mark yet' },
    },
    {
      match: all(isNew, quantity(CT_STATUS, confirmed, confirmed)),
      effects: [keeping(CT_STATUS, ~(expected | assured | seenReply) >>> 0)],
      action: { kind: 'continue' },
      origin: { text: 'a connection that is still new has had no answer' },
    },
  ];
  const chain = (hook: 'prerouting' | 'output'): Chain => ({
    name: hook,
    base: { hook, priority: CONNTRACK_PRIORITY, policy: 'accept' },
    rules: rules(hook === 'prerouting' ? SEEN_WHERE_SENT : nothing),
  });
  return [chain('prerouting'), chain('output')];
}

function keeping(name: Quantity, bits: number): Effect {
  return { kind: 'assign', quantity: name, from: name, keep: bits, flip: 0 };
}

/** What conditions ask for, and what is copied to other quantities. */
function askedQuantities(tables: readonly Table[]): ReadonlySet<Quantity> {
  const asked = new Set<Quantity>();
  for (const { chains } of tables)
    for (const { rules } of chains)
      for (const { match, action, effects } of rules) {
        noteAsked(match, asked);
        if (action.kind === 'dispatch') for (const each of action.cases) noteAsked(each.match, asked);
        for (const effect of effects ?? [])
          if (effect.kind === 'assign' && effect.quantity !== effect.from && effect.keep !== 0) asked.add(effect.from);
      }
  return asked;
}

function noteAsked(match: Match, asked: Set<Quantity>): void {
  switch (match.kind) {
    case 'all':
    case 'any':
      for (const part of match.of) noteAsked(part, asked);
      break;
    case 'not':
      noteAsked(match.of, asked);
      break;
    case 'quantity':
      asked.add(match.quantity);
      break;
  }
}
