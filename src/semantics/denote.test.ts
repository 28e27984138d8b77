import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Chain, field, type Rule, type Ruleset } from '../ir/index.ts';
import { DiagramStore, DiagramTooLarge, HeaderSpace } from '../packetset/index.ts';
import { denote } from './index.ts';

function ofPorts(at: number): Rule {
  return {
    match: {
      kind: 'all',
      of: [field('protocol', 6), field('sport', (at * 7_919) % 65_521), field('dport', (at * 104_729) % 65_519)],
    },
    action: { kind: 'verdict', verdict: at % 2 === 0 ? 'accept' : 'drop' },
    origin: {},
  };
}

/** Rules on pairs of ports without a pattern: more nodes than a small store holds. */
const RULES = Array.from({ length: 200 }, (_, at) => ofPorts(at));

function ruleset(rules: readonly Rule[]): Ruleset {
  const base: Chain = {
    name: 'input',
    base: { hook: 'input', priority: 0, policy: 'drop' },
    rules: [{ match: { kind: 'everything' }, action: { kind: 'jump', chain: 'called' }, origin: {} }],
  };
  return { layer: 'nftables', tables: [{ name: 't', families: [4], chains: [base, { name: 'called', rules }] }] };
}

describe('a ruleset whose meaning is too large', () => {
  const changing: Rule = { ...ofPorts(0), effects: [{ kind: 'assign', quantity: 'mark', from: '', keep: 0, flip: 1 }] };
  for (const [what, rules] of [
    ['of rules that change nothing', RULES],
    ['of rules that set a mark', [changing, ...RULES]],
  ] as const) {
    it(`${what} is so when it is asked again, and no other is taken for it`, () => {
      const space = new HeaderSpace(new DiagramStore({ maxNodes: 2_000 }));
      const large = ruleset(rules);
      assert.throws(() => denote(space, large), DiagramTooLarge);
      assert.throws(() => denote(space, large), DiagramTooLarge);
    });
  }
});
