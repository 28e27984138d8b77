import type { Rule, Ruleset } from '../ir/index.ts';
import { type Action, all, any, everything, type Symbol as FlowSymbol, type Match, not, nothing } from '../ir/index.ts';

/** What is known of a symbol; `undefined`: nothing. */
export type Truth = (symbol: FlowSymbol) => boolean | undefined;

/** The ruleset with what is known of symbols put in. Parts that it does not concern stay the same objects. */
export function assume(ruleset: Ruleset, truth: Truth): Ruleset {
  return {
    ...ruleset,
    tables: ruleset.tables.map((table) => ({
      ...table,
      chains: table.chains.map((chain) => ({ ...chain, rules: chain.rules.map((rule) => ruleWith(rule, truth)) })),
    })),
  };
}

function ruleWith(rule: Rule, truth: Truth): Rule {
  const match = matchWith(rule.match, truth);
  const action = actionWith(rule.action, truth);
  return match === rule.match && action === rule.action ? rule : { ...rule, match, action };
}

function actionWith(action: Action, truth: Truth): Action {
  if (action.kind !== 'dispatch') return action;
  const cases = same(action.cases, (each) => {
    const match = matchWith(each.match, truth);
    return match === each.match ? each : { ...each, match };
  });
  return cases === action.cases ? action : { ...action, cases };
}

function matchWith(match: Match, truth: Truth): Match {
  switch (match.kind) {
    case 'symbol': {
      const known = truth(match.symbol);
      return known === undefined ? match : known ? everything : nothing;
    }
    case 'not': {
      const of = matchWith(match.of, truth);
      return of === match.of ? match : not(of);
    }
    case 'all':
    case 'any': {
      const of = same(match.of, (part) => matchWith(part, truth));
      return of === match.of ? match : match.kind === 'all' ? all(...of) : any(...of);
    }
    case 'everything':
    case 'nothing':
    case 'field':
    case 'address':
    case 'interface':
    case 'quantity':
      return match;
  }
}

/** As `map`; the list itself where nothing changes. */
function same<Item>(items: readonly Item[], change: (item: Item) => Item): readonly Item[] {
  const changed = items.map(change);
  return changed.some((item, index) => item !== items[index]) ? changed : items;
}
