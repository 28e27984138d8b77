import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { all, atHook, everything, field, type Match, not, nothing, type Range, symbol } from '../../ir/index.ts';
import { range } from '../../net/index.ts';
import { SourceFile } from '../../source/index.ts';
import { nftablesTarget } from './index.ts';

interface Meaning {
  readonly match: Match;
  readonly reason: string | undefined; // why a part of it is not understood
}

/** What the only rule of a chain asks, in a table. */
function read(rule: string, declarations = '', table = 'inet t', chain = ''): Meaning {
  const text = `table ${table} {\n${declarations}\nchain c {\n${chain}\n${rule}\n}\n}\n`;
  const { ast, diagnostics } = nftablesTarget.parse([new SourceFile('rules.nft', text)]);
  assert.deepEqual(
    diagnostics.map((each) => each.message),
    [],
  );
  const { ruleset, opaque } = nftablesTarget.lift(ast!);
  return { match: ruleset.tables[0]!.chains[0]!.rules[0]!.match, reason: opaque[0]?.reason };
}

function meaning(rule: string, declarations = '', table = 'inet t', chain = ''): Match {
  const { match, reason } = read(rule, declarations, table, chain);
  assert.equal(reason, undefined);
  return match;
}

const TCP = field('protocol', 6);
const LO = { name: 'lo', wildcard: false };
const FULL_UIDS: Range = { first: 0, last: 0xffff_ffff };

describe('what a rule asks of a packet', () => {
  const cases: readonly (readonly [string, Match])[] = [
    ['tcp dport 22 accept', all(TCP, field('dport', 22))],
    // A field that is missing breaks the rule: the negation asks for TCP too.
    ['tcp dport != 80 accept', all(TCP, field('dport', { first: 0, last: 79 }, { first: 81, last: 65535 }))],
    ['meta skuid != 5 accept', field('srcAccount', { first: 0, last: 4 }, { first: 6, last: FULL_UIDS.last })],
    ['meta skuid { 5, 7-9 } accept', field('srcAccount', 5, { first: 7, last: 9 })],
    ['tcp dport >= 1024 accept', all(TCP, field('dport', { first: 1024, last: 65535 }))],
    ['tcp dport < 1024 accept', all(TCP, field('dport', { first: 0, last: 1023 }))],
    ['ip saddr 10.0.0.1/8 accept', { kind: 'address', side: 'src', ranges: [range('10.0.0.0/8')] }],
    [
      'ip saddr != 0.0.0.0/1 accept',
      { kind: 'address', side: 'src', ranges: [range('128.0.0.0/1')] }, // IPv4 only: in IPv6 the field is missing
    ],
    ['iifname 10.0.0.53 accept', { kind: 'interface', side: 'in', names: [{ name: '10.0.0.53', wildcard: false }] }],
    ['iifname != "lo" accept', not({ kind: 'interface', side: 'in', names: [LO] })],
    ['oifname "br-*" accept', { kind: 'interface', side: 'out', names: [{ name: 'br-', wildcard: true }] }],
    ['ct state established,related accept', field('state', 1, 2)],
    ['ct state { new, untracked } accept', field('state', 0, 4)],
    ['ct state != invalid accept', field('state', 0, 1, 2, 4)],
    ['fib saddr type { local, multicast } accept', field('srcType', 1, 4)],
    ['icmp type echo-request accept', all(field('family', 4), field('protocol', 1), field('icmpType', 8))],
    [
      'icmpv6 type 128-129 accept',
      all(field('family', 6), field('protocol', 58), field('icmpType', { first: 128, last: 129 })),
    ],
    ['meta l4proto ipip accept', field('protocol', 94)], // as /etc/protocols has it
    ['meta nfproto ipv6 accept', field('family', 6)],
    ['meta l4proto { tcp, 17 } th dport 53 accept', all(field('protocol', 6, 17), field('dport', 53))],
    ['tcp flags == syn accept', field('tcpFlags', 2)],
    // The kind of refusal is a condition of its own, which nft adds, and does not list.
    ['iifname "lo" reject with tcp reset', all(TCP, { kind: 'interface', side: 'in', names: [LO] })],
    ['meta l4proto tcp reject with tcp reset', TCP],
    ['reject with icmp host-unreachable', field('family', 4)],
    ['reject with icmpv6 no-route', field('family', 6)],
    ['reject with icmpx admin-prohibited', everything],
  ];
  for (const [rule, match] of cases) it(rule, () => assert.deepEqual(meaning(rule), match));

  it('tcp flags syn / fin,syn,rst,ack: the mask first', () => {
    const match = meaning('tcp flags syn / fin,syn,rst,ack accept');
    assert.ok(match.kind === 'field');
    const values = match.ranges.map((each) => each.first);
    assert.deepEqual(values, [2, 10, 34, 42, 66, 74, 98, 106, 130, 138, 162, 170, 194, 202, 226, 234]);
  });

  it('a bit alone asks whether it is set', () => {
    const match = meaning('tcp flags syn accept');
    assert.ok(match.kind === 'field');
    const values = match.ranges.flatMap(({ first, last }) =>
      Array.from({ length: last - first + 1 }, (_, at) => first + at),
    );
    assert.deepEqual(
      values,
      Array.from({ length: 256 }, (_, value) => value).filter((value) => (value & 2) !== 0),
    );
  });
});

