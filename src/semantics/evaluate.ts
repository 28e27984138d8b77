import {
  type Action,
  type Chain,
  type DispatchCase,
  type Flow,
  type Match,
  type Origin,
  PASSING,
  type Rule,
  type Ruleset,
  type Table,
  type Verdict,
} from '../ir/index.ts';
import { candidates } from './candidates.ts';
import { ambiguousChain, baseChains, findChain } from './chains.ts';
import { matches } from './concrete.ts';
import { applyEffects } from './effects.ts';

/** What happened to one packet, and the rules that it met on its way. */
export interface Evaluation {
  readonly verdict: Verdict;
  readonly path: readonly Step[];
}

/** A rule that matched, or a base chain's policy that had the last word in it (then `rule` is absent). */
export interface Step {
  readonly layer: string;
  readonly table: string;
  readonly chain: string;
  readonly rule?: Rule;
  readonly index?: number; // of the rule in its chain, from 0
  readonly matchedCase?: DispatchCase; // the verdict map's element
  readonly origin?: Origin; // of the element if it has one, else of the rule
  readonly outcome: Verdict | 'jump' | 'goto' | 'return' | 'continue';
}

type Outcome = Verdict | 'undecided' | 'return';

/** Far beyond the 16 nested jumps that the kernel allows (NFT_JUMP_STACK_SIZE, include/net/netfilter/nf_tables.h): a loop. */
const MAX_DEPTH = 1000;

/**
 * The verdict on one packet, rule by rule: the concrete twin of `denote`, written apart from it.
 *
 * @param holds what to ask of each match on the way instead, for those who want to know which are asked; then no index is used
 */
export function evaluate(ruleset: Ruleset, flow: Flow, holds?: (match: Match) => boolean): Evaluation {
  const path: Step[] = [];
  let current = flow; // as the rules so far have changed it
  for (const { table, chain, base } of baseChains(ruleset)) {
    if (!PASSING[base.hook].includes(flow.hook) || !table.families.includes(flow.family)) continue;
    const walk = new Walk(ruleset.layer, table, current, holds, path);
    let outcome = walk.chain(chain, 0);
    current = walk.flow;
    if (outcome === 'undecided' || outcome === 'return') {
      outcome = base.policy;
      path.push({ layer: ruleset.layer, table: table.name, chain: chain.name, outcome });
    }
    if (outcome !== 'accept') return { verdict: outcome, path };
  }
  return { verdict: 'accept', path };
}

class Walk {
  readonly #layer: string;
  readonly #table: Table;
  flow: Flow; // as the rules so far have changed it
  readonly #observed: ((match: Match) => boolean) | undefined;
  readonly #path: Step[];

  constructor(
    layer: string,
    table: Table,
    flow: Flow,
    observed: ((match: Match) => boolean) | undefined,
    path: Step[],
  ) {
    this.#layer = layer;
    this.#table = table;
    this.flow = flow;
    this.#observed = observed;
    this.#path = path;
  }

  chain(chain: Chain, depth: number): Outcome {
    if (depth > MAX_DEPTH) throw ambiguousChain(this.#table, chain.name, 'leads back to itself');
    for (let next = 0; ; ) {
      const outcome = this.#rulesFrom(chain, next, depth);
      if (typeof outcome === 'string') return outcome;
      next = outcome.next;
    }
  }

  /** Rules from a position on, until one decides or changes the packet: then other rules may be worth asking. */
  #rulesFrom(chain: Chain, from: number, depth: number): Outcome | { readonly next: number } {
    const before = this.flow;
    for (const index of this.#asked(chain.rules)) {
      const rule = chain.rules[index]!;
      if (index < from || !this.#holds(rule.match)) continue;
      if (rule.effects !== undefined) this.flow = applyEffects(rule.effects, this.flow);
      const outcome = this.#act(chain, rule, index, rule.action, undefined, depth);
      if (outcome !== 'undecided') return outcome;
      if (this.flow !== before) return { next: index + 1 };
    }
    return 'undecided';
  }

  #act(
    chain: Chain,
    rule: Rule,
    index: number,
    action: Action,
    matchedCase: DispatchCase | undefined,
    depth: number,
  ): Outcome {
    const note = (outcome: Step['outcome']): void => {
      this.#path.push({
        layer: this.#layer,
        table: this.#table.name,
        chain: chain.name,
        rule,
        index,
        ...(matchedCase === undefined ? {} : { matchedCase }),
        origin: matchedCase?.origin ?? rule.origin,
        outcome,
      });
    };
    switch (action.kind) {
      case 'verdict':
        note(action.verdict);
        return action.verdict;
      case 'jump': {
        note('jump');
        const outcome = this.chain(findChain(this.#table, action.chain), depth + 1);
        return outcome === 'return' ? 'undecided' : outcome;
      }
      case 'goto': {
        note('goto');
        const outcome = this.chain(findChain(this.#table, action.chain), depth + 1);
        return outcome === 'undecided' ? 'return' : outcome;
      }
      case 'return':
        note('return');
        return 'return';
      case 'continue':
        note('continue');
        return 'undecided';
      case 'dispatch': {
        const found = this.#firstCase(action.cases);
        return found === undefined ? 'undecided' : this.#act(chain, rule, index, found.action, found, depth);
      }
    }
  }

  #firstCase(cases: readonly DispatchCase[]): DispatchCase | undefined {
    for (const index of this.#asked(cases)) {
      const each = cases[index]!;
      if (this.#holds(each.match)) return each;
    }
    return undefined;
  }

  /** The positions worth asking; all of them where somebody watches. */
  #asked(items: readonly { readonly match: Match }[]): Iterable<number> {
    return this.#observed === undefined ? candidates(items, (item) => item.match, this.flow) : items.keys();
  }

  #holds(match: Match): boolean {
    return this.#observed === undefined ? matches(match, this.flow) : this.#observed(match);
  }
}
