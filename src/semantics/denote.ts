import {
  type Action,
  atHook,
  type Chain,
  field,
  type Match,
  PASSING,
  type Rule,
  type Ruleset,
  type Table,
  type Verdict,
} from '../ir/index.ts';
import { balanced, type HeaderSpace, PacketSet } from '../packetset/index.ts';
import { ambiguousChain, baseChains, findChain, type HookedChain } from './chains.ts';
import { beforeEffects } from './effects.ts';
import { packetsOf, possiblePackets } from './space.ts';

/** For each verdict the packets that get it. The three are disjoint and together all that is possible. */
export interface Denotation {
  readonly accept: PacketSet;
  readonly drop: PacketSet;
  readonly reject: PacketSet;
}

/**
 * What a chain does to a packet, as terminals of one diagram. A rule list is then a product: `f` followed by `g` is `f` with
 * its UNDECIDED replaced by `g`, which is associative, so that long lists are joined as a balanced tree.
 */
const UNDECIDED = 0; // the next rule is asked
const ACCEPT = 1; // must be 1: a match, as a set of packets, is then "accept" without change
const DROP = 2;
const REJECT = 3;
const RETURN = 4; // the caller goes on behind its jump
const CONTINUE = 5; // a verdict map's element that decides nothing: no later element is asked

const FALLS_THROUGH = [UNDECIDED, ACCEPT, DROP, REJECT, UNDECIDED, UNDECIDED]; // how a jump ends
const LEAVES = [RETURN, ACCEPT, DROP, REJECT, RETURN, RETURN]; // how a goto ends: the caller is left too

/** The meaning of a ruleset. @throws Error on a jump into a chain that is not there or that leads back: no kernel loads those. */
export function denote(space: HeaderSpace, ruleset: Ruleset): Denotation {
  const denoter = new Denoter(space);
  // From the last chain to the first: what an accept leads to is known then.
  const decision = baseChains(ruleset).reduceRight((next, hooked) => denoter.base(hooked, next), ACCEPT);
  const possible = possiblePackets(space);
  const having = (verdict: number): PacketSet => {
    const only = [ACCEPT, DROP, REJECT].reduce<number[]>(
      (to, each) => Object.assign(to, { [each]: each === verdict ? 1 : 0 }),
      [],
    );
    return new PacketSet(space, space.store.remap(decision, only)).intersect(possible);
  };
  return { accept: having(ACCEPT), drop: having(DROP), reject: having(REJECT) };
}

function verdictTerminal(verdict: Verdict): number {
  switch (verdict) {
    case 'accept':
      return ACCEPT;
    case 'drop':
      return DROP;
    case 'reject':
      return REJECT;
  }
}

/** Final decisions on what a chain leads to: diagrams over ACCEPT, DROP and REJECT. */
interface Continuation {
  readonly accepted: number; // after an accept: the later chains' word
  readonly ended: number; // after the last rule, or a return
}

class Denoter {
  readonly #space: HeaderSpace;
  readonly #chains = new Map<Chain, number>();
  readonly #pure = new Map<Chain, boolean>();
  readonly #open = new Set<Chain>();

  constructor(space: HeaderSpace) {
    this.#space = space;
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
   * rule with effects needs what follows it first, so the runs are taken from the last to the first.
   */
  #decide(table: Table, chain: Chain, then: Continuation): number {
    const store = this.#space.store;
    if (this.#isPure(table, chain)) return this.#finish(this.#chain(table, chain), then, then.ended);
    this.#enter(table, chain);
    let after = then.ended;
    let run: Rule[] = [];
    const takeRun = (): void => {
      if (run.length > 0)
        after = this.#finish(this.#sequence(run.reverse().map((rule) => this.#rule(table, rule))), then, after);
      run = [];
    };
    for (const rule of chain.rules.toReversed()) {
      if (this.#isPureRule(table, rule)) {
        run.push(rule);
        continue;
      }
      takeRun();
      const acted = beforeEffects(this.#space, rule.effects ?? [], this.#act(table, rule.action, then, after));
      after = store.substitute(UNDECIDED, this.#where(rule.match, acted), after);
    }
    takeRun();
    this.#open.delete(chain);
    return after;
  }

  /** A function of a run of rules, with its ends replaced by what they lead to. */
  #finish(function_: number, then: Continuation, after: number): number {
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
          this.#where(each.match, this.#act(table, each.action, then, after)),
        );
        return this.#space.store.substitute(UNDECIDED, this.#sequence(decisions), after);
      }
    }
  }

  #chain(table: Table, chain: Chain): number {
    const known = this.#chains.get(chain);
    if (known !== undefined) return known;
    this.#enter(table, chain);
    const function_ = this.#sequence(chain.rules.map((rule) => this.#rule(table, rule)));
    this.#open.delete(chain);
    this.#chains.set(chain, function_);
    return function_;
  }

  #enter(table: Table, chain: Chain): void {
    if (this.#open.has(chain)) throw ambiguousChain(table, chain.name, 'leads back to itself');
    this.#open.add(chain);
  }

  #sequence(functions: readonly number[]): number {
    return balanced(functions, UNDECIDED, (first, second) => this.#space.store.substitute(UNDECIDED, first, second));
  }

  #rule(table: Table, rule: Rule): number {
    return this.#where(rule.match, this.#action(table, rule.action));
  }

  #action(table: Table, action: Action): number {
    const store = this.#space.store;
    switch (action.kind) {
      case 'verdict':
        return verdictTerminal(action.verdict);
      case 'jump':
        return store.remap(this.#chain(table, findChain(table, action.chain)), FALLS_THROUGH);
      case 'goto':
        return store.remap(this.#chain(table, findChain(table, action.chain)), LEAVES);
      case 'return':
        return RETURN;
      case 'continue':
        return UNDECIDED;
      case 'dispatch': {
        const cases = action.cases.map((each) => {
          const outcome = this.#action(table, each.action);
          return this.#where(each.match, store.remap(outcome, [CONTINUE, ACCEPT, DROP, REJECT, RETURN, CONTINUE]));
        });
        return store.remap(this.#sequence(cases), [UNDECIDED, ACCEPT, DROP, REJECT, RETURN, UNDECIDED]);
      }
    }
  }

  /** A function where a match holds, UNDECIDED elsewhere. */
  #where(match: Match, function_: number): number {
    return this.#space.store.substitute(1, packetsOf(this.#space, match).node, function_);
  }

  /** Whether nothing in the chain, nor in those it calls, changes a packet. */
  #isPure(table: Table, chain: Chain): boolean {
    let pure = this.#pure.get(chain);
    if (pure === undefined) {
      this.#enter(table, chain);
      pure = chain.rules.every((rule) => this.#isPureRule(table, rule));
      this.#open.delete(chain);
      this.#pure.set(chain, pure);
    }
    return pure;
  }

  #isPureRule(table: Table, rule: Rule): boolean {
    if (rule.effects !== undefined && rule.effects.length > 0) return false;
    return targets(rule.action).every((name) => this.#isPure(table, findChain(table, name)));
  }
}

function targets(action: Action): readonly string[] {
  switch (action.kind) {
    case 'jump':
    case 'goto':
      return [action.chain];
    case 'dispatch':
      return action.cases.flatMap((each) => targets(each.action));
    case 'verdict':
    case 'return':
    case 'continue':
      return [];
  }
}
