import { type Match, type Symbol as RuleSymbol, type Ruleset, symbolKey } from '../ir/index.ts';

const known = new WeakMap<Ruleset, readonly RuleSymbol[]>();

/** Every symbol that a rule or an element of a verdict map may ask for, once. */
export function symbolsOf(ruleset: Ruleset): readonly RuleSymbol[] {
  let symbols = known.get(ruleset);
  if (symbols === undefined) {
    const found = new Map<string, RuleSymbol>();
    for (const { chains } of ruleset.tables)
      for (const { rules } of chains)
        for (const { match, action } of rules) {
          visit(match, found);
          if (action.kind === 'dispatch') for (const each of action.cases) visit(each.match, found);
        }
    symbols = [...found.values()];
    known.set(ruleset, symbols);
  }
  return symbols;
}

function visit(match: Match, found: Map<string, RuleSymbol>): void {
  switch (match.kind) {
    case 'symbol':
      found.set(symbolKey(match.symbol), match.symbol);
      return;
    case 'all':
    case 'any':
      for (const part of match.of) visit(part, found);
      return;
    case 'not':
      visit(match.of, found);
      return;
    case 'everything':
    case 'nothing':
    case 'field':
    case 'address':
    case 'interface':
    case 'quantity':
      return;
  }
}
