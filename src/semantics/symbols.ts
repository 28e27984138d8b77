import { type Match, type Symbol as RuleSymbol, type Ruleset, symbolKey } from '../ir/index.ts';

/** Every symbol that a rule or an element of a verdict map may ask for, once. */
export function symbolsOf(ruleset: Ruleset): readonly RuleSymbol[] {
  const found = new Map<string, RuleSymbol>();
  const visit = (match: Match): void => {
    switch (match.kind) {
      case 'symbol':
        found.set(symbolKey(match.symbol), match.symbol);
        return;
      case 'all':
      case 'any':
        for (const part of match.of) visit(part);
        return;
      case 'not':
        visit(match.of);
        return;
      case 'everything':
      case 'nothing':
      case 'field':
      case 'address':
      case 'interface':
      case 'quantity':
        return;
    }
  };
  for (const { match, action } of ruleset.tables.flatMap((table) => table.chains.flatMap((chain) => chain.rules))) {
    visit(match);
    if (action.kind === 'dispatch') for (const each of action.cases) visit(each.match);
  }
  return [...found.values()];
}
