import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { Chain, Rule, Ruleset, Table } from '../../src/ir/index.ts';
import { HeaderSpace } from '../../src/packetset/index.ts';
import { type Denotation, denote, evaluate, ruleFaults } from '../../src/semantics/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { nftablesTarget } from '../../src/target/nftables/index.ts';
import { rulesetArbitrary } from './arbitraries.ts';

function isPure(table: Table, rule: Rule): boolean {
  if (rule.effects !== undefined && rule.effects.length > 0) return false;
  const actions = rule.action.kind === 'dispatch' ? rule.action.cases.map((each) => each.action) : [rule.action];
  return actions.every((action) => {
    if (action.kind !== 'jump' && action.kind !== 'goto') return true;
    const called = table.chains.find((chain) => chain.name === action.chain);
    return called?.rules.every((each) => isPure(table, each)) ?? true;
  });
}

function withoutRule(ruleset: Ruleset, table: Table, chain: Chain, index: number): Ruleset {
  const thinner: Chain = { ...chain, rules: chain.rules.toSpliced(index, 1) };
  const chains = table.chains.map((each) => (each === chain ? thinner : each));
  return { ...ruleset, tables: ruleset.tables.map((each) => (each === table ? { ...table, chains } : each)) };
}

function sameMeaning(a: Denotation, b: Denotation): boolean {
  return a.accept.equals(b.accept) && a.drop.equals(b.drop) && a.reject.equals(b.reject);
}

describe('faults of rules', () => {
  it('are rules without which every packet fares the same, whatever rules change and however many tables there are', () => {
    fc.assert(
      fc.property(rulesetArbitrary, (ruleset) => {
        const space = new HeaderSpace();
        const whole = denote(space, ruleset);
        for (const fault of ruleFaults(space, ruleset)) {
          const less = denote(space, withoutRule(ruleset, fault.table, fault.chain, fault.index));
          assert.ok(sameMeaning(less, whole), `${fault.kind} rule ${fault.index} of ${fault.chain.name} has an effect`);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('are all such rules of base chains, but for those that only count or change packets', () => {
    fc.assert(
      fc.property(rulesetArbitrary, (ruleset) => {
        const space = new HeaderSpace();
        const whole = denote(space, ruleset);
        const faults = ruleFaults(space, ruleset);
        for (const table of ruleset.tables) {
          for (const chain of table.chains.filter((each) => each.base !== undefined)) {
            for (const [index, rule] of chain.rules.entries()) {
              if (rule.action.kind === 'continue' || !isPure(table, rule)) continue;
              if (faults.some((fault) => fault.chain === chain && fault.index === index)) continue;
              const less = denote(space, withoutRule(ruleset, table, chain, index));
              assert.ok(!sameMeaning(less, whole), `rule ${index} of ${chain.name} has no effect and is not reported`);
            }
          }
        }
      }),
      { numRuns: 400 },
    );
  });

  it('have a witness that meets the rule exactly where it decides something, if any', () => {
    let contradicted = 0;
    fc.assert(
      fc.property(rulesetArbitrary, (ruleset) => {
        for (const { kind, rule, contradicts, witness } of ruleFaults(new HeaderSpace(), ruleset)) {
          if (witness === undefined) continue;
          const { verdict, path } = evaluate(ruleset, witness);
          assert.equal(
            path.some((step) => step.rule === rule),
            kind === 'redundant',
          );
          // Where another base chain follows, of the same table or not, it may drop what this one has accepted.
          const bases = ruleset.tables.flatMap(({ chains }) => chains.filter(({ base }) => base !== undefined));
          const isLastWord = bases.length === 1 && rule.action.kind === 'verdict' && rule.action.verdict !== 'accept';
          if (!contradicts || !isLastWord) continue;
          contradicted++;
          assert.notEqual(verdict, rule.action.verdict);
        }
      }),
      { numRuns: 400 },
    );
    assert.ok(contradicted > 0);
  });

  it('show no packet that comes to the chain only once it is changed, and fares otherwise as it enters', () => {
    const { ruleset } = nftablesTarget.lift(
      nftablesTarget.parse([
        new SourceFile(
          'rules.nft',
          `table inet t {
            chain deep {
              meta mark 5 accept
              meta mark 5 reject
            }
            chain c {
              type filter hook input priority 0; policy accept;
              meta mark 4 meta mark set 5 jump deep
              reject
            }
          }`,
        ),
      ]).ast!,
    );
    const faults = ruleFaults(new HeaderSpace(), ruleset).map(({ kind, chain, contradicts, witness }) => ({
      kind,
      chain: chain.name,
      contradicts,
      witness,
    }));
    assert.deepEqual(faults, [{ kind: 'shadowed', chain: 'deep', contradicts: true, witness: undefined }]);
  });
});
