import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { documentOf, POLICY, portcullis } from './cli.ts';

const RULES = `table inet office {
  set learned { type ipv4_addr; flags dynamic,timeout; timeout 1h; }
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    tcp dport 22 accept
    ip saddr 10.0.0.0/8 tcp dport 22 drop
    ip saddr @learned drop
    tcp dport 80 limit rate 5/minute accept
    udp dport 53 accept
    udp dport 53 ip saddr 10.1.0.0/16 accept
    iifname "eth0" jump wan
    tcp dport 9999 counter drop
  }
  chain wan {
    iifname "eth1" accept
    tcp dport 443 accept
    return
  }
  chain lonely {
    tcp dport 1 accept
    tcp dport 2 accept
  }
}
`;

suite('check --in', () => {
  test('every rule without effect, with its place, the rules that make it so and a packet', async () => {
    const ran = await portcullis(['check', '--in', 'office.nft'], { files: { 'office.nft': RULES } });
    assert.equal(ran.exitCode, 1);
    assert.equal(ran.stdout, '5 findings: 14 rules\n');
    const heads = ran.stderr.split('\n').filter((line) => line.startsWith('warning'));
    assert.deepEqual(heads, [
      'warning[A0001]: `ip saddr 10.0.0.0/8 tcp dport 22 drop` never acts, and packets fare otherwise than it says: `tcp dport 22 accept` (office.nft:6) decides its packets first',
      'warning[A0002]: `udp dport 53 ip saddr 10.1.0.0/16 accept` never acts: `udp dport 53 accept` (office.nft:10) decides its packets first',
      "warning[A0003]: `tcp dport 9999 counter drop` makes no difference: the chain's policy `drop` does the same with its packets",
      'warning[A0004]: no packet that comes to the chain `wan` fits `iifname "eth1" accept`: it is reached by `iifname "eth0" jump wan` (office.nft:12)',
      'warning[A0005]: nothing leads to the chain `lonely` with its 2 rules',
    ]);
    assert.match(ran.stderr, /--> office\.nft:7:5\n {2}7 \| +ip saddr 10\.0\.0\.0\/8 tcp dport 22 drop\n/);
    assert.match(ran.stderr, /for example `tcp 10\.0\.0\.9:40000 -> 10\.0\.0\.5:22 iif eth0` is accepted/);
  });

  test('as JSON', async () => {
    const ran = await portcullis(['check', '--in', '-', '--json'], { stdin: RULES });
    const { ok, rules, findings, opaque } = documentOf(ran, 'check');
    assert.deepEqual([ran.exitCode, ok, rules, opaque], [1, false, 14, []]);
    assert.ok(Array.isArray(findings));
    assert.deepEqual(
      findings.map(({ kind, rule }) => [kind, rule?.origin.line]),
      [
        ['contradicted', 7],
        ['shadowed', 11],
        ['redundant', 13],
        ['impossible', 16],
        ['unreachable', undefined],
      ],
    );
    assert.deepEqual(findings[0], {
      code: 'A0001',
      kind: 'contradicted',
      table: 'inet office',
      chain: 'input',
      rule: {
        text: 'ip saddr 10.0.0.0/8 tcp dport 22 drop',
        origin: { file: '<stdin>', line: 7 },
      },
      by: [{ text: 'tcp dport 22 accept', origin: { file: '<stdin>', line: 6 } }],
      witness: { flow: 'tcp 10.0.0.9:40000 -> 10.0.0.5:22 iif eth0', verdict: 'accept' },
    });
  });

  test('rules of a live host by their handles', async () => {
    const rule = (handle: number, verdict: string) => ({
      rule: {
        family: 'inet',
        table: 'office',
        chain: 'input',
        handle,
        expr: [
          { match: { op: '==', left: { payload: { protocol: 'tcp', field: 'dport' } }, right: 22 } },
          { [verdict]: null },
        ],
      },
    });
    const chain = { family: 'inet', table: 'office', name: 'input', handle: 1 };
    const listing = {
      nftables: [
        { table: { family: 'inet', name: 'office', handle: 4 } },
        { chain: { ...chain, type: 'filter', hook: 'input', prio: 0, policy: 'drop' } },
        rule(7, 'accept'),
        rule(9, 'drop'),
      ],
    };
    const ran = await portcullis(['check', '--in', '-', '--json'], { stdin: JSON.stringify(listing) });
    const { findings } = documentOf(ran, 'check');
    assert.ok(Array.isArray(findings));
    assert.deepEqual(
      findings.map(({ kind, rule: told, by }) => [kind, told.handle, by[0].handle]),
      [['contradicted', 9, 7]],
    );
    const asked = await portcullis(['why', '--in', '-', '--json', 'tcp 192.0.2.1 -> host:22'], {
      stdin: JSON.stringify(listing),
    });
    const { path } = documentOf(asked, 'why');
    assert.ok(Array.isArray(path));
    assert.deepEqual([path[0].table, path[0].handle], ['inet office', 7]);
  });

  test('without findings, exit code 0', async () => {
    const sound = 'table ip a { chain b { type filter hook input priority 0; policy drop; tcp dport 22 accept; } }';
    const ran = await portcullis(['check', '--in', '-'], { stdin: sound });
    assert.deepEqual([ran.exitCode, ran.stdout, ran.stderr], [0, 'sound: 1 rule, none without effect\n', '']);
  });

  test('what is no ruleset, and a policy beside it: exit code 2', async () => {
    assert.equal((await portcullis(['check', '--in', '-'], { stdin: 'table inet {' })).exitCode, 2);
    assert.equal((await portcullis(['check', '--in', 'nowhere.nft'])).exitCode, 2);
    const files = { 'portcullis.yaml': POLICY, 'office.nft': RULES };
    const both = await portcullis(['check', 'portcullis.yaml', '--in', 'office.nft'], { files });
    assert.equal(both.exitCode, 2);
    assert.match(both.stderr, /portcullis diff POLICY FILE/);
  });

  test('of what we write ourselves: only what the baseline drops where nothing would let it through anyway', async () => {
    const rendered = await portcullis(['render', 'nftables'], { files: { 'portcullis.yaml': POLICY } });
    const ran = await portcullis(['check', '--in', '-', '--json'], { stdin: rendered.stdout });
    const { findings } = documentOf(ran, 'check');
    assert.ok(Array.isArray(findings) && findings.length > 0);
    for (const { kind, rule } of findings) {
      assert.equal(kind, 'redundant');
      assert.match(rule.text, /drop comment "baseline:anti-spoofing"$/);
    }
  });
});
