import type { Chain, Program, Rule } from './ast.ts';
import { chainInSlot, type Slot } from './names.ts';

/**
 * What `lower` made of a policy, with the policy's own chains under their names in a slot: `PC-input-tcp` becomes `PC-a-input-tcp`, in
 * declarations and wherever a rule leads to it. The frame chains (`PORTCULLIS-INPUT`), the built-in ones and sets keep their names:
 * two policies in one table share them.
 */
export function inSlot({ tables, sets }: Program, slot: Slot): Program {
  return {
    tables: tables.map((table) => ({ ...table, chains: table.chains.map((chain) => chainIn(chain, slot)) })),
    sets,
  };
}

function chainIn(chain: Chain, slot: Slot): Chain {
  return { ...chain, name: chainInSlot(chain.name, slot), rules: chain.rules.map((rule) => ruleIn(rule, slot)) };
}

function ruleIn(rule: Rule, slot: Slot): Rule {
  if (rule.target === undefined) return rule;
  return { ...rule, target: { ...rule.target, name: chainInSlot(rule.target.name, slot) } };
}
