import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { audit, FINDING_KINDS, type HostFacts, RULESET_PROBLEMS } from '../../src/analysis/index.ts';
import type { Grant } from '../../src/ir/index.ts';
import { parseAddress } from '../../src/net/index.ts';
import { intentRuleset } from '../../src/semantics/index.ts';
import { everyProcess, flow, intent, machines, tcp } from '../contract/intents.ts';
import { auditNft, closed, codes, TODAY } from './ask.ts';

const seen = new Set<string>();

/** Rules without effect are left out: they have a test of their own. */
function said(text: string, facts?: HostFacts): string[] {
  const found = codes(auditNft(text, facts));
  for (const each of found) seen.add(each.slice(0, 5));
  return found.filter((each) => !each.startsWith('A0'));
}

test('a closed host that logs has nothing to be told', () => {
  assert.deepEqual(said(closed('')), []);
});

suite('what comes in', () => {
  const table: readonly (readonly [what: string, rules: string, expected: readonly string[]])[] = [
    ['SSH without a limit', 'tcp dport 22 accept', ['A1003 tcp/22', 'A1007 tcp/22']],
    ['SSH with a limit', 'tcp dport 22 limit rate 6/minute accept', ['A1003 tcp/22']],
    [
      'SSH with a limit of each source',
      'tcp dport 22 meter s { ip saddr limit rate over 6/minute } drop; tcp dport 22 meter t { ip6 saddr limit rate over 6/minute } drop; tcp dport 22 accept',
      ['A1003 tcp/22'],
    ],
    ['SSH from few', 'ip saddr 192.0.2.0/24 tcp dport 22 accept', []],
    ['a database', 'tcp dport 5432 accept', ['A1002 tcp/5432']],
    ['the agent’s gateway', 'tcp dport 18789 accept', ['A1002 tcp/18789']],
    ['a website', 'tcp dport { 80, 443 } accept', ['A1005 tcp/80', 'A1005 tcp/443']],
    ['something else', 'tcp dport 8100 accept', ['A1004 tcp/8100']],
    ['a whole private network', 'ip saddr 10.0.0.0/8 tcp dport 9090 accept', ['A1006 tcp/9090']],
    ['a site', 'ip saddr 10.20.0.0/16 tcp dport 9090 accept', []],
    ['a prefix of IPv6', 'ip6 saddr 2001:db8::/32 tcp dport 9090 accept', ['A1201 IPv6', 'A1006 tcp/9090']],
    ['the link', 'ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept', []],
    ['a tunnel only', 'iifname "wg0" tcp dport 22 accept', []],
    ['the wire only', 'iifname "eth0" tcp dport 8100 accept', ['A1004 tcp/8100']],
    [
      'several rules that open one port together',
      'ip saddr 0.0.0.0/2 tcp dport 8100 accept; ip saddr 64.0.0.0/2 tcp dport 8100 accept; ip saddr 128.0.0.0/1 tcp dport 8100 accept; ip6 saddr ::/0 tcp dport 8100 accept',
      ['A1004 tcp/8100'],
    ],
    [
      'all but one country',
      'ip saddr 5.0.0.0/8 drop; meta nfproto ipv4 tcp dport 8100 accept',
      ['A1004 tcp/8100', 'A1202 IPv4'],
    ],
    ['everything but', 'tcp dport 23 log drop; accept', ['A1001 tcp,udp']],
    ['everything in one family', 'meta nfproto ipv6 accept', ['A1001 tcp,udp IPv6', 'A1201 IPv6']],
    ['IPv4 only', 'meta nfproto ipv4 tcp dport 443 accept', ['A1005 tcp/443', 'A1202 IPv4']],
  ];
  for (const [what, rules, expected] of table) {
    test(what, () => assert.deepEqual(said(closed(rules)), expected));
  }

  test('rules that open one port together are all named, once', () => {
    const findings = auditNft(
      closed('ip saddr 0.0.0.0/1 tcp dport 8100 accept; ip saddr 128.0.0.0/1 tcp dport 8100 accept'),
    ).filter(({ code }) => code === 'A1004');
    assert.deepEqual(
      findings.map(({ origins }) => origins.map(({ text }) => text)),
      [['ip saddr 128.0.0.0/1 tcp dport 8100 accept', 'ip saddr 0.0.0.0/1 tcp dport 8100 accept']],
    );
  });
});

