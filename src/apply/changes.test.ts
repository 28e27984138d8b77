import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connection, listing, OPEN, POLICY, rules, UFW_AND_DOCKER } from '../../test/apply/support.ts';
import { intentOf } from '../../test/lab/policies.ts';
import { formatFlow } from '../analysis/index.ts';
import { evaluate } from '../semantics/index.ts';
import { changes, type HostListing, neighbours, type Plan, plan } from './index.ts';

const small = intentOf(POLICY);

function planned(before: HostListing, policy: string): Plan {
  const intent = intentOf(policy);
  return plan({
    before: before.rules('standing'),
    after: before.withOurs(listing(rules(intent))),
    intent,
    around: { listing: before, addresses: [] },
    connections: [],
  });
}

function sentences(found: readonly { readonly sentence: string }[]): string[] {
  return found.map(({ sentence }) => sentence);
}

suite('what opens and closes', () => {
  test('on a machine that lets all through, only closes: in few sentences, the internet first', () => {
    const { opened, closed } = planned(listing(OPEN), POLICY);
    assert.deepEqual(opened, []);
    assert.deepEqual(sentences(closed), [
      'everything from the internet to this machine',
      'everything through this machine',
      'everything but TCP 53, 443, UDP 53 from this machine to the internet',
      'TCP 53, UDP 53 from this machine to the internet: all but 9.9.9.9, but for what flow `resolver` let through',
      'TCP 443 from this machine to the internet, but for what flow `web` let through',
      'everything but TCP 22 from private networks and other addresses to this machine',
      'TCP 22 from private networks to this machine: all but 10.0.5.10, but for what flow `ssh` let through',
      'TCP 22 from other addresses to this machine: all but 2001:db8:5::10, but for what flow `ssh` let through',
      'everything from this machine to private networks and other addresses',
      'packets that no ordinary connection begins with (errors, leases, groups, marks and addresses that are not what they seem)',
    ]);
  });

  test('UFW with Docker: what their rules let through and ours do not, the published port on its way to the container', () => {
    const { opened, closed } = planned(listing(UFW_AND_DOCKER), POLICY);
    assert.deepEqual(opened, []); // an accept of ours opens nothing that theirs drop
    const told = sentences(closed).join('\n');
    assert.match(told, /^TCP 22 from the internet/m);
    assert.match(told, /TCP 9090 from private networks to this machine: only 10\.20\.0\.0\/16/);
    assert.match(told, /through this machine/);
    const published = [...opened, ...closed].find(({ witness }) => witness.hook === 'forward');
    assert.ok(published);
  });

  test('another policy of ours before: by flow, in the policy’s own words', () => {
    const before = listing(rules(small));
    const wider = `${POLICY}  - { name: open, from: internet, to: host, service: tcp/8443 }\n`;
    const { opened, closed } = planned(before, wider);
    assert.deepEqual(sentences(opened), ['tcp/8443 from internet to host (flow `open`)']);
    assert.equal(opened[0]?.scope, 'internet-in');
    assert.deepEqual(closed, []);
    const gone = planned(listing(rules(intentOf(wider))), POLICY);
    assert.deepEqual(sentences(gone.closed), ['TCP 8443 from the internet to this machine (flow `open`, as it was)']);
    assert.equal(gone.opened.length, 0);
  });

  test('the most dangerous first', () => {
    const before = listing(rules(small));
    const { opened } = planned(
      before,
      `${POLICY}  - { name: a-lan, from: private, to: host, service: tcp/8080 }\n  - { name: b-out, from: host, to: internet, service: tcp/25 }\n  - { name: c-in, from: internet, to: host, service: tcp/80 }\n`,
    );
    assert.deepEqual(
      opened.map(({ flow, scope }) => `${flow} ${scope}`),
      ['c-in internet-in', 'b-out out-to-internet', 'a-lan private-in'],
    );
  });

  test('a part of a flow is told as a part', () => {
    const before = listing(rules(intentOf(POLICY.replace('10.0.5.10, "2001:db8:5::10"', '10.0.5.10'))));
    const { opened } = planned(before, POLICY);
    assert.deepEqual(sentences(opened), ['some of tcp/22 from bastion to host (flow `ssh`)']);
    assert.match(opened[0]?.packets.join() ?? '', /2001:db8:5::10/);
  });

  test('a rate that is new is told with what it depends on', () => {
    const { closed } = planned(
      listing(rules(small)),
      POLICY.replace('service: ssh }', 'service: ssh, rate: 6/minute }'),
    );
    assert.deepEqual(
      closed.map(({ flow, conditions }) => [flow, ...conditions]),
      [['ssh', 'within 6/minute of `ssh`']],
    );
  });

  test('the same policy changes nothing', () => {
    const found = planned(listing(rules(small), UFW_AND_DOCKER), POLICY);
    assert.deepEqual([found.opened, found.closed], [[], []]);
  });

  test('each witness shows it, and where it is decided', () => {
    for (const before of [OPEN, UFW_AND_DOCKER, rules(small)]) {
      const [was, policy] = [listing(before), `${POLICY}  - { name: more, from: any, to: host, service: udp/51820 }\n`];
      const found = planned(was, policy);
      const is = was.withOurs(listing(rules(intentOf(policy))));
      for (const { effect, witness, before: steps, after } of [...found.opened, ...found.closed]) {
        const verdicts = [was.rules('standing'), is].map(({ ruleset }) => evaluate(ruleset, witness).verdict);
        assert.equal(verdicts[effect === 'opened' ? 1 : 0], 'accept', formatFlow(witness));
        assert.notEqual(verdicts[effect === 'opened' ? 0 : 1], 'accept', formatFlow(witness));
        assert.ok(steps.length > 0 || effect === 'closed');
        assert.ok(after.length > 0);
      }
    }
  });

  test('planted: one rule that opens a port for the internet in a table of thousands of addresses is found first', () => {
    const elements = Array.from({ length: 2000 }, (_, at) => `10.${1 + (at >> 8)}.${at & 255}.7`).join(', ');
    const table = (extra: string): string =>
      `table inet big { set s { type ipv4_addr; elements = { ${elements} }\n }\n chain in { type filter hook input priority 0; policy drop; ip saddr @s tcp dport 443 accept; ${extra} } }`;
    const { opened, closed } = changes(
      listing(table('')).rules('standing'),
      listing(table('tcp dport 3306 accept;')).rules('standing'),
      small,
    );
    assert.deepEqual(sentences(opened).slice(0, 2), [
      'TCP 3306 from anywhere to this machine',
      'TCP 3306 between programs of this machine',
    ]);
    assert.deepEqual(closed, []);
  });
});

