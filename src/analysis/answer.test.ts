import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { loadCatalog } from '../catalog/index.ts';
import type { Hook, Intent } from '../ir/index.ts';
import { parseFlowExpression } from '../policy/index.ts';
import { resolveFlow } from '../resolve/index.ts';
import { intentRuleset } from '../semantics/index.ts';
import { type Answer, Oracle } from './answer.ts';
import { exampleIntent } from './example.fixture.ts';
import { patternContext, questionPassages } from './flow-patterns.ts';
import { formatFlow } from './flow-text.ts';

function ask(text: string, hook?: Hook, intent: Intent = exampleIntent()): Answer {
  const parsed = parseFlowExpression(text);
  assert.deepEqual(parsed.diagnostics, []);
  const { zones, groups, unknownAccounts } = intent;
  const accounts = new Map([['openclaw', 998]]);
  const context = { zones, groups, unknownAccounts, accounts, catalog: loadCatalog(), ...(hook ? { hook } : {}) };
  const resolved = resolveFlow(parsed.flow!, context);
  assert.deepEqual(resolved.diagnostics, []);
  const ruleset = intentRuleset(intent);
  return new Oracle(ruleset).ask(questionPassages(resolved.question!, patternContext(intent, ruleset)));
}

function words(answer: Answer): string[] {
  return answer.cases.map(
    (each) => `${each.verdict} by ${each.path.map((step) => step.rule?.origin.flow ?? step.chain).join(', ')}`,
  );
}

suite('what becomes of a flow', () => {
  const table: readonly (readonly [flow: string, hook: Hook | undefined, answers: readonly string[]])[] = [
    ['tcp bastion -> host:22', undefined, ['accept by ssh']],
    ['tcp 10.0.5.10 -> host:22', undefined, ['accept by ssh']],
    ['tcp 10.0.5.11 -> host:22', undefined, ['drop by input']],
    ['tcp 10.0.5.10 -> 10.0.0.5:22', 'input', ['accept by ssh']],
    ['tcp [2001:db8:5::10] -> host:22', undefined, ['accept by ssh']],
    ['tcp agent -> discord.com:443', undefined, ['accept by discord']],
    ['tcp agent -> gateway.discord.gg:443', undefined, ['accept by discord']],
    ['tcp agent -> discord.gg:443', undefined, ['reject by output']],
    ['tcp agent -> example.com:443', undefined, ['reject by output']],
    ['tcp agent -> 198.51.100.7:443', undefined, ['reject by output']],
    ['udp agent -> 9.9.9.9:53', undefined, ['accept by dns']],
    ['udp host -> 9.9.9.9:53 uid openclaw', undefined, ['accept by dns']],
    ['udp host -> 9.9.9.9:53 uid 0', undefined, ['reject by output']],
    ['udp host -> 9.9.9.9:53', undefined, ['accept by dns', 'reject by output']],
    ['tcp agent -> host:8080', undefined, ['accept by baseline:loopback, baseline:loopback']],
    ['tcp 127.0.0.1 -> 127.0.0.1:8080', undefined, ['accept by baseline:loopback, baseline:loopback']],
    ['tcp 127.0.0.1 -> host:8080 iif eth0', 'input', ['drop by baseline:anti-spoofing']],
    ['tcp 192.168.1.1 -> host:8050 iif eth1', undefined, ['accept by web']],
    ['tcp 192.168.1.1 -> host:8050 iif eth0', undefined, ['drop by input']],
    ['tcp lan -> host:8050', undefined, ['accept by web']],
    ['tcp 192.168.1.1 -> host:8050', undefined, ['accept by web', 'drop by input']],
    ['tcp 192.168.1.1 -> host:7999-8000 iif eth1', undefined, ['accept by web', 'drop by input']],
    ['tcp 203.0.113.9 -> host:9 state established', undefined, ['accept by baseline:established']],
    ['icmpv6 nd-neighbor-solicit [fe80::1] -> [fe80::2]', 'input', ['accept by baseline:icmpv6-neighbours']],
    ['icmp echo-request 10.0.0.9 -> host', undefined, ['drop by input']],
    ['tcp lan -> bastion:22', undefined, ['drop by forward']],
  ];
  for (const [flow, hook, answers] of table) {
    test(`${flow}${hook ? ` at ${hook}` : ''}: ${answers.join('; ')}`, () => {
      assert.deepEqual(words(ask(flow, hook)), answers);
    });
  }

  test('two plain addresses are answered for every place where the packet may stand', () => {
    const answer = ask('tcp 10.0.5.10 -> 203.0.113.9:22');
    assert.equal(answer.verdict, 'depends');
    assert.deepEqual(new Set(answer.cases.map((each) => each.witness.hook)), new Set(['input', 'output', 'forward']));
  });

  test('a witness can be asked again and fares the same', () => {
    for (const { verdict, witness } of ask('tcp 192.168.1.1 -> host:8050').cases) {
      assert.equal(ask(formatFlow(witness)).verdict, verdict, formatFlow(witness));
    }
  });
});
