import {
  all,
  any,
  atHook,
  type Effect,
  everything,
  field,
  inState,
  type Match,
  not,
  ofType,
  type Symbol as RuleSymbol,
  type Ruleset,
  symbol,
} from '../ir/index.ts';
import { PROTOCOLS } from '../net/index.ts';
import type { HeaderSpace, PacketSet } from '../packetset/index.ts';
import { denote, packetsOf, possiblePackets, symbolsOf } from '../semantics/index.ts';
import { rateSymbols } from './rates.ts';
import type { RateSymbol } from './selector.ts';
import { type Ordinary, ordinaryOf, vocabularyOf } from './vocabulary.ts';

/** A firewall's meaning, over the packets that can come. */
export interface Scope {
  readonly space: HeaderSpace;
  readonly ruleset: Ruleset;
  readonly symbols: readonly RuleSymbol[]; // that its rules ask for
  readonly rates: readonly RateSymbol[]; // the limits among them
  readonly accepted: PacketSet;
  readonly packets: PacketSet;
  readonly passing: PacketSet; // of those packets the accepted ones
  readonly ordinary: Ordinary;
  /** The same packets with any value of what a policy has no word for, such as hop limits; of conditions that nobody can know, the quiet case. */
  readonly whatever: (set: PacketSet) => PacketSet;
}

/** Neighbour and multicast listener discovery, which conntrack leaves alone (net/netfilter/nf_conntrack_proto_icmpv6.c). */
const NEVER_TRACKED = all(field('protocol', PROTOCOLS.icmpv6), field('icmpType', { first: 130, last: 136 }, 143));

/**
 * What a comparison of an imported policy with its firewall is about: packets that a kernel can show. Untracked are only those that conntrack
 * leaves alone, unless a rule says otherwise; ICMP of the other family does not exist; what comes in is meant for this machine; and between
 * others nothing is established where nothing may be opened.
 * @param accepted what each lets through
 */
export function realPackets(rulesets: readonly Ruleset[], accepted: readonly PacketSet[]): Match {
  const untracks = rulesets.some(hasUntrack);
  return all(
    untracks ? everything : any(not(inState('untracked')), all(field('family', 6), NEVER_TRACKED)),
    not(all(field('family', 4), field('protocol', PROTOCOLS.icmpv6))),
    not(all(field('family', 6), field('protocol', PROTOCOLS.icmp))),
    not(all(atHook('input'), ofType('dst', 'unicast', 'unspec', 'blackhole', 'unreachable', 'prohibit'))),
    ...([4, 6] as const).map((family) =>
      accepted.some((each) => forwards(each, family))
        ? everything
        : not(all(atHook('forward'), field('family', family), inState('established', 'related'))),
    ),
  );
}

/** Whether any connection between other machines may be opened. */
function forwards(accepted: PacketSet, family: 4 | 6): boolean {
  const { space } = accepted;
  const first = packetsOf(space, all(atHook('forward'), field('family', family), inState('new')));
  return accepted.intersects(first.intersect(possiblePackets(space)));
}

function hasUntrack(ruleset: Ruleset): boolean {
  const untracks = (effect: Effect): boolean => effect.kind === 'untrack';
  return ruleset.tables.some((table) =>
    table.chains.some((chain) => chain.rules.some((rule) => rule.effects?.some(untracks))),
  );
}

export function scopeOf(space: HeaderSpace, ruleset: Ruleset): Scope {
  const accepted = denote(space, ruleset).accept;
  const packets = packetsOf(space, realPackets([ruleset], [accepted])).intersect(possiblePackets(space));
  const symbols = symbolsOf(ruleset);
  const quiet = packetsOf(
    space,
    all(...symbols.map((each) => (each.kind === 'unknown' ? not(symbol(each)) : everything))),
  );
  const unsayable = new Set(
    vocabularyOf(ruleset).quantities.flatMap((name) =>
      Array.from({ length: 32 }, (_, bit) => space.bitIndex(name, bit)),
    ),
  );
  return {
    space,
    ruleset,
    symbols,
    rates: rateSymbols(symbols),
    accepted,
    packets,
    passing: accepted.intersect(packets),
    ordinary: ordinaryOf(ruleset),
    whatever: (set) => space.without(set.intersect(quiet), unsayable),
  };
}
