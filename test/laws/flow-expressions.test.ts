import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { formatFlow, patternContext, questionPassages } from '../../src/analysis/index.ts';
import { loadCatalog } from '../../src/catalog/index.ts';
import type { Intent } from '../../src/ir/index.ts';
import { PROTOCOLS } from '../../src/net/index.ts';
import { loadPolicyText, parseFlowExpression } from '../../src/policy/index.ts';
import { resolveFlow, resolvePolicy } from '../../src/resolve/index.ts';
import { intentRuleset, matches, patternMatch } from '../../src/semantics/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { flowArbitrary } from './arbitraries.ts';

const catalog = loadCatalog();

function emptyIntent(): Intent {
  const { policy } = loadPolicyText(new SourceFile('empty', 'portcullis: 1\n'), () => ({ reason: 'there is none' }));
  const { intent } = resolvePolicy(policy!, { accounts: new Map(), catalog, today: '2026-11-22' });
  return intent!;
}

describe('flow expressions', () => {
  const intent = emptyIntent();
  const ruleset = intentRuleset(intent);

  it('say of a packet what it is: read again, the packet is among those that are meant', () => {
    let checked = 0;
    fc.assert(
      fc.property(flowArbitrary, (flow) => {
        const isIcmp = flow.protocol === PROTOCOLS.icmp || flow.protocol === PROTOCOLS.icmpv6;
        // ICMP of one family in packets of the other is no packet that a person would ask about.
        if (isIcmp && (flow.protocol === PROTOCOLS.icmp) !== (flow.family === 4)) return;
        const { flow: expression, diagnostics } = parseFlowExpression(formatFlow(flow));
        assert.deepEqual(diagnostics, []);
        const context = { ...intent, accounts: new Map<string, number>(), catalog, hook: flow.hook };
        const { question, diagnostics: more } = resolveFlow(expression!, context);
        assert.deepEqual(more, []);
        const passages = questionPassages(question!, patternContext(intent, ruleset));
        assert.equal(passages.length, 1);
        const [pattern] = passages[0]!;
        // What an expression does not say is as the first packet has it.
        const quantities = new Map(pattern!.quantities).set('mark', flow.quantities?.get('mark') ?? 0);
        const told = { ...flow, srcType: pattern!.srcType, dstType: pattern!.dstType, quantities };
        const packet = flow.tcpFlags === undefined ? told : { ...told, tcpFlags: pattern!.tcpFlags! };
        assert.ok(matches(patternMatch(pattern!), packet), formatFlow(flow));
        checked++;
      }),
      { numRuns: 1000 },
    );
    assert.ok(checked > 500);
  });

  it('never break the reader, whatever stands there', () => {
    const word = fc.oneof(
      fc.constantFrom(
        'tcp',
        'udp',
        'icmp',
        '->',
        'host',
        '[',
        ']',
        ':',
        '10.0.0.1',
        '[::1]:22',
        'iif',
        'uid',
        'state',
        '/8',
        'catalog:',
      ),
      fc.string({ unit: 'binary', maxLength: 12 }),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 10 }), fc.constantFrom(' ', '', '\t'), (words, between) => {
        const { flow, diagnostics } = parseFlowExpression(words.join(between));
        assert.equal(flow === undefined, diagnostics.length > 0);
        for (const { span } of diagnostics) assert.ok(span!.start <= span!.end && span!.end <= span!.file.text.length);
        if (flow !== undefined) resolveFlow(flow, { ...intent, accounts: new Map(), catalog });
      }),
      { numRuns: 5000 },
    );
  });
});
