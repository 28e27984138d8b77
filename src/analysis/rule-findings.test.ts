import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Action,
  type Chain,
  everything,
  field,
  type Match,
  type Rule,
  type Ruleset,
  type Verdict,
} from '../ir/index.ts';
import { ruleFindings } from './rule-findings.ts';

const port = (first: number, last = first): Match => field('dport', { first, last });
const rule = (match: Match, action: Verdict | Action): Rule => ({
  match,
  action: typeof action === 'string' ? { kind: 'verdict', verdict: action } : action,
  origin: {},
});

function findings(
  rules: readonly Rule[],
  others: Readonly<Record<string, readonly Rule[]>> = {},
  opaque: readonly Match[] = [],
) {
  const base: Chain = { name: 'input', base: { hook: 'input', priority: 0, policy: 'drop' }, rules };
  const chains = [base, ...Object.entries(others).map(([name, body]): Chain => ({ name, rules: body }))];
  const ruleset: Ruleset = { layer: 'test', tables: [{ name: 'test', families: [4, 6], chains }] };
  return ruleFindings(ruleset, opaque).map((finding) => [
    finding.kind,
    finding.chain.name,
    finding.kind === 'unreachable' ? -1 : finding.chain.rules.indexOf(finding.rule),
  ]);
}

describe('findings', () => {
  it('name one of two rules that say the same: the later one', () => {
    assert.deepEqual(findings([rule(port(22), 'accept'), rule(port(22), 'accept')]), [['shadowed', 'input', 1]]);
  });

  it('do not name rules together of which one is needed', () => {
    const rules = [rule(port(22), 'accept'), rule(port(22, 23), 'accept'), rule(port(23), 'accept')];
    assert.deepEqual(findings(rules), [['shadowed', 'input', 2]]);
  });

  it('leave jumps alone to chains that are kept for others, and a last return', () => {
    const to = (chain: string) => rule(everything, { kind: 'jump', chain });
    const custom = { custom: [], docker: [rule(port(22), 'accept'), rule(everything, { kind: 'return' })] };
    assert.deepEqual(findings([to('custom'), to('docker')], custom), []);
  });

  it('name a chain once that no packet enters, and not at all where the rule that leads there is named', () => {
    const body = [rule(port(1), 'accept'), rule(port(2), 'accept')];
    assert.deepEqual(findings([], { lonely: body }), [['unreachable', 'lonely', -1]]);
    const jump = rule(port(22), { kind: 'jump', chain: 'ssh' });
    assert.deepEqual(findings([rule(everything, 'accept'), jump], { ssh: body }), [['shadowed', 'input', 1]]);
  });

  it('call nothing redundant that a rule which was not understood may decide', () => {
    const rules = [rule(port(22), 'drop'), rule(port(80), 'drop')];
    assert.deepEqual(findings(rules, {}, [port(22)]), [['redundant', 'input', 1]]);
  });
});
