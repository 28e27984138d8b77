import { type Action, type Match, PASSING, type Ruleset, type Side, type Table } from '../ir/index.ts';
import { type Address, type AddressRange, type Family, highestAddress, wholeFamily } from '../net/index.ts';
import { candidates, type ExtentOf } from './candidates.ts';
import { baseChains, findChain } from './chains.ts';
import { CutLine } from './cut-line.ts';
import { decide, extentsOfPattern } from './decide.ts';
import { matchOf } from './evaluate.ts';
import type { FlowPattern } from './pattern.ts';
import type { PatternView } from './pattern-view.ts';

const MOST_WORK = 5_000_000; // pieces looked at for one side: some hundredths of a second

/**
 * Packets of a view by their addresses: two of one class are in the same ranges of every match that they can meet, and so they take the same
 * way and get the same verdict. Nothing is said here of what that is.
 */
export class AddressClasses {
  readonly #sides: Readonly<Record<Side, SideClasses | undefined>>; // `undefined`: all packets of the view have the same

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
      const found = SideClasses.of(matches, side, view.pattern.family);
      if (found === undefined) return undefined;
      sides[side] = found;
    }
    return new AddressClasses(sides);
  }

  private constructor({ src, dst }: Partial<Record<Side, SideClasses>>) {
    this.#sides = { src, dst };
  }

  /** @param src and @param dst are of the view's family; `undefined` only where that side is not free */
  classOf(src: Address | undefined, dst: Address | undefined): number {
    const { src: sources, dst: destinations } = this.#sides;
    return placeIn(destinations, dst) + (destinations?.count ?? 1) * placeIn(sources, src);
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

/** The addresses of one family as sources or as destinations, those together that are in the same ranges of every match. */
class SideClasses {
  readonly count: number;
  readonly #line: CutLine;
  readonly #classOf: Int32Array; // by piece

  static of(matches: readonly Match[], side: Side, family: Family): SideClasses | undefined {
    const asked: AddressRange[][] = [];
    for (const match of matches) gatherRanges(match, side, family, asked);
    const line = CutLine.around([{ first: 0n, last: highestAddress(family) }, ...asked.flat()]);
    const classOf = new Int32Array(line.length);
    let count = 1;
    let work = 0;
    const inside = new Map<number, number>(); // a class -> the class of those of its pieces that are in the ranges
    for (const ranges of asked) {
      inside.clear();
      for (const { first, last } of ranges) {
        const start = line.pieceAt(first);
        const end = first === last ? start + 1 : line.pieceAt(last + 1n);
        for (let piece = start; piece < end; piece++) {
          const before = classOf[piece]!;
          let after = inside.get(before);
          if (after === undefined) {
            after = count++;
            inside.set(before, after);
          }
          classOf[piece] = after;
        }
        work += end - start;
      }
      if (work > MOST_WORK) return undefined;
    }
    return new SideClasses(line, classOf, count);
  }

  private constructor(line: CutLine, classOf: Int32Array, count: number) {
    this.#line = line;
    this.#classOf = classOf;
    this.count = count;
  }

  classOf(address: bigint): number {
    return this.#classOf[this.#line.pieceAt(address)]!;
  }
}

/** Of each part of a match that asks for addresses of a side, which. */
function gatherRanges(match: Match, side: Side, family: Family, found: AddressRange[][]): void {
  switch (match.kind) {
    case 'address':
      if (match.side === side) found.push(match.ranges.filter((range) => range.family === family));
      break;
    case 'not':
      gatherRanges(match.of, side, family, found);
      break;
    case 'all':
    case 'any':
      for (const part of match.of) gatherRanges(part, side, family, found);
      break;
    case 'everything':
    case 'nothing':
    case 'field':
    case 'interface':
    case 'quantity':
    case 'symbol':
      break;
  }
}
