import type { Action, Chain, Match, Rule, Table, Verdict } from '../ir/index.ts';
import { balanced, type HeaderSpace } from '../packetset/index.ts';
import { ambiguousChain, findChain } from './chains.ts';
import { packetsOf } from './space.ts';

/**
 * What a chain does to a packet, as terminals of one diagram. A rule list is then a product: `f` followed by `g` is `f` with
 * its UNDECIDED replaced by `g`, which is associative, so that long lists are joined as a balanced tree.
 */
export const UNDECIDED = 0; // the next rule is asked
export const ACCEPT = 1; // must be 1: a match, as a set of packets, is then "accept" without change
export const DROP = 2;
export const REJECT = 3;
export const RETURN = 4; // the caller goes on behind its jump
const CONTINUE = 5; // a verdict map's element that decides nothing: no later element is asked

const FALLS_THROUGH = [UNDECIDED, ACCEPT, DROP, REJECT, UNDECIDED, UNDECIDED]; // how a jump ends
const LEAVES = [RETURN, ACCEPT, DROP, REJECT, RETURN, RETURN]; // how a goto ends: the caller is left too

export function verdictTerminal(verdict: Verdict): number {
  switch (verdict) {
    case 'accept':
      return ACCEPT;
    case 'drop':
      return DROP;
    case 'reject':
      return REJECT;
  }
}

/** What rules and chains do on their own, whatever stands before and behind them, as long as they change nothing in a packet. */
export class ChainFunctions {
  readonly #space: HeaderSpace;
  readonly #chains = new Map<Chain, number>();
  readonly #pure = new Map<Chain, boolean>();
  readonly #open = new Set<Chain>();

  constructor(space: HeaderSpace) {
    this.#space = space;
  }

  chain(table: Table, chain: Chain): number {
    const known = this.#chains.get(chain);
    if (known !== undefined) return known;
    this.enter(table, chain);
    const function_ = this.sequence(chain.rules.map((rule) => this.rule(table, rule)));
    this.leave(chain);
    this.#chains.set(chain, function_);
    return function_;
  }

  /** Marks a chain as being worked on. @throws Error where it already is: the chain leads back to itself. */
  enter(table: Table, chain: Chain): void {
    if (this.#open.has(chain)) throw ambiguousChain(table, chain.name, 'leads back to itself');
    this.#open.add(chain);
  }

  leave(chain: Chain): void {
    this.#open.delete(chain);
  }

  /** Functions one after the other: the first that decides. */
  sequence(functions: readonly number[]): number {
    return balanced(functions, UNDECIDED, (first, second) => this.#space.store.substitute(UNDECIDED, first, second));
  }

  /** A rule whose action changes no packet (`isPureRule`). */
  rule(table: Table, rule: Rule): number {
    return this.where(rule.match, this.#action(table, rule.action));
  }

  #action(table: Table, action: Action): number {
    const store = this.#space.store;
    switch (action.kind) {
      case 'verdict':
        return verdictTerminal(action.verdict);
      case 'jump':
        return store.remap(this.chain(table, findChain(table, action.chain)), FALLS_THROUGH);
      case 'goto':
        return store.remap(this.chain(table, findChain(table, action.chain)), LEAVES);
      case 'return':
        return RETURN;
      case 'continue':
        return UNDECIDED;
      case 'dispatch': {
        const cases = action.cases.map((each) => {
          const outcome = this.#action(table, each.action);
          return this.where(each.match, store.remap(outcome, [CONTINUE, ACCEPT, DROP, REJECT, RETURN, CONTINUE]));
        });
        return store.remap(this.sequence(cases), [UNDECIDED, ACCEPT, DROP, REJECT, RETURN, UNDECIDED]);
      }
    }
  }

  /** A function where a match holds, UNDECIDED elsewhere. */
  where(match: Match, function_: number): number {
    return this.#space.store.substitute(1, packetsOf(this.#space, match).node, function_);
  }

  /** Whether nothing in the chain, nor in those it calls, changes a packet. */
  isPure(table: Table, chain: Chain): boolean {
    let pure = this.#pure.get(chain);
    if (pure === undefined) {
      this.enter(table, chain);
      pure = chain.rules.every((rule) => this.isPureRule(table, rule));
      this.leave(chain);
      this.#pure.set(chain, pure);
    }
    return pure;
  }

  isPureRule(table: Table, rule: Rule): boolean {
    if (rule.effects !== undefined && rule.effects.length > 0) return false;
    return targets(rule.action).every((name) => this.isPure(table, findChain(table, name)));
  }
}

/** The chains that an action may enter. */
export function targets(action: Action): readonly string[] {
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