suite('connections that the new rules deny', () => {
  const before = listing(OPEN);
  const cut = (text: string, more: Parameters<typeof connection>[1] = {}) =>
    plan({
      before: before.rules('standing'),
      after: before.withOurs(listing(rules(small))),
      intent: small,
      around: { listing: before, addresses: [] },
      connections: [connection(text, more)],
    }).denied.map(({ certain }) => (certain ? 'denied' : 'perhaps'));
  const out = { way: 'output', interface: 'eth0' } as const;
  const agent = 61_000; // as intentOf numbers accounts

  const cases: readonly (readonly [string, Parameters<typeof cut>, readonly string[]])[] = [
    ['an allowed one from outside', ['10.0.5.10:5000 -> 10.0.0.5:22'], []],
    ['one that no flow is for', ['203.0.113.9:5000 -> 10.0.0.5:80', { program: 'nginx' }], ['denied']],
    ['one of the agent to the internet', ['10.0.0.5:40000 -> 8.8.8.8:443', { ...out, uid: agent }], []],
    ['the same of another account', ['10.0.0.5:40000 -> 8.8.8.8:443', { ...out, uid: 0 }], ['denied']],
    ['the same of nobody knows whom', ['10.0.0.5:40000 -> 8.8.8.8:443', out], ['perhaps']],
    ['one between programs of this machine', ['127.0.0.1:40000 -> 127.0.0.1:5432', { way: 'loopback' }], []],
    ['one through this machine', ['10.1.0.7:40000 -> 8.8.8.8:443', { way: 'forward' }], ['denied']],
    ['over IPv6, allowed', ['[2001:db8:5::10]:5000 -> [2001:db8::5]:22'], []],
    ['over IPv6, not', ['[2001:db8:6::10]:5000 -> [2001:db8::5]:22'], ['denied']],
  ];
  for (const [name, [text, more], expected] of cases) {
    test(name, () => assert.deepEqual(cut(text, more), expected));
  }

  test('an address that is held for a name counts as the name', () => {
    const policy = `portcullis: 1\nzones:\n  backend: { domains: [backend.example.com] }\nflows:\n  - { name: report, from: host, to: backend, service: https }\n`;
    const intent = intentOf(policy);
    const held = rules(intent).replace(
      /(set names4-backend \{\n\t\ttype ipv4_addr\n\t\tflags timeout\n)/,
      '$1\t\telements = { 198.51.100.7 timeout 1h }\n',
    );
    const live = listing(held);
    const ask = (to: string) =>
      plan({
        before: live.rules('standing'),
        after: live.withOurs(listing(rules(intent))),
        intent,
        around: { listing: live, addresses: [] },
        connections: [connection(`10.0.0.5:40000 -> ${to}:443`, out)],
      }).denied.length;
    assert.deepEqual([ask('198.51.100.7'), ask('198.51.100.8')], [0, 1]);
  });
});

suite('other tables', () => {
  test('are recognised, and told by what they do before and after ours', () => {
    const [nat, filter, filter6] = neighbours(listing(UFW_AND_DOCKER).rules('standing')).toSorted((a, b) =>
      a.table === 'ip nat' ? -1 : a.table < b.table ? -1 : 1,
    );
    assert.deepEqual(
      [nat?.table, nat?.software, filter?.table, filter?.software],
      ['ip nat', ['Docker'], 'ip filter', ['Docker', 'UFW']],
    );
    assert.deepEqual([filter6?.table, filter6?.software], ['ip6 filter', ['UFW']]);
    assert.deepEqual(
      nat?.chains.map(({ hook, order, stops, translates }) => [hook, order, stops, translates]),
      [
        ['prerouting', 'before', false, true],
        ['postrouting', 'after', false, false],
      ],
    );
    assert.deepEqual(
      filter?.chains.map(({ hook, order, stops, policy }) => [hook, order, stops, policy]),
      [
        ['input', 'after', true, 'drop'],
        ['forward', 'after', true, 'drop'],
        ['output', 'after', false, 'accept'],
      ],
    );
    assert.equal(filter?.rules, 8);
  });

  const named = [
    ['table inet firewalld { chain x { } }', 'firewalld'],
    ['table ip filter { chain ts-input { } }', 'Tailscale'],
    ['table ip nat { chain KUBE-SERVICES { } }', 'kube-proxy'],
    ['table ip filter { chain cali-INPUT { } }', 'Calico'],
    ['table ip mangle { chain CILIUM_PRE_mangle { } }', 'Cilium'],
    ['table inet f2b-table { chain f2b-chain { } }', 'fail2ban'],
    ['table ip filter { chain f2b-sshd { } }', 'fail2ban'],
    ['table ip filter { chain LIBVIRT_INP { } }', 'libvirt'],
  ] as const;
  for (const [text, software] of named) {
    test(`${software}: ${text}`, () => {
      assert.deepEqual(
        neighbours(listing(text).rules('standing')).flatMap((each) => each.software),
        [software],
      );
    });
  }
});
