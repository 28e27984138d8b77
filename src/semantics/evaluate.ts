import {
  type Action,
  type Chain,
  type DispatchCase,
  type Effect,
  type Flow,
  type Match,
  type Origin,
  PASSING,
  type Rule,
  type Ruleset,
  type Table,
  type Verdict,
} from '../ir/index.ts';
import { candidates, type ExtentOf, extentsOfFlow } from './candidates.ts';
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

interface Asked {
  readonly match: Match;
}

export const matchOf = ({ match }: Asked): Match => match;

/** Who answers the matches on a packet's way, and is told how rules change it. */
export interface Traveller {
  readonly holds: (match: Match) => boolean;
  readonly change: (effects: readonly Effect[]) => void;
  /** Positions of the items worth asking, ascending: those that cannot match may be left out. */
  readonly asked: (items: readonly Asked[]) => readonly number[];
}

/** The verdict on one packet, rule by rule: the concrete twin of `denote`, written apart from it. */
export function evaluate(ruleset: Ruleset, flow: Flow): Evaluation {
  return travel(ruleset, flow, new OnePacket(flow));
}

class OnePacket implements Traveller {
  #flow: Flow;
  #extentOf: ExtentOf;

  constructor(flow: Flow) {
    this.#flow = flow;
    this.#extentOf = extentsOfFlow(flow);
  }

  asked(items: readonly Asked[]): readonly number[] {
    return candidates(items, matchOf, this.#extentOf);
  }

  holds(match: Match): boolean {
    return matches(match, this.#flow);
  }

  change(effects: readonly Effect[]): void {
    this.#flow = applyEffects(effects, this.#flow);
    this.#extentOf = extentsOfFlow(this.#flow);
  }
}

/** As `evaluate`, with somebody else to answer for the packets: all of them must stand at one hook and be of one family. */
export function travel(
  ruleset: Ruleset,
  { hook, family }: Pick<Flow, 'hook' | 'family'>,
  traveller: Traveller,
): Evaluation {
  const path: Step[] = [];
  for (const { table, chain, base } of baseChains(ruleset)) {
    if (!PASSING[base.hook].includes(hook) || !table.families.includes(family)) continue;
    let outcome = new Walk(ruleset.layer, table, traveller, path).chain(chain, 0);
    if (outcome === 'undecided' || outcome === 'return') {
      outcome = base.policy;
      path.push(policyStep(ruleset.layer, table, chain, outcome));
    }
    if (outcome !== 'accept') return { verdict: outcome, path };
  }
  return { verdict: 'accept', path };
}

class Walk {
  readonly #layer: string;
  readonly #table: Table;
  readonly #traveller: Traveller;
  readonly #path: Step[];
  #changes = 0; // how often rules have changed the packet, in chains that were jumped to as well

  constructor(layer: string, table: Table, traveller: Traveller, path: Step[]) {
    this.#layer = layer;
    this.#table = table;
    this.#traveller = traveller;
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
    const asked = this.#traveller.asked(chain.rules);
    for (let at = 0; at < asked.length; at++) {
      const index = asked[at]!;
      const rule = chain.rules[index]!;
      if (index < from || !this.#traveller.holds(rule.match)) continue;
      const changes = this.#changes;
      if (rule.effects !== undefined) {
        this.#traveller.change(rule.effects);
        this.#changes++;
      }
      const outcome = this.#act(chain, rule, index, rule.action, undefined, depth);
      if (outcome !== 'undecided') return outcome;
      if (this.#changes > changes) return { next: index + 1 };
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
      this.#path.push(ruleStep(this.#layer, this.#table, chain, rule, index, matchedCase, outcome));
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
        if (found !== undefined) return this.#act(chain, rule, index, found.action, found, depth);
        if (rule.effects !== undefined) note('continue'); // it leads nowhere, and has changed the packet
        return 'undecided';
      }
    }
  }

  #firstCase(cases: readonly DispatchCase[]): DispatchCase | undefined {
    for (const index of this.#traveller.asked(cases)) {
      const each = cases[index]!;
      if (this.#traveller.holds(each.match)) return each;
    }
    return undefined;
  }
}

/** The same step is one object, however many packets take it: who tells many ways tells each of their steps once. */
const steps = new WeakMap<Rule | DispatchCase | Chain, Step>();

function policyStep(layer: string, table: Table, chain: Chain, outcome: Verdict): Step {
  const known = steps.get(chain);
  if (known !== undefined && isAt(known, layer, table, chain) && known.outcome === outcome) return known;
  const step = { layer, table: table.name, chain: chain.name, outcome };
  steps.set(chain, step);
  return step;
}

function ruleStep(
  layer: string,
  table: Table,
  chain: Chain,
  rule: Rule,
  index: number,
  matchedCase: DispatchCase | undefined,
  outcome: Step['outcome'],
): Step {
  const key = matchedCase ?? rule;
  const known = steps.get(key);
  const isKnown = known?.rule === rule && known.index === index && known.outcome === outcome;
  if (known !== undefined && isKnown && isAt(known, layer, table, chain)) return known;
  const step = {
    layer,
    table: table.name,
    chain: chain.name,
    rule,
    index,
    ...(matchedCase === undefined ? {} : { matchedCase }),
    origin: matchedCase?.origin ?? rule.origin,
    outcome,
  };
  steps.set(key, step);
  return step;
}

/** A rule may stand in several chains, and a chain in several rulesets. */
function isAt(step: Step, layer: string, table: Table, chain: Chain): boolean {
  return step.layer === layer && step.table === table.name && step.chain === chain.name;
}
