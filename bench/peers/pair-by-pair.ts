import type { Ruleset } from '../../src/ir/index.ts';
import { HeaderSpace } from '../../src/packetset/index.ts';
import { packetsOf } from '../../src/semantics/index.ts';

/**
 * What many linters do: holds each rule against each one before it in its chain. It sees neither what several rules do together nor what comes
 * behind a rule. @returns how many rules have only packets that one earlier rule decides alone
 */
export function coveredByOneRule(ruleset: Ruleset): number {
  const space = new HeaderSpace();
  let found = 0;
  for (const { rules } of ruleset.tables.flatMap((table) => table.chains)) {
    const sets = rules.map((rule) => packetsOf(space, rule.match));
    found += sets.filter((set, at) =>
      sets.slice(0, at).some((earlier, index) => rules[index]!.action.kind === 'verdict' && earlier.contains(set)),
    ).length;
  }
  return found;
}
