import { type Match, type Quantity, type Ruleset, symbolKey } from '../ir/index.ts';
import type { PacketSet } from '../packetset/index.ts';
import { symbolsOf } from '../semantics/index.ts';

/** The conditions of a ruleset that may hold or not, whatever is known of a packet, by their keys: text and place. */
export function unknownConditions(ruleset: Ruleset): readonly string[] {
  return symbolsOf(ruleset).flatMap((symbol) => (symbol.kind === 'unknown' ? [symbolKey(symbol)] : []));
}

/** Those of the conditions on which it depends whether some packet is in one of the sets. */
export function conditionsOf(sets: readonly PacketSet[], unknown: readonly string[]): readonly string[] {
  if (unknown.length === 0) return [];
  const found = new Set(sets.flatMap((set) => set.space.symbolsOf(set)));
  return unknown.filter((key) => found.has(key));
}

const NONE: readonly Quantity[] = [];
const known = new WeakMap<Match, readonly Quantity[]>();

/** The quantities that a match asks for. */
export function quantitiesIn(match: Match): readonly Quantity[] {
  switch (match.kind) {
    case 'quantity':
      return [match.quantity];
    case 'not':
      return quantitiesIn(match.of);
    case 'all':
    case 'any': {
      let found = known.get(match);
      if (found === undefined) {
        found = [...new Set(match.of.flatMap(quantitiesIn))];
        known.set(match, found);
      }
      return found;
    }
    case 'everything':
    case 'nothing':
    case 'field':
    case 'address':
    case 'interface':
    case 'symbol':
      return NONE;
  }
}
