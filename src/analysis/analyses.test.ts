import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Intent, PolicyTest, Ruleset } from '../ir/index.ts';
import { parseDnsPattern, range } from '../net/index.ts';
import { HeaderSpace } from '../packetset/index.ts';
import { intentRuleset } from '../semantics/index.ts';
import { type Difference, difference } from './difference.ts';
import { exampleIntent, grant, PEERS, service } from './example.fixture.ts';
import { formatFlow } from './flow-text.ts';
import { acceptedPackets, serviceMatrix } from './matrix.ts';
import { byNames } from './name-atoms.ts';
import { provePolicyTests } from './policy-tests.ts';
import { reachability } from './reach.ts';

function claim(
  expect: PolicyTest['expect'],
  from: PolicyTest['from'][number],
  to: PolicyTest['to'][number],
  port: number,
): PolicyTest {
  return { text: 'claim', expect, from: [from], to: [to], services: [service('tcp', port)], origin: {} };
}

suite('claims of the policy', () => {
  const outcome = (test: PolicyTest, change: Partial<Intent> = {}) =>
    provePolicyTests(exampleIntent({ tests: [test], ...change }))[0]!;
  const address = (text: string) => ({ kind: 'remote' as const, ranges: [range(text)] });

  test('hold for every packet or are refuted by one', () => {
    assert.equal(outcome(claim('allow', PEERS.bastion, PEERS.host, 22)).kind, 'passed');
    assert.equal(outcome(claim('deny', PEERS.internet, PEERS.host, 22)).kind, 'passed');
    assert.equal(outcome(claim('deny', PEERS.agent, address('198.51.100.7'), 443)).kind, 'passed');
    const failed = outcome(claim('allow', PEERS.bastion, PEERS.host, 80));
    assert.ok(failed.kind === 'failed');
    assert.equal(formatFlow(failed.witness), 'tcp 10.0.5.10:40000 -> 10.0.0.5:80 iif eth0');
    assert.deepEqual(
      failed.path.map((step) => step.outcome),
      ['drop'],
    );
  });

  test('a claim that speaks of no packet is not counted as proven', () => {
    assert.equal(outcome(claim('deny', { kind: 'remote', ranges: [] }, PEERS.host, 22)).kind, 'empty');
  });

  test('one packet too many refutes a denial', () => {
    const failed = outcome(claim('deny', { kind: 'remote', ranges: [range('10.0.0.0/8')] }, PEERS.host, 22));
    assert.ok(failed.kind === 'failed');
    assert.equal(formatFlow(failed.witness), 'tcp 10.0.5.10:40000 -> 10.0.0.5:22 iif eth0');
  });

  test('a name is allowed by its group only, and its address is none that a flow names', () => {
    const name = (text: string, ...groups: readonly string[]) => ({
      kind: 'name' as const,
      name: parseDnsPattern(text)!.name,
      groups,
    });
    assert.equal(outcome(claim('allow', PEERS.agent, name('discord.com', 'discord'), 443)).kind, 'passed');
    assert.equal(outcome(claim('deny', PEERS.agent, name('example.com'), 443)).kind, 'passed');
    const toOne = { grants: [grant('one', PEERS.agent, address('8.8.8.8'), service('tcp', 443))] };
    assert.equal(outcome(claim('deny', PEERS.agent, name('example.com'), 443), toOne).kind, 'passed');
    const toAll = { grants: [grant('all', PEERS.agent, PEERS.internet, service('tcp', 443))] };
    assert.equal(outcome(claim('deny', PEERS.agent, name('example.com'), 443), toAll).kind, 'failed');
  });
});

