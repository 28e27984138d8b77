import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { Chain, Ruleset } from '../../src/ir/index.ts';
import { HeaderSpace } from '../../src/packetset/index.ts';
import { denote, ruleFaults } from '../../src/semantics/index.ts';
import { rulesetArbitrary } from './arbitraries.ts';

/** One table, one base chain, and rules that change no packet: then a fault is exactly a rule that can go unnoticed. */
const plainArbitrary = rulesetArbitrary.map((ruleset): Ruleset => {
  const [table] = ruleset.tables;
  assert.ok(table !== undefined);
  const chains = table.chains
    .filter((chain, index) => chain.base === undefined || index === 0)
    .map((chain): Chain => ({ ...chain, rules: chain.rules.map((rule) => ({ ...rule, effects: [] })) }));
  return { ...ruleset, tables: [{ ...table, chains }] };
});

function without(ruleset: Ruleset, chainName: string, index: number): Ruleset {
  const [table] = ruleset.tables;
  assert.ok(table !== undefined);
  const chains = table.chains.map((chain) =>
    chain.name === chainName ? { ...chain, rules: chain.rules.filter((_, at) => at !== index) } : chain,
  );
  return { ...ruleset, tables: [{ ...table, chains }] };
}

describe('faults of rules', () => {
  it('are rules without which every packet fares the same, and no others in a base chain', () => {
    fc.assert(
      fc.property(plainArbitrary, (ruleset) => {
        const space = new HeaderSpace();
        const whole = denote(space, ruleset);
        const faults = ruleFaults(space, ruleset);
        for (const chain of ruleset.tables[0]?.chains ?? []) {
          for (const [index, rule] of chain.rules.entries()) {
            const fault = faults.find((each) => each.chain === chain && each.index === index);
            const less = denote(space, without(ruleset, chain.name, index));
            const unnoticed = less.accept.equals(whole.accept) && less.drop.equals(whole.drop);
            if (fault !== undefined) assert.ok(unnoticed, `${fault.kind} rule ${index} of ${chain.name} has an effect`);
            else if (chain.base !== undefined && rule.action.kind !== 'continue') {
              assert.ok(!unnoticed, `rule ${index} of ${chain.name} has no effect and is not reported`);
            }
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('of a contradicted rule show a packet that an earlier rule decides otherwise', () => {
    fc.assert(
      fc.property(plainArbitrary, (ruleset) => {
        const faults = ruleFaults(new HeaderSpace(), ruleset);
        for (const fault of faults.filter(({ kind }) => kind === 'shadowed')) {
          assert.ok(fault.witness !== undefined);
          assert.ok(fault.by.length > 0 && fault.by.every((rule) => fault.chain.rules.indexOf(rule) < fault.index));
        }
      }),
      { numRuns: 300 },
    );
  });
});
