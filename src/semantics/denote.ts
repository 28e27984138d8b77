import {
  type Action,
  type BaseChain,
  type Chain,
  field,
  HOOKS,
  type Match,
  type Rule,
  type Ruleset,
  type Table,
  type Verdict,
} from '../ir/index.ts';
import { balanced, type HeaderSpace, PacketSet } from '../packetset/index.ts';
import { ambiguousChain, baseChains, findChain } from './chains.ts';
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
  let decision = ACCEPT; // with no base chain at its hook a packet passes
  for (const { table, chain, base } of baseChains(ruleset)) {
    const result = denoter.base(table, chain, base);
    decision = space.store.substitute(ACCEPT, decision, result);
  }
  const possible = possiblePackets(space);
  const having = (terminal: number): PacketSet =>
    new PacketSet(
      space,
      space.store.remap(
        decision,
        [ACCEPT, DROP, REJECT].reduce<number[]>(
          (to, other) => Object.assign(to, { [other]: other === terminal ? 1 : 0 }),
          [0],
        ),
      ),
    ).intersect(possible);
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

class Denoter {
  readonly #space: HeaderSpace;
  readonly #chains = new Map<Chain, number>();
  readonly #open = new Set<Chain>();

  constructor(space: HeaderSpace) {
    this.#space = space;
  }

  /** A base chain's word on every packet; ACCEPT for those that it does not see. */
  base(table: Table, chain: Chain, base: BaseChain): number {
    const store = this.#space.store;
    const decided = store.substitute(
      UNDECIDED,
      store.remap(this.#chain(table, chain), FALLS_THROUGH),
      verdictTerminal(base.policy),
    );
    const seen = packetsOf(this.#space, field('hook', HOOKS.indexOf(base.hook))).intersect(
      packetsOf(this.#space, field('family', ...table.families)),
    );
    return store.substitute(UNDECIDED, store.substitute(1, seen.node, decided), ACCEPT);
  }

  #chain(table: Table, chain: Chain): number {
    const known = this.#chains.get(chain);
    if (known !== undefined) return known;
    if (this.#open.has(chain)) throw ambiguousChain(table, chain.name, 'leads back to itself');
    this.#open.add(chain);
    const function_ = this.#sequence(chain.rules.map((rule) => this.#rule(table, rule)));
    this.#open.delete(chain);
    this.#chains.set(chain, function_);
    return function_;
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
}