suite('what goes out', () => {
  const table: readonly (readonly [what: string, rules: string, expected: readonly string[]])[] = [
    ['everything', 'accept', ['A1101 tcp,udp']],
    ['web', 'tcp dport 443 accept', ['A1102 tcp/443']],
    ['DNS to anywhere', 'udp dport 53 accept; tcp dport 53 accept', ['A1103 tcp/53', 'A1103 udp/53']],
    ['DNS to a resolver', 'ip daddr 9.9.9.9 meta l4proto { tcp, udp } th dport 53 accept', []],
    ['DNS by UDP only', 'ip daddr 9.9.9.9 udp dport 53 accept', ['A1104 dns']],
    ['time to anywhere', 'udp dport 123 accept', ['A1105 udp/123']],
    ['a whole private network', 'ip daddr 10.0.0.0/8 tcp dport 5432 accept', ['A1106 tcp/5432']],
    ['one server', 'ip daddr 10.1.2.3 tcp dport 5432 accept', []],
  ];
  for (const [what, rules, expected] of table) {
    test(what, () => assert.deepEqual(said(closed('', rules)), expected));
  }
});

suite('the firewall as a whole', () => {
  const bare = (input: string): string => `table inet t { chain i { type filter hook input priority 0; ${input} }
    chain o { type filter hook output priority 0; policy drop; log; }
    chain f { type filter hook forward priority 0; policy drop; log; } }`;

  test('a list of what is forbidden', () => {
    const found = said(bare('policy accept; tcp dport 23 drop;'));
    assert.ok(found.includes('A1203 inet t i'), found.join());
    assert.ok(found.includes('A1001 tcp,udp'), found.join());
  });

  test('refusals that nobody hears of, and those that a jump logs', () => {
    assert.ok(said(bare('policy drop;')).includes('A1204 input'));
    const jump = `table inet t { chain w { log; return; }
      chain i { type filter hook input priority 0; policy drop; jump w; }
      chain o { type filter hook output priority 0; policy drop; log; } }`;
    assert.ok(!said(jump).some((each) => each.startsWith('A1204')));
  });

  test('packets that fit no connection', () => {
    assert.ok(said(bare('policy drop; log; tcp dport 443 accept;')).includes('A1205 input'));
    assert.ok(!said(bare('policy drop; log; tcp dport 443 ct state new accept;')).includes('A1205 input'));
  });

  test('path MTU discovery', () => {
    assert.ok(said(bare('policy drop; log;')).includes('A1206 icmp'));
    assert.ok(said(bare('policy drop; log; ct state established,related accept;')).includes('A1207 icmp'));
  });

  test('IPv6 without neighbour discovery', () => {
    assert.ok(said(bare('policy drop; log; tcp dport 443 accept;')).includes('A1208 icmpv6'));
    assert.ok(!said(bare('policy drop; log; meta nfproto ipv4 tcp dport 443 accept;')).includes('A1208 icmpv6'));
  });

  test('forwarding, as far as it is known', () => {
    const open = closed('', '', 'accept');
    assert.deepEqual(said(open), ['A1209 forward']);
    assert.deepEqual(said(open, { forwarding: { ipv4: true, ipv6: false } }), ['A3003 forward']);
    assert.deepEqual(said(open, { forwarding: { ipv4: false, ipv6: false } }), []);
  });

  test('what was not understood', () => {
    const found = said(closed('tcp dport 22 meta l4proto frob accept'));
    assert.ok(
      found.some((each) => each.startsWith('A1210')),
      found.join(),
    );
  });

  test('rules and parts of rules without effect', () => {
    const found = codes(
      auditNft(
        closed('udp dport 5 ct state new,established accept; tcp dport 7 drop; ip saddr 192.0.2.1 tcp dport 7 accept'),
      ),
    );
    for (const each of found) seen.add(each.slice(0, 5));
    assert.ok(found.includes('A0006 udp dport 5 ct state new,established accept'), found.join());
    assert.ok(found.includes('A0001 ip saddr 192.0.2.1 tcp dport 7 accept'), found.join());
    const idle = auditNft(closed('ip saddr 192.0.2.9 udp dport 5 ct state new,established accept')).find(
      ({ code }) => code === 'A0006',
    );
    assert.match(idle?.message ?? '', /^`established` in .* never matters: .*`ct state established,related accept`/);
  });

  test('chains that a program keeps are nobody’s mistake', () => {
    const frame = closed('').replace('chain input', 'chain ufw-skip-to-policy-input { drop; }\n  chain input');
    assert.deepEqual(codes(auditNft(frame)), []);
  });
});

