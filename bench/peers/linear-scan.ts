import type { Action, Chain, Flow, Ruleset, Table, Verdict } from '../../src/ir/index.ts';
import { PASSING } from '../../src/ir/index.ts';
import { matches } from '../../src/semantics/index.ts';

type Outcome = Verdict | 'return' | undefined;

/**
 * The verdict on a packet by asking every rule in turn, as a first program would, and no path to it. Only for rulesets that change
 * nothing in a packet; here to be measured against.
 */
export function linearVerdict(ruleset: Ruleset, flow: Flow): Verdict {
  for (const table of ruleset.tables) {
    for (const chain of table.chains) {
      if (chain.base === undefined || !PASSING[chain.base.hook].includes(flow.hook)) continue;
      if (!table.families.includes(flow.family)) continue;
      const outcome = scan(table, chain, flow);
      const verdict = outcome === undefined || outcome === 'return' ? chain.base.policy : outcome;
      if (verdict !== 'accept') return verdict;
    }
  }
  return 'accept';
}

function scan(table: Table, chain: Chain, flow: Flow): Outcome {
  for (const rule of chain.rules) {
    if (!matches(rule.match, flow)) continue;
    const outcome = act(table, rule.action, flow);
    if (outcome !== undefined) return outcome;
  }
  return undefined;
}

function act(table: Table, action: Action, flow: Flow): Outcome {
  switch (action.kind) {
    case 'verdict':
      return action.verdict;
    case 'jump': {
      const outcome = scan(table, called(table, action.chain), flow);
      return outcome === 'return' ? undefined : outcome;
    }
    case 'goto':
      return scan(table, called(table, action.chain), flow) ?? 'return';
    case 'return':
      return 'return';
    case 'continue':
      return undefined;
    case 'dispatch': {
      const found = action.cases.find((each) => matches(each.match, flow));
      return found === undefined ? undefined : act(table, found.action, flow);
    }
  }
}

function called(table: Table, name: string): Chain {
  const chain = table.chains.find((each) => each.name === name);
  if (chain === undefined) throw new Error(`no chain ${name}`);
  return chain;
}
