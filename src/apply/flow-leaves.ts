import { type Action, all, anyOf, atHook, type Chain, field, type Match, PASSING } from '../ir/index.ts';
import { type HostRules, isOurs } from './host-rules.ts';

/** What our table lets through for the sake of each flow (or piece of the baseline), by the names of its counters. */
export function flowLeaves({ ruleset }: HostRules): ReadonlyMap<string, Match> {
  const leaves = new Map<string, Match[]>();
  for (const table of ruleset.tables.filter(({ name }) => isOurs(name))) {
    const chains = new Map(table.chains.map((chain) => [chain.name, chain]));
    for (const chain of table.chains) {
      if (chain.base === undefined) continue;
      walk(chain, all(atHook(...PASSING[chain.base.hook]), field('family', ...table.families)), chains, leaves, 0);
    }
  }
  return new Map([...leaves].map(([flow, matches]) => [flow, anyOf(matches)]));
}

const MAX_DEPTH = 16; // NFT_JUMP_STACK_SIZE, include/net/netfilter/nf_tables.h

function walk(
  chain: Chain,
  reached: Match,
  chains: ReadonlyMap<string, Chain>,
  leaves: Map<string, Match[]>,
  depth: number,
): void {
  const act = (action: Action, match: Match, flow: string | undefined): void => {
    switch (action.kind) {
      case 'verdict':
        if (action.verdict === 'accept' && flow !== undefined) add(leaves, flow, match);
        return;
      case 'jump':
      case 'goto': {
        const next = chains.get(action.chain);
        if (next !== undefined && depth < MAX_DEPTH) walk(next, match, chains, leaves, depth + 1);
        return;
      }
      case 'dispatch':
        for (const each of action.cases) act(each.action, all(match, each.match), each.origin?.flow ?? flow);
        return;
      case 'return':
      case 'continue':
        return;
    }
  };
  for (const rule of chain.rules) act(rule.action, all(reached, rule.match), rule.origin.flow);
}

function add(leaves: Map<string, Match[]>, flow: string, match: Match): void {
  const known = leaves.get(flow);
  if (known === undefined) leaves.set(flow, [match]);
  else known.push(match);
}
