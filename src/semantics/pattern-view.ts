import { all, any, everything, type Match, not, nothing, type Side } from '../ir/index.ts';
import type { Family } from '../net/index.ts';
import { candidates, type ExtentOf } from './candidates.ts';
import { decide } from './decide.ts';
import type { FlowPattern } from './pattern.ts';

const LONG = 256; // items or parts: from here on looking at each takes longer than the index of them all saves

/** The matches of a list that can hold at all, as they look from here. */
interface Seen {
  readonly positions: readonly number[]; // in the list, ascending
  readonly matches: readonly Match[];
}

/**
 * Rules as packets see them that differ in addresses only: what their protocol, ports, interfaces and state say already is left out of
 * every match, and rules that nothing is left of are never asked. Whoever asks a hundred thousand such questions asks a handful of rules each
 * time. `decide` says the same of a match seen from here as of the match itself. What is not known of the packets (and quantities, which are
 * assumed rather than known) stays in it.
 */
export class PatternView {
  readonly pattern: FlowPattern;
  readonly free: ReadonlySet<Side>;
  readonly #seen = new Map<Match, Match>(); // of the lists
  readonly #lists = new Map<object, Seen>();

  /** @param pattern one of them; @param free where the others may have other addresses, of the same family and type */
  constructor(pattern: FlowPattern, free: ReadonlySet<Side>) {
    this.pattern = pattern;
    this.free = free;
  }

  /** Positions, ascending, of the items whose match can hold. The list must not change once asked. */
  asked<T extends object>(items: readonly T[], matchOf: (item: T) => Match, extentOf: ExtentOf): readonly number[] {
    if (items.length >= LONG) return candidates(items, matchOf, extentOf);
    let list = this.#lists.get(items);
    if (list === undefined) {
      list = this.#look(items, matchOf);
      this.#lists.set(items, list);
    }
    const { positions, matches } = list;
    const found = candidates(matches, itself, extentOf);
    return found.length === positions.length ? positions : found.map((at) => positions[at]!);
  }

  /** A match of such an item as it looks from here. */
  of(match: Match): Match {
    return this.#seen.get(match) ?? match;
  }

  /** A match as it looks from here. */
  #from(match: Match): Match {
    switch (match.kind) {
      case 'everything':
      case 'nothing':
      case 'quantity':
        return match;
      case 'address':
        return this.free.has(match.side) ? ofFamily(match, this.pattern.family) : this.#settled(match);
      case 'field':
      case 'interface':
      case 'symbol':
        return this.#settled(match);
      case 'not': {
        const inner = this.#from(match.of);
        return inner === match.of ? match : not(inner);
      }
      case 'all':
      case 'any': {
        if (match.of.length >= LONG) return match;
        const alone = match.kind === 'any'; // what one part says for all of them
        const word = alone ? everything : nothing;
        // Most rules are decided by a field, which is soon asked.
        for (const part of match.of) if (part.kind === 'field' && decide(part, this.pattern) === alone) return word;
        const parts: Match[] = [];
        for (const part of match.of) {
          const seen = this.#from(part);
          if (seen.kind === word.kind) return word;
          parts.push(seen);
        }
        if (parts.every((part, at) => part === match.of[at])) return match; // and its index
        return match.kind === 'all' ? all(...parts) : any(...parts);
      }
    }
  }

  #settled(match: Match): Match {
    const decided = decide(match, this.pattern);
    return decided === undefined ? match : decided ? everything : nothing;
  }

  #look<T>(items: readonly T[], matchOf: (item: T) => Match): Seen {
    const positions: number[] = [];
    const matches: Match[] = [];
    for (const [position, item] of items.entries()) {
      const whole = matchOf(item);
      const match = this.#from(whole);
      if (match.kind === 'nothing') continue;
      this.#seen.set(whole, match);
      positions.push(position);
      matches.push(match);
    }
    return { positions, matches };
  }
}

const itself = (match: Match): Match => match;

type AddressMatch = Extract<Match, { kind: 'address' }>;
const families = new WeakMap<AddressMatch, Readonly<Record<Family, Match>>>();

/** What is left of an address match for packets of one family. */
function ofFamily(match: AddressMatch, family: Family): Match {
  const known = families.get(match);
  if (known !== undefined) return known[family];
  const only = (wanted: Family): Match => {
    const ranges = match.ranges.filter((range) => range.family === wanted);
    return ranges.length === match.ranges.length ? match : ranges.length === 0 ? nothing : { ...match, ranges };
  };
  const both = { 4: only(4), 6: only(6) };
  families.set(match, both);
  return both[family];
}
