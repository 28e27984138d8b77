import type { Match } from './match.ts';
import type { Action, DispatchCase, Ruleset } from './ruleset.ts';

/** The same rules with every match replaced, those of verdict maps too. */
export function rewriteMatches(ruleset: Ruleset, rewrite: (match: Match) => Match): Ruleset {
  return {
    ...ruleset,
    tables: ruleset.tables.map((table) => ({
      ...table,
      chains: table.chains.map((chain) => ({
        ...chain,
        rules: chain.rules.map((rule) => ({
          ...rule,
          match: rewrite(rule.match),
          action: rewriteAction(rule.action, rewrite),
        })),
      })),
    })),
  };
}

function rewriteAction(action: Action, rewrite: (match: Match) => Match): Action {
  if (action.kind !== 'dispatch') return action;
  const cases: readonly DispatchCase[] = action.cases.map((each) => ({ ...each, match: rewrite(each.match) }));
  return { ...action, cases };
}