describe('sets that stand for what the policy knows by name', () => {
  const names = 'set names4-backend { type ipv4_addr; flags timeout; }';
  const rates =
    'counter flow-x { }\nset rate4-6-minute-ssh { type ipv4_addr; size 65535; flags dynamic,timeout; timeout 1m; }';
  const v4 = field('family', 4);
  const cases: readonly (readonly [string, string, Match])[] = [
    ['ip daddr @names4-backend accept', names, all(v4, symbol({ kind: 'member', group: 'backend' }))],
    [
      'update @rate4-6-minute-ssh { ip saddr limit rate 6/minute burst 5 packets } accept',
      rates,
      all(v4, symbol({ kind: 'within-rate', flow: 'ssh', limit: '6/minute per source' })),
    ],
    [
      'limit rate 3/day burst 3 packets counter name "flow-x" accept',
      rates,
      symbol({ kind: 'within-rate', flow: 'x', limit: '3/day' }),
    ],
    [
      'socket cgroupv2 level 2 @cgroup-a/2fb accept',
      'set cgroup-a/2fb { typeof socket cgroupv2 level 0; }',
      symbol({ kind: 'cgroup', path: 'a/b' }),
    ],
  ];
  for (const [rule, declarations, match] of cases) {
    it(rule, () => assert.deepEqual(meaning(rule, declarations, 'inet portcullis'), match));
  }

  it('are names like others in tables of others', () => {
    const match = meaning('ip daddr @names4-backend accept', names);
    const unknown = { kind: 'unknown', text: 'ip daddr @names4-backend', place: 'set inet t names4-backend' } as const;
    assert.deepEqual(match, all(v4, symbol(unknown)));
  });
});

