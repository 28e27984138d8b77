import type { Action, Chain, Match, Rule, Table, Verdict } from '../ir/index.ts';
import { balanced, type HeaderSpace, type PacketSet, TERMINALS } from '../packetset/index.ts';
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
export const END = 6; // after the last rule of a run, where it matters what follows

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

/** 1 for these terminals, 0 for the others. */
export function indicator(terminals: readonly number[]): readonly number[] {
  return Array.from({ length: TERMINALS }, (_, each) => (terminals.includes(each) ? 1 : 0));
}

/** What a run of rules does, and its halves: what is known of a run need not be asked of each of its rules. */
export interface Run {
  readonly first: number; // position of its first rule in the chain
  readonly count: number; // at least 1
  readonly function_: number;
  readonly halves?: readonly [Run, Run]; // of every run of more than one rule
}

const known = new WeakMap<HeaderSpace, ChainFunctions>();

/** Those of a space: whoever asks the same space about the same rules again finds them reckoned. */
export function functionsOf(space: HeaderSpace): ChainFunctions {
  let functions = known.get(space);
  if (functions === undefined) {
    functions = new ChainFunctions(space);
    known.set(space, functions);
  }
  return functions;
}

/** What rules and chains do on their own, whatever stands before and behind them, as long as they change nothing in a packet. */
export class ChainFunctions {
  readonly #space: HeaderSpace;
  readonly #chains = new Map<Chain, number>();
  readonly #runs = new Map<Chain, Map<number, Run>>(); // by the first rule
  readonly #pure = new Map<Chain, boolean>();
  readonly #matching = new Map<Rule, PacketSet>();
  readonly #open = new Set<Chain>();

  constructor(space: HeaderSpace) {
    this.#space = space;
  }

  chain(table: Table, chain: Chain): number {
    const known = this.#chains.get(chain);
    if (known !== undefined) return known;
    const function_ = this.within(table, chain, () =>
      chain.rules.length === 0 ? UNDECIDED : this.run(table, chain, 0, chain.rules.length).function_,
    );
    this.#chains.set(chain, function_);
    return function_;
  }

  /** Works on a chain, to the end or until that becomes too large. @throws Error where it is being worked on: the chain leads back to itself. */
  within<T>(table: Table, chain: Chain, work: () => T): T {
    if (this.#open.has(chain)) throw ambiguousChain(table, chain.name, 'leads back to itself');
    this.#open.add(chain);
    try {
      return work();
    } finally {
      this.#open.delete(chain);
    }
  }

  /** Functions one after the other: the first that decides. */
  sequence(functions: readonly number[]): number {
    return balanced(functions, UNDECIDED, (first, second) => this.#space.store.substitute(UNDECIDED, first, second));
  }

  /** The rules of a chain from `first` up to, not including, `end`: at least one, and none that changes a packet. */
  run(table: Table, chain: Chain, first: number, end: number): Run {
    const known = this.#runs.get(chain)?.get(first);
    if (known !== undefined && known.count === end - first) return known;
    const over = (from: number, to: number): Run => {
      if (to - from === 1) {
        this.#space.watcher.advance();
        return { first: from, count: 1, function_: this.rule(table, chain.rules[from]!) };
      }
      const middle = (from + to) >> 1;
      const halves = [over(from, middle), over(middle, to)] as const;
      const function_ = this.#space.store.substitute(UNDECIDED, halves[0].function_, halves[1].function_);
      return { first: from, count: to - from, function_, halves };
    };
    const run = over(first, end);
    const ofChain = this.#runs.get(chain) ?? new Map<number, Run>();
    this.#runs.set(chain, ofChain.set(first, run));
    return run;
  }

  /** A rule whose action changes no packet (`isPureRule`). */
  rule(table: Table, rule: Rule): number {
    const action = this.#action(table, rule.action);
    return this.#space.store.substitute(1, this.matching(rule).node, action);
  }

  /** The packets that a rule matches. */
  matching(rule: Rule): PacketSet {
    let packets = this.#matching.get(rule);
    if (packets === undefined) {
      packets = packetsOf(this.#space, rule.match);
      this.#matching.set(rule, packets);
    }
    return packets;
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
      pure = this.within(table, chain, () => chain.rules.every((rule) => this.isPureRule(table, rule)));
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

/** A stretch of a chain: rules that change nothing in a packet, or one that does, by its effects or in a chain that it calls. */
export type ChainPart =
  | { readonly kind: 'run'; readonly run: Run }
  | { readonly kind: 'changing'; readonly rule: Rule; readonly index: number };

/** A chain's parts in its order, the runs as long as can be. */
export function partsOf(functions: ChainFunctions, table: Table, chain: Chain): ChainPart[] {
  const parts: ChainPart[] = [];
  const takeRun = (first: number, end: number): void => {
    if (end > first) parts.push({ kind: 'run', run: functions.run(table, chain, first, end) });
  };
  let first = 0;
  for (const [index, rule] of chain.rules.entries()) {
    if (functions.isPureRule(table, rule)) continue;
    takeRun(first, index);
    parts.push({ kind: 'changing', rule, index });
    first = index + 1;
  }
  takeRun(first, chain.rules.length);
  return parts;
}