suite('the policy as a document', () => {
  const ask = (more: Partial<Grant>): string[] => {
    const policy = intent([flow('api', machines('192.0.2.7'), everyProcess, tcp(8443), more)]);
    const found = codes(
      audit({ ruleset: intentRuleset(policy), policy, opaque: [], today: TODAY, serviceName: () => undefined }),
    );
    for (const each of found) seen.add(each.slice(0, 5));
    return found;
  };

  test('flows without a reason, past their end or near it', () => {
    assert.deepEqual(ask({ purpose: 'calls' }), []);
    assert.deepEqual(ask({}), ['A2003 api']);
    assert.deepEqual(ask({ purpose: 'calls', expires: '2026-11-24' }), ['A2001 api']);
    assert.deepEqual(ask({ purpose: 'calls', expires: '2026-11-25' }), ['A2002 api']);
    assert.deepEqual(ask({ purpose: 'calls', expires: '2026-12-25' }), ['A2002 api']);
    assert.deepEqual(ask({ purpose: 'calls', expires: '2026-12-26' }), []);
  });
});

suite('the machine', () => {
  const container = parseAddress('172.17.0.2')!;
  const docker = {
    protocol: 'tcp',
    port: 8080,
    container: 'web',
    containerAddress: container,
    containerPort: 80,
  } as const;
  const forwarding = 'iifname "eth0" oifname "docker0" accept';

  test('a port that Docker publishes past the input hook', () => {
    assert.ok(said(closed('', '', forwarding), { dockerPorts: [docker] }).includes('A3001 web tcp/8080'));
    assert.ok(!said(closed(''), { dockerPorts: [docker] }).includes('A3001 web tcp/8080'));
    const loopback = { ...docker, address: parseAddress('127.0.0.1')! };
    assert.ok(!said(closed('', '', forwarding), { dockerPorts: [loopback] }).includes('A3001 web tcp/8080'));
  });

  test('Docker’s own translation is followed', () => {
    const nat = `table ip nat { chain DOCKER { type nat hook prerouting priority -100; fib daddr type local tcp dport 8080 dnat to 172.17.0.2:80; } }`;
    const rules = `${nat}\n${closed('', '', 'ip daddr 172.17.0.2 tcp dport 80 accept')}`;
    const [finding] = auditNft(rules, { dockerPorts: [docker] }).filter(({ code }) => code === 'A3001');
    assert.equal(finding?.witness?.flow.dport, 8080);
  });

  test('two backends of iptables', () => {
    assert.ok(said(closed(''), { iptablesBackends: ['legacy', 'nft'] }).includes('A3002 iptables'));
    assert.deepEqual(said(closed(''), { iptablesBackends: ['nft'] }), []);
  });

  test('who listens behind an open firewall, and ports that nobody listens on', () => {
    const listeners = [{ protocol: 'tcp', port: 3000, program: 'grafana' } as const];
    const open = closed('accept');
    assert.deepEqual(said(open, { listeners }), ['A1001 tcp,udp', 'A3004 tcp/3000']);
    assert.deepEqual(said(closed('tcp dport 8100 accept'), { listeners }), ['A1004 tcp/8100', 'A3005 tcp/8100']);
    const [finding] = auditNft(closed('tcp dport 3000 accept'), { listeners });
    assert.equal(finding?.message, 'tcp/3000 is open to the whole world: grafana listens there');
  });

  test('OpenClaw for everybody, and a proxy that is none', () => {
    const openclaw = {
      config: 'openclaw.json',
      exposed: [{ name: 'openclaw-gateway', protocol: 'tcp', port: 18789 } as const],
      proxyWithoutUrl: true,
    };
    assert.deepEqual(said(closed(''), { openclaw }), ['A3006 openclaw-gateway', 'A3007 proxy']);
    const messages = auditNft(closed('tcp dport 18789 accept'), { openclaw }).map(({ message }) => message);
    assert.ok(
      messages.some((each) => each.endsWith('the firewall opens it to the whole world')),
      messages.join('\n'),
    );
  });

  test('rules that no boot brings back', () => {
    const persistence = [{ name: 'nftables.service', enabled: false }];
    assert.deepEqual(said(closed(''), { persistence }), ['A3008 boot']);
    assert.deepEqual(said(closed(''), { persistence: [{ name: 'nftables.service', enabled: true }] }), []);
  });
});

after(() => {
  const own = Object.values(FINDING_KINDS).flatMap((kinds) => Object.values(kinds).map(({ code }) => code));
  const unseen = own.filter((code) => !seen.has(code) && !/^A(?:31|41|9)/.test(code)); // containers, clusters and suppressions have tests of their own
  assert.deepEqual(unseen, [], 'every kind of finding is found at least once');
  const all = [...own, ...Object.values(RULESET_PROBLEMS).map(({ code }) => code)];
  assert.equal(new Set(all).size, all.length, 'no code is used twice');
});