suite('differences', () => {
  const compare = (before: Intent, after: Intent): Difference => {
    const groups = [...before.groups, ...after.groups];
    const rules = (intent: Intent): Ruleset => byNames(intentRuleset(intent), intent.groups, groups);
    return difference(new HeaderSpace(), rules(before), rules(after), { limit: 10, onlyNew: false });
  };
  const words = (difference: Difference) => ({
    wider: difference.wider.map((part) => part.packets),
    narrower: difference.narrower.map((part) => part.packets),
  });

  test('none between a policy and itself', () => {
    assert.deepEqual(compare(exampleIntent(), exampleIntent()), { wider: [], narrower: [] });
  });

  test('a new flow makes it wider, a lost one narrower, each told by packets', () => {
    const more = exampleIntent();
    const less = exampleIntent({ grants: more.grants.filter((each) => each.name !== 'ssh') });
    const expected = [
      'input IPv4 tcp from 10.0.5.10 port 22 source is unicast, unspec, blackhole, unreachable, prohibit state new, untracked',
      'input IPv6 tcp from 2001:db8:5::10 port 22 source is unicast, unspec, blackhole, unreachable, prohibit state new, untracked',
    ];
    const found = words(compare(less, more));
    assert.equal(found.narrower.length, 0);
    assert.equal(found.wider.length, expected.length, found.wider.join('\n'));
    assert.deepEqual(words(compare(more, less)), { wider: [], narrower: found.wider });
  });

  test('a zone that got another name in it is another zone, whatever its own name', () => {
    const before = exampleIntent();
    const patterns = [...before.groups[0]!.patterns, parseDnsPattern('evil.example')!];
    const after = exampleIntent({ groups: [{ ...before.groups[0]!, patterns }] });
    const { wider, narrower } = compare(before, after);
    assert.deepEqual(narrower, []);
    assert.equal(wider.length, 1);
    assert.match(wider[0]!.packets, /evil\.example/);
  });

  test('one name of what a wildcard allowed is less, not something else', () => {
    const before = exampleIntent();
    const patterns = [parseDnsPattern('discord.com')!, parseDnsPattern('gateway.discord.gg')!];
    const after = exampleIntent({ groups: [{ ...before.groups[0]!, patterns }] });
    const { wider, narrower } = compare(before, after);
    assert.deepEqual(wider, []);
    assert.ok(narrower.length > 0);
  });
});

suite('reach', () => {
  test('who reaches whom, on what', () => {
    const intent = exampleIntent();
    const { connections } = reachability(intent, intentRuleset(intent));
    const told = connections
      .filter(({ from, to }) => from !== 'host' && to !== 'agent' && from !== 'internet' && to !== 'internet')
      .map(({ from, to, allowed }) => [
        from,
        to,
        allowed.map((each) => `${each.protocol} ${each.ports ?? each.types ?? ''}`),
      ]);
    assert.deepEqual(told, [
      ['agent', 'host', ['TCP ', 'UDP ', 'ICMP echo-request', 'ICMPV6 echo-request']],
      ['agent', 'resolver', ['UDP 53']],
      ['agent', 'discord', ['TCP 443']],
      ['bastion', 'host', ['TCP 22']],
      ['lan', 'host', ['TCP 8000-8100']],
    ]);
  });
});

suite('matrix', () => {
  test('splits the addresses by who may reach a service', () => {
    const matrix = serviceMatrix(acceptedPackets(intentRuleset(exampleIntent())), {
      hook: 'input',
      services: [service('tcp', 22)],
      families: [4],
    });
    const open = matrix.groups.filter((group) => matrix.edges.some((edge) => edge.from === group.id));
    assert.deepEqual(
      open.map((group) => group.addresses),
      [['10.0.5.10']],
    );
    assert.deepEqual(
      matrix.groups.map((group) => group.addresses),
      [['0.0.0.0-10.0.5.9', '10.0.5.11-255.255.255.255'], ['10.0.5.10']],
    );
    assert.deepEqual(matrix.edges, [
      { from: 'g2', to: 'g1' },
      { from: 'g2', to: 'g2' },
    ]);
  });

  test('a service that nobody may use leaves one group without edges', () => {
    const matrix = serviceMatrix(acceptedPackets(intentRuleset(exampleIntent())), {
      hook: 'input',
      services: [service('tcp', 9)],
      families: [4, 6],
    });
    assert.deepEqual(matrix, {
      groups: [
        { id: 'g1', addresses: ['0.0.0.0/0'] },
        { id: 'g2', addresses: ['::/0'] },
      ],
      edges: [],
    });
  });
});