describe('what nobody can vouch for is named, never skipped', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    [
      'ip saddr @s accept',
      'set s { type ipv4_addr; elements = { 10.0.0.0/8 } }',
      '`s` holds ranges without the flag for them',
    ],
    ['meta l4proto frobnicate accept', '', '`frobnicate` is no inet_proto that is known'],
    ['meta l4proto 300 accept', '', '300 is no inet_proto'],
    ['tcp dport 90-80 accept', '', 'a range runs backwards'],
    ['ip saddr 2001:db8::1 accept', '', 'it compares addresses of two families'],
    ...['ip ttl >> 4 3 drop', 'ip length >> 2 != 10 drop', 'tcp dport << 2 8 drop', 'ip saddr >> 8 & 3 == 1 drop'].map(
      (rule) =>
        [rule, '', 'it shifts a value, which releases of nft compare with bytes that the value has not'] as const,
    ),
    // Which of its spellings the name has is not told.
    ['iifname $i accept', 'define i = 10.0.0.53', 'it compares an interface with something else'],
    [
      'socket cgroupv2 level 3 @cgroup-a/2fb accept',
      'set cgroup-a/2fb { typeof socket cgroupv2 level 0; }',
      '`a/b` is not at level 3',
    ],
  ];
  for (const [rule, declarations, reason] of cases) {
    it(rule, () => {
      const read_ = read(rule, declarations, 'inet portcullis');
      assert.equal(read_.reason, reason);
      // The rule itself stays, under a condition that may hold or not.
      assert.ok(read_.match.kind === 'symbol' && read_.match.symbol.kind === 'unknown');
    });
  }

  describe('fields beside each other, with a change of the packet between them', () => {
    const REASON = 'an older nft compares that together with a field beside it, before or behind what the rule changes';
    const cases: readonly (readonly [rule: string, reason: string | undefined])[] = [
      ['tcp dport 80 meta mark set 1 tcp sport 22 drop', REASON],
      ['tcp sport != 22 notrack tcp dport != 80 drop', REASON],
      ['tcp dport 80 tcp sport 22 meta mark set 1 drop', undefined],
      ['meta mark set 1 tcp dport 80 tcp sport 22 drop', undefined],
      ['tcp dport 80 counter tcp sport 22 drop', undefined], // what counts decides nothing
      ['tcp dport 80 meta mark set 1 tcp sport != 22 drop', undefined],
      ['tcp dport 80 meta mark set 1 ip ttl 5 drop', undefined],
    ];
    for (const [rule, reason] of cases) it(rule, () => assert.equal(read(rule).reason, reason));
  });

  describe('a header of one protocol behind a list of several', () => {
    const REASON = 'nft reads those bytes of packets of all the protocols that the rule lists';
    const cases: readonly (readonly [rule: string, reason: string | undefined])[] = [
      ['meta nfproto { ipv4, ipv6 } ip6 daddr ::1 drop', REASON],
      ['meta nfproto { ipv4, ipv6 } meta mark set jhash ip6 daddr mod 2 drop', REASON],
      ['meta nfproto { ipv4, ipv6 } queue to jhash ip6 saddr mod 2', REASON],
      ['ether type { ip6, ip } ip daddr 192.0.2.1 drop', REASON],
      ['ct original l3proto { ipv4, ipv6 } ip6 daddr ::1 drop', REASON],
      ['meta l4proto { 1-5, icmp } icmp type echo-request drop', REASON],
      ['meta l4proto { sctp, 1-17 } sctp sport vmap { 5 : drop }', REASON],
      ['ip protocol { 132, 1-17 } meta mark set 1 sctp sport 5 drop', REASON],
      ['meta nfproto { ipv6, ipv4 } icmp type echo-request drop', REASON],
      ['meta l4proto { tcp, udp } th dport 53 drop', undefined],
      ['meta l4proto { tcp, udp } ip daddr 192.0.2.1 drop', undefined],
      ['meta l4proto { 1-5, 7-16 } icmp type echo-request drop', undefined],
      ['meta l4proto != { 1-5, icmp } icmp type echo-request drop', undefined],
      ['meta l4proto { icmp } icmp type echo-request drop', undefined],
      ['meta l4proto icmp meta l4proto { 1-5, icmp } icmp type echo-request drop', undefined],
      ['icmp code 0 meta l4proto { 1-5, icmp } icmp type echo-request drop', undefined],
      ['meta l4proto { 1-5, icmp } meta l4proto icmp icmp type echo-request drop', undefined],
      ['meta protocol { ip, ip6 } ip6 daddr ::1 drop', undefined],
    ];
    for (const [rule, reason] of cases) it(rule, () => assert.equal(read(rule).reason, reason));
  });

  it('with its place, its text and the packets that it can touch at most', () => {
    const rule = 'tcp dport 22 meta l4proto frob accept';
    const hooked = 'chain i {\ntype filter hook input priority 0; policy accept\njump c\n}';
    const text = `table ip t {\nchain c {\n${rule}\n}\nchain unused {\n${rule}\n}\n${hooked}\n}\n`;
    const { ast } = nftablesTarget.parse([new SourceFile('rules.nft', text)]);
    const [opaque, unused] = nftablesTarget.lift(ast!).opaque;
    assert.equal(opaque?.text, rule);
    assert.equal(opaque?.span.file.positionAt(opaque.span.start).line, 3);
    assert.deepEqual(opaque?.packets, all(atHook('input'), field('family', 4), TCP, field('dport', 22)));
    assert.deepEqual(unused?.packets, nothing);
  });

  const asking = 'chain b {\ntype filter hook prerouting priority 0;\nfib daddr type local accept\n}\n';
  for (const [title, chain] of [
    ['a translation, whatever its chain’s own priority', 'type nat hook prerouting priority 100;\ndnat ip to 10.0.0.1'],
    ['a rewriting in the same place', 'type filter hook prerouting priority 0;\nip daddr set 10.0.0.1'],
  ] as const) {
    it(`the kind of an address after ${title}`, () => {
      const text = `table inet t {\nchain a {\n${chain}\n}\n${asking}}\n`;
      const { ast } = nftablesTarget.parse([new SourceFile('rules.nft', text)]);
      assert.match(nftablesTarget.lift(ast!).opaque[0]?.reason ?? '', /^what kind of address it leads to/);
    });
  }

  for (const [rule, reason] of [
    ['@nh,64,8 set 5 accept', 'it writes bits by their place, and later rules may read them by a name'],
    ['ct event set new accept', undefined],
    ['tcp option maxseg size set 1400 accept', undefined],
  ] as const)
    it(`what a rule writes, though it is read: ${rule}`, () => assert.equal(read(rule).reason, reason));

  for (const [later, reason] of [
    ['ip saddr 10.0.0.1 drop', undefined],
    ['ether daddr 02:00:00:00:00:02 drop', 'what it writes into the frame, and later rules ask for, is kept as text'],
  ] as const)
    it(`an address of the frame that a rule writes, before \`${later}\``, () => {
      const written = 'type filter hook prerouting priority 0;\nether saddr set 02:00:00:00:00:01';
      const asked = `chain l {\ntype filter hook input priority 0;\n${later}\n}\n`;
      const { ast } = nftablesTarget.parse([
        new SourceFile('rules.nft', `table inet t {\nchain w {\n${written}\n}\n${asked}}\n`),
      ]);
      assert.ok(ast);
      assert.equal(nftablesTarget.lift(ast).opaque[0]?.reason, reason);
    });

  it('a translation of what a rule wrote before, where later rules ask for it', () => {
    const chain = 'type nat hook input priority 100;\nip saddr set 203.0.113.7 snat to 10.0.0.2';
    const later = 'chain l {\ntype filter hook input priority 400;\nip saddr 203.0.113.7 drop\n}\n';
    const text = `table ip t {\nchain n {\n${chain}\n}\n${later}}\n`;
    const { ast } = nftablesTarget.parse([new SourceFile('rules.nft', text)]);
    assert.match(
      nftablesTarget.lift(ast!).opaque[0]?.reason ?? '',
      /^a connection is translated from what its packet was/,
    );
  });
});

describe('`tproxy` with the family of its table says no more than without', () => {
  for (const [family, to] of [
    ['ip', '192.0.2.1:50080'],
    ['ip', ':50080'],
    ['ip6', '[2001:db8::1]'],
  ] as const)
    it(`${family} to ${to}`, () => {
      const without = meaning(`meta l4proto 6 tproxy to ${to} accept`, '', `${family} t`);
      assert.deepEqual(meaning(`meta l4proto 6 tproxy ${family} to ${to} accept`, '', `${family} t`), without);
      assert.notDeepEqual(meaning(`meta l4proto 6 accept`, '', `${family} t`), without);
    });

  it('and more in a table of both', () => {
    const [of4, of6] = ['ip', 'ip6'].map((family) => meaning(`meta l4proto 6 tproxy ${family} to :50080 accept`));
    assert.notDeepEqual(of4, of6);
  });
});
