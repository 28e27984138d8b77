import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { everything, type Ruleset, type Verdict } from '../../src/ir/index.ts';
import { HeaderSpace } from '../../src/packetset/index.ts';
import { denote, evaluate, includes, possiblePackets, sampleFlow } from '../../src/semantics/index.ts';
import { flowArbitrary, rulesetArbitrary } from './arbitraries.ts';

const VERDICTS: readonly Verdict[] = ['accept', 'drop', 'reject'];

describe('evaluate and denote, two readings of one meaning', () => {
  it('agree on every packet', () => {
    fc.assert(
      fc.property(rulesetArbitrary, fc.array(flowArbitrary, { minLength: 1, maxLength: 30 }), (ruleset, flows) => {
        const meaning = denote(new HeaderSpace(), ruleset);
        for (const flow of flows) {
          const { verdict } = evaluate(ruleset, flow);
          for (const each of VERDICTS) assert.equal(includes(meaning[each], flow), each === verdict);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('agree on long rule lists, where evaluate looks rules up in an index', () => {
    const longer = fc.array(rulesetArbitrary, { minLength: 30, maxLength: 40 }).map((parts): Ruleset => {
      const rules = parts.flatMap((part) =>
        part.tables.flatMap((table) => table.chains.flatMap((chain) => chain.rules)),
      );
      const plain = rules.filter(({ action }) => action.kind === 'verdict' || action.kind === 'return');
      const cases = plain.flatMap(({ match, action }) => (action.kind === 'verdict' ? [{ match, action }] : []));
      const every = { match: everything, action: { kind: 'dispatch' as const, cases }, origin: {} };
      const base = { hook: 'input', priority: 0, policy: 'drop' } as const;
      return {
        layer: 'test',
        tables: [
          { name: 'rules', families: [4, 6], chains: [{ name: 'input', base, rules: plain }] },
          { name: 'map', families: [4, 6], chains: [{ name: 'input', base, rules: [every] }] },
        ],
      };
    });
    fc.assert(
      fc.property(longer, fc.array(flowArbitrary, { minLength: 30, maxLength: 30 }), (ruleset, flows) => {
        const meaning = denote(new HeaderSpace(), ruleset);
        for (const flow of flows) assert.ok(includes(meaning[evaluate(ruleset, flow).verdict], flow));
      }),
      { numRuns: 30 },
    );
  });

  it('agree on a sample of each verdict', () => {
    fc.assert(
      fc.property(rulesetArbitrary, (ruleset) => {
        const meaning = denote(new HeaderSpace(), ruleset);
        for (const verdict of VERDICTS) {
          const flow = sampleFlow(meaning[verdict]);
          if (flow !== undefined) assert.equal(evaluate(ruleset, flow).verdict, verdict);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('divide what is possible among the verdicts', () => {
    fc.assert(
      fc.property(rulesetArbitrary, (ruleset) => {
        const space = new HeaderSpace();
        const { accept, drop, reject } = denote(space, ruleset);
        assert.ok(!accept.intersects(drop) && !accept.intersects(reject) && !drop.intersects(reject));
        assert.ok(accept.union(drop).union(reject).equals(possiblePackets(space)));
      }),
      { numRuns: 100 },
    );
  });

  it('would be told apart if one were wrong', () => {
    // A planted fault: the last rule of every chain is lost on one side. Some ruleset must show it.
    const lossy = (ruleset: Ruleset): Ruleset => ({
      ...ruleset,
      tables: ruleset.tables.map((table) => ({
        ...table,
        chains: table.chains.map((chain) => ({ ...chain, rules: chain.rules.slice(0, -1) })),
      })),
    });
    const outcome = fc.check(
      fc.property(rulesetArbitrary, fc.array(flowArbitrary, { minLength: 30, maxLength: 30 }), (ruleset, flows) => {
        const meaning = denote(new HeaderSpace(), lossy(ruleset));
        return flows.every((flow) => includes(meaning[evaluate(ruleset, flow).verdict], flow));
      }),
      { numRuns: 300 },
    );
    assert.ok(outcome.failed);
  });
});
