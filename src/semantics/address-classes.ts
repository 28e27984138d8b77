import { type Action, type Match, PASSING, type Ruleset, type Side, type Table } from '../ir/index.ts';
import { type Address, wholeFamily } from '../net/index.ts';
import { AddressPairs } from './address-pairs.ts';
import { candidates, type ExtentOf } from './candidates.ts';
import { baseChains, findChain } from './chains.ts';
import { decide, extentsOfPattern } from './decide.ts';
import { matchOf } from './evaluate.ts';
import type { FlowPattern } from './pattern.ts';
import type { PatternView } from './pattern-view.ts';
import { rangesOf, SideClasses } from './side-classes.ts';

/**
 * Packets of a view by their addresses: every match that they can meet holds for all of a class or for none, and so they take the same way
 * and get the same verdict. Nothing is said here of what that is.
 */
export class AddressClasses {
  readonly #sides: Readonly<Record<Side, SideClasses | undefined>>; // `undefined`: all packets of the view have the same
  readonly #pairs: AddressPairs | undefined; // where both sides are free

  /**
   * @param others what is asked about the packets beside the ruleset's matches
   * @param patience how many rules may be looked at
   * @returns undefined where rules change what a view takes for settled, or where it would take too long
   */
  static of(
    view: PatternView,
    ruleset: Ruleset,
    others: readonly Match[],
    patience: number,
  ): AddressClasses | undefined {
    const met = new MetMatches(view, ruleset, patience);
    if (met.areChanged || met.areTooMany) return undefined;
    const matches = [...met.matches, ...others];
    const sides: Partial<Record<Side, SideClasses>> = {};
    for (const side of view.free) {
      const found = SideClasses.of(rangesOf(matches, side, view.pattern.family), view.pattern.family);
      if (found === undefined) return undefined;
      sides[side] = found;
    }
    const { src, dst } = sides;
    const areBothFree = src !== undefined && dst !== undefined;
    return new AddressClasses(
      sides,
      areBothFree ? AddressPairs.of(matches, view.pattern.family, { src, dst }) : undefined,
    );
  }

  private constructor({ src, dst }: Partial<Record<Side, SideClasses>>, pairs: AddressPairs | undefined) {
    this.#sides = { src, dst };
    this.#pairs = pairs;
  }

  /** @param src and @param dst are of the view's family; `undefined` only where that side is not free */
  classOf(src: Address | undefined, dst: Address | undefined): number {
    const [from, to] = [placeIn(this.#sides.src, src), placeIn(this.#sides.dst, dst)];
    return this.#pairs === undefined ? to + (this.#sides.dst?.count ?? 1) * from : this.#pairs.classOf(from, to);
  }
}

function placeIn(classes: SideClasses | undefined, address: Address | undefined): number {
  return classes === undefined || address === undefined ? 0 : classes.classOf(address.value);
}

/** The matches that packets of a view can come to. */
class MetMatches {
  readonly matches: Match[] = [];
  areChanged = false; // addresses, ports or the state of some packets, by a rule
  areTooMany = false;
  #patience: number; // rules that may be looked at
  readonly #all: FlowPattern; // the packets; whatever is said of quantities is assumed, and answers tell that
  readonly #extentOf: ExtentOf;
  readonly #entered = new Set<object>();

  constructor(view: PatternView, ruleset: Ruleset, patience: number) {
    const { hook, family } = view.pattern;
    const everywhere = [wholeFamily(family)];
    this.#all = {
      ...view.pattern,
      ...(view.free.has('src') ? { src: everywhere } : {}),
      ...(view.free.has('dst') ? { dst: everywhere } : {}),
      quantities: new Map(),
    };
    this.#extentOf = extentsOfPattern(this.#all);
    this.#patience = patience;
    for (const { table, chain, base } of baseChains(ruleset))
      if (PASSING[base.hook].includes(hook) && table.families.includes(family)) this.#enter(table, chain.name);
  }

  #enter(table: Table, name: string): void {
    const chain = findChain(table, name);
    if (this.#entered.has(chain)) return;
    this.#entered.add(chain);
    const asked = candidates(chain.rules, matchOf, this.#extentOf);
    this.#patience -= asked.length;
    if (this.#patience < 0) this.areTooMany = true;
    if (this.areTooMany) return;
    for (const index of asked) {
      const { match, effects, action } = chain.rules[index]!;
      if (!this.#isMet(match)) continue;
      if (effects?.some(({ kind }) => kind !== 'assign')) this.areChanged = true;
      this.#act(table, action);
    }
  }

  #act(table: Table, action: Action): void {
    switch (action.kind) {
      case 'jump':
      case 'goto':
        this.#enter(table, action.chain);
        break;
      case 'dispatch':
        for (const index of candidates(action.cases, matchOf, this.#extentOf)) {
          const { match, action: of } = action.cases[index]!;
          this.#patience--;
          if (this.#isMet(match)) this.#act(table, of);
        }
        break;
      case 'verdict':
      case 'return':
      case 'continue':
        break;
    }
  }

  #isMet(match: Match): boolean {
    // Most rules are decided by a field, which is soon asked.
    if (match.kind === 'all')
      for (const part of match.of) if (part.kind === 'field' && decide(part, this.#all) === false) return false;
    if (decide(match, this.#all) === false) return false;
    this.matches.push(match);
    return true;
  }
}
