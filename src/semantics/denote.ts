import { type Action, atHook, type Chain, field, PASSING, type Ruleset, type Table } from '../ir/index.ts';
import { type HeaderSpace, PacketSet } from '../packetset/index.ts';
import {
  ACCEPT,
  type ChainFunctions,
  type ChainPart,
  DROP,
  functionsOf,
  indicator,
  partsOf,
  REJECT,
  RETURN,
  UNDECIDED,
  verdictTerminal,
} from './chain-functions.ts';
import { baseChains, findChain, type HookedChain, ruleCount } from './chains.ts';
import { beforeEffects } from './effects.ts';
import { atLeastImageOf } from './effects-image.ts';
import { packetsOf, possiblePackets } from './space.ts';

/** For each verdict the packets that get it. The three are disjoint and together all that is possible. */
export interface Denotation {
  readonly accept: PacketSet;
  readonly drop: PacketSet;
  readonly reject: PacketSet;
}

/** The meaning of a ruleset. @throws Error on a jump into a chain that is not there or that leads back: no kernel loads those. */
export function denote(space: HeaderSpace, ruleset: Ruleset): Denotation {
  space.watcher.begin(ruleCount(ruleset), 'rules');
  const denoter = new Denoter(space, functionsOf(space));
  // From the last chain to the first: what an accept leads to is known then.
  const decision = baseChains(ruleset).reduceRight((next, hooked) => denoter.base(hooked, next), ACCEPT);
  return new Decided(space, decision);
}

/** Most who ask want to know what is accepted, and nothing else. */
class Decided implements Denotation {
  readonly #space: HeaderSpace;
  readonly #decision: number; // over ACCEPT, DROP and REJECT
  readonly #known = new Map<number, PacketSet>();

  constructor(space: HeaderSpace, decision: number) {
    this.#space = space;
    this.#decision = decision;
  }

  get accept(): PacketSet {
    return this.#having(ACCEPT);
  }

  get drop(): PacketSet {
    return this.#having(DROP);
  }

  get reject(): PacketSet {
    return this.#having(REJECT);
  }

  #having(verdict: number): PacketSet {
    let packets = this.#known.get(verdict);
    if (packets === undefined) {
      const { store } = this.#space;
      packets = possiblePackets(this.#space).intersect(
        new PacketSet(this.#space, store.remap(this.#decision, indicator([verdict]))),
      );
      this.#known.set(verdict, packets);
    }
    return packets;
  }
}

/** Final decisions on what a chain leads to: diagrams over ACCEPT, DROP and REJECT. */
export interface Continuation {
  readonly accepted: number; // after an accept: the later chains' word
  readonly ended: number; // after the last rule, or a return
}

/** Works from what follows back to what comes first. */
export class Denoter {
  readonly #space: HeaderSpace;
  readonly #functions: ChainFunctions;

  constructor(space: HeaderSpace, functions: ChainFunctions) {
    this.#space = space;
    this.#functions = functions;
  }

  /** The decision on every packet from this chain on; `next` for those that it does not see or accepts. */
  base({ table, chain, base }: HookedChain, next: number): number {
    const store = this.#space.store;
    const ended = base.policy === 'accept' ? next : verdictTerminal(base.policy);
    const decided = this.#decide(table, chain, { accepted: next, ended });
    const seen = packetsOf(this.#space, atHook(...PASSING[base.hook])).intersect(
      packetsOf(this.#space, field('family', ...table.families)),
    );
    return store.substitute(UNDECIDED, store.substitute(1, seen.node, decided), next);
  }

  /**
   * The decision on packets that enter a chain. Runs of rules that change nothing in the packet are one function each; a
   * rule with effects needs what follows it first, so the parts are taken from the last to the first.
   */
  #decide(table: Table, chain: Chain, then: Continuation): number {
    if (this.#functions.isPure(table, chain)) return this.finish(this.#functions.chain(table, chain), then, then.ended);
    return this.#functions.within(table, chain, () =>
      partsOf(this.#functions, table, chain).reduceRight(
        (after, part) => this.part(table, part, then, after),
        then.ended,
      ),
    );
  }

  /** The decision on packets that enter a part of a chain; `after` is the decision on those that leave it at its end. */
  part(table: Table, part: ChainPart, then: Continuation, after: number): number {
    switch (part.kind) {
      case 'run':
        return this.finish(part.run.function_, then, after);
      case 'changing': {
        const { effects = [], action } = part.rule;
        const { store } = this.#space;
        const matching = this.#functions.matching(part.rule);
        let acted = this.#act(table, action, then, after);
        if (effects.length > 0) {
          // Of the decision only what becomes of the rule's own packets: it is a small part, mostly, and quickly rewritten.
          const changed = store.substitute(1, atLeastImageOf(effects, matching).node, acted);
          acted = beforeEffects(this.#space, effects, changed);
        }
        return store.substitute(UNDECIDED, store.substitute(1, matching.node, acted), after);
      }
    }
  }

  /** A function of a run of rules, with its ends replaced by what they lead to. */
  finish(function_: number, then: Continuation, after: number): number {
    const store = this.#space.store;
    const accepted = store.substitute(ACCEPT, function_, then.accepted);
    return store.substitute(UNDECIDED, store.substitute(RETURN, accepted, then.ended), after);
  }

  /** The decision that an action leads to; `after` is what the next rule leads to. */
  #act(table: Table, action: Action, then: Continuation, after: number): number {
    switch (action.kind) {
      case 'verdict':
        return action.verdict === 'accept' ? then.accepted : verdictTerminal(action.verdict);
      case 'jump':
        return this.#decide(table, findChain(table, action.chain), { accepted: then.accepted, ended: after });
      case 'goto':
        return this.#decide(table, findChain(table, action.chain), then);
      case 'return':
        return then.ended;
      case 'continue':
        return after;
      case 'dispatch': {
        const decisions = action.cases.map((each) =>
          this.#functions.where(each.match, this.#act(table, each.action, then, after)),
        );
        return this.#space.store.substitute(UNDECIDED, this.#functions.sequence(decisions), after);
      }
    }
  }
}
