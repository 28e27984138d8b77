import type { Chain, Ruleset, Table } from '../ir/index.ts';
import type { HeaderSpace } from '../packetset/index.ts';
import { targets } from './chain-functions.ts';
import { findChain, ruleCount } from './chains.ts';
import { FaultFinder } from './fault-finder.ts';
import type { RuleFault } from './rule-fault.ts';

/** Every rule without effect, in the order of tables, chains and rules. One that changes packets may be of use elsewhere. */
export function ruleFaults(space: HeaderSpace, ruleset: Ruleset): RuleFault[] {
  space.watcher.begin(ruleCount(ruleset), 'rules understood');
  const finder = new FaultFinder(space, ruleset);
  space.watcher.begin(ruleCount(ruleset), 'rules checked');
  for (const table of ruleset.tables) for (const chain of callersFirst(table)) finder.chain(table, chain);
  const places = new Map(ruleset.tables.flatMap((table) => table.chains).map((chain, place) => [chain, place]));
  const place = (fault: RuleFault): number => places.get(fault.chain) ?? 0;
  return finder.faults.sort((a, b) => place(a) - place(b) || a.index - b.index);
}

/** Chains so that each stands behind all that call it. */
function callersFirst(table: Table): readonly Chain[] {
  const ordered: Chain[] = [];
  const seen = new Set<Chain>();
  const visit = (chain: Chain): void => {
    if (seen.has(chain)) return;
    seen.add(chain);
    for (const rule of chain.rules) for (const name of targets(rule.action)) visit(findChain(table, name));
    ordered.push(chain);
  };
  for (const chain of table.chains) visit(chain);
  return ordered.reverse();
}
