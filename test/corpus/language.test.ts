import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Verdict } from '../../src/ir/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { nftablesTarget } from '../../src/target/nftables/index.ts';
import { assertSameMeaning, meaningOf } from './meaning.ts';
import { input, type Packet, packet, symbolOf, verdictOf } from './verdict.ts';

const V6 = { family: 6 } as const;
const UDP = { protocol: 17, sport: 40000, dport: 4789 } as const;

describe('the less common parts of the language, those of nft after 1.0.6 too', () => {
  const cases: readonly (readonly [string, string, Packet, Verdict])[] = [
    ['a number that begins with 0 is octal', input('tcp dport 026 accept'), {}, 'accept'],
    ['so it is in an address', input('ip saddr 203.0.113.011 accept'), {}, 'accept'],
    ['single bits of an address', input('ip saddr & 2.2.2.2 != 1 accept'), {}, 'accept'],
    ['single bits of a longer one', input('ip6 saddr & 2222:2222:2222:2222:2222:2222:2222:2222 != ::1 accept'), V6, 'accept'],
    ['an address in brackets', input('ip6 saddr [2001:db8::9] accept'), V6, 'accept'],
    ['an address in quotes', input('ip saddr "203.0.113.9" accept'), {}, 'accept'],
    ['a port in quotes', input('tcp dport "22" accept'), {}, 'accept'],
    ['a chain without a name', input('tcp dport 22 jump {\nip saddr 10.0.0.0/8 drop\naccept\n}'), {}, 'accept'],
    ['it comes back', input('tcp dport 22 jump {\nip saddr 10.0.0.0/8 drop\n}\naccept'), {}, 'accept'],
    ['by goto it does not', input('tcp dport 22 goto {\nip saddr 10.0.0.0/8 drop\n}\naccept'), {}, 'drop'],
    ['one in another', input('tcp dport 22 jump { ip saddr 203.0.113.9 jump { accept; }; drop; }'), {}, 'accept'],
    ['two in a chain', input('tcp dport 23 jump { accept; }\ntcp dport 22 jump { reject; }'), {}, 'reject'],
    ['frames with a tag', input('ether type 8021q drop\naccept'), {}, 'accept'],
    ['counters of 64 bits', input('tcp dport 22 counter packets 18446744073709551615 bytes 18446744073709551615 accept'), {}, 'accept'],
    ['the policy before the hook', 'table ip t {\nchain c {\npolicy drop\ntype filter hook input priority 0\n}\n}\n', {}, 'drop'],
    ['a priority in a variable', 'define p = "filter - 5"\ntable ip a {\nchain c {\ntype filter hook input priority $p;\nmeta mark set 1\n}\n}\ntable ip b {\nchain c {\ntype filter hook input priority -4; policy drop;\nmeta mark 1 accept\n}\n}\n', {}, 'accept'],
    ['hours over midnight', input('meta hour "22:00"-"02:00" accept'), { quantities: new Map([['meta hour', 23 * 3600]]) }, 'accept'],
    ['noon is not among them', input('meta hour "22:00"-"02:00" accept'), { quantities: new Map([['meta hour', 12 * 3600]]) }, 'drop'],
    ['noon is among all others', input('meta hour != "22:00"-"02:00" accept'), { quantities: new Map([['meta hour', 12 * 3600]]) }, 'accept'],
    ['commands that only show', `${input('accept')}list ruleset\nreset counters\nget element inet t s { 1.1.1.1 }\n`, {}, 'accept'],
    ['two statements of a set', input('ip saddr @s drop\naccept', 'set s {\ntype ipv4_addr\nflags dynamic\ncounter limit rate 1/second\n}'), {}, 'accept'],
    ['when an element was used last', input('ip saddr @s accept', 'set s {\ntype ipv4_addr\nlast\nelements = { 203.0.113.9 last used 5s }\n}'), {}, 'accept'],
    ['an element for ever', input('ip saddr @s accept', 'set s {\ntype ipv4_addr\nflags timeout\nelements = { 203.0.113.9 timeout never }\n}'), {}, 'accept'],
    ['an option taken out by its number', input('reset tcp option 5\naccept'), {}, 'accept'],
    ['a kind of multipath TCP', input('tcp option mptcp subtype mp-join drop\naccept'), { symbols: symbolOf('tcp option mptcp subtype 1', 'the packet') }, 'drop'],
    ['a proxy by a map', input('synproxy name tcp dport map { 22 : "p" }\naccept', 'synproxy p {\nmss 1460\nwscale 7\n}'), {}, 'accept'],
    ['a proxy by a map answers', input('synproxy name tcp dport map { 22 : "p" }\naccept', 'synproxy p {\nmss 1460\nwscale 7\n}'), { symbols: symbolOf('answered by the synproxy of tcp dport', 'inet t c') }, 'drop'],
    ['whether there is a route', input('fib saddr . iif check missing drop\naccept'), { symbols: symbolOf('fib saddr . iif oif exists', 'the packet') }, 'accept'],
    ['inside a tunnel', input('udp dport 4789 vxlan ip saddr 10.0.0.1 drop\naccept'), { ...UDP, symbols: symbolOf('vxlan ip saddr 10.0.0.1', 'the packet') }, 'drop'],
    ['nothing inside', input('vxlan ip saddr 10.0.0.1 drop\naccept'), UDP, 'accept'],
    ['the number of a tunnel', input('vxlan vni 10 drop\naccept'), { ...UDP, symbols: symbolOf('vxlan vni 10', 'the packet') }, 'drop'],
    ['only in its protocol', input('gre version 0 drop\naccept'), { symbols: symbolOf('gre version 0', 'the packet') }, 'accept'],
    ['a target address', input('icmpv6 taddr 2001:db8::1 drop\naccept'), V6, 'accept'],
    ['a refusal that is not for the packet stops what stands before it', input('meta mark set 1 reject with icmpv6 no-route\nmeta mark 1 accept'), {}, 'drop'],
    ['unless the rule has asked for its family', input('meta mark set 1 ip6 saddr ::1 reject with icmpv6 no-route\nmeta mark 1 accept'), {}, 'accept'],
    ['a refusal of TCP likewise', input('meta mark set 1 reject with tcp reset\nmeta mark 1 accept'), UDP, 'drop'],
    ['so does an extension header', input('meta mark set 1 exthdr frag exists drop\nmeta mark 1 accept'), {}, 'drop'],
    ['both ports by their bits', input('@th,0,32 0x9c400016 accept'), {}, 'accept'],
    ['bits of an IPv4 header in a table of both families', input('@nh,96,32 0xcb007109 accept'), {}, 'accept'],
    ['and of an IPv6 header', input('@nh,48,8 6 accept'), V6, 'accept'],
    ['keys of meta that stand alone', input('hour "08:00"-"17:00" accept'), { quantities: new Map([['meta hour', 9 * 3600]]) }, 'accept'],
    ['a match of iptables as a comment', input('tcp dport 22 # xt_recent counter packets 0 bytes 0 drop\naccept'), { symbols: symbolOf('xt match "recent"', 'inet t c') }, 'drop'],
    ['at the beginning of a rule', input('# xt_recent counter packets 0 bytes 0 drop\naccept'), { symbols: symbolOf('xt match "recent"', 'inet t c') }, 'drop'],
    ['a target of iptables as a comment', input('tcp dport 22 counter packets 0 bytes 0 # xt_TARPIT\naccept'), { symbols: symbolOf('xt target "TARPIT" drops', 'inet t c') }, 'drop'],
    ['a comment about one', input('# xt_recent would be nice\naccept'), {}, 'accept'],
  ]; // biome-ignore format: one case a line
  for (const [title, text, parts, verdict] of cases) {
    it(title, () => assert.equal(verdictOf(text, packet(parts)), verdict));
  }
});

describe('what nft reads and later versions of it write as JSON', () => {
  const listing = (items: string): string =>
    `{"nftables": [{"table": {"family": "inet", "name": "t"}}, {"chain": {"family": "inet", "table": "t", "name": "c", "type": "filter", "hook": "input", "prio": 0, "policy": "drop"}}, ${items}]}`;
  const rule = (expr: string): string =>
    `{"rule": {"family": "inet", "table": "t", "chain": "c", "handle": 5, "expr": [${expr}, {"accept": null}]}}`;
  const cases: readonly (readonly [string, string, string])[] = [
    [
      'a set that names fields for its type',
      listing(
        `{"set": {"family": "inet", "name": "s", "table": "t", "type": {"typeof": {"concat": [{"payload": {"protocol": "ip", "field": "saddr"}}, {"payload": {"protocol": "tcp", "field": "dport"}}]}}, "elem": [{"concat": ["10.0.0.1", 22]}]}}, ${rule('{"match": {"op": "==", "left": {"concat": [{"payload": {"protocol": "ip", "field": "saddr"}}, {"payload": {"protocol": "tcp", "field": "dport"}}]}, "right": "@s"}}')}`,
      ),
      input('ip saddr . tcp dport @s accept', 'set s {\ntypeof ip saddr . tcp dport\nelements = { 10.0.0.1 . 22 }\n}'),
    ],
    [
      'a map that names fields for what it leads to',
      listing(
        `{"map": {"family": "inet", "name": "m", "table": "t", "type": {"typeof": {"payload": {"protocol": "tcp", "field": "dport"}}}, "map": {"typeof": {"meta": {"key": "mark"}}}, "elem": [[22, 5]]}}, ${rule('{"mangle": {"key": {"meta": {"key": "mark"}}, "value": {"map": {"key": {"payload": {"protocol": "tcp", "field": "dport"}}, "data": "@m"}}}}')}`,
      ),
      input('meta mark set tcp dport map @m accept', 'map m {\ntypeof tcp dport : meta mark\nelements = { 22 : 5 }\n}'),
    ],
    [
      'a field inside a tunnel',
      listing(
        rule(
          '{"match": {"op": "==", "left": {"payload": {"tunnel": "vxlan", "protocol": "ip", "field": "saddr"}}, "right": "10.0.0.1"}}',
        ),
      ),
      input('vxlan ip saddr 10.0.0.1 accept'),
    ],
    [
      "a tunnel's own field",
      listing(rule('{"match": {"op": "==", "left": {"payload": {"protocol": "vxlan", "field": "vni"}}, "right": 10}}')),
      input('vxlan vni 10 accept'),
    ],
    [
      'whether there is a route',
      listing(
        rule('{"match": {"op": "==", "left": {"fib": {"result": "check", "flags": ["saddr", "iif"]}}, "right": true}}'),
      ),
      input('fib saddr . iif check exists accept'),
    ],
    [
      'a table and a chain that are added once more: what they hold stays',
      listing(
        `${rule('{"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 22}}')}, {"table": {"family": "inet", "name": "t"}}, {"chain": {"family": "inet", "table": "t", "name": "c"}}, ${rule('{"counter": null}')}`,
      ),
      input('tcp dport 22 accept\naccept'),
    ],
    [
      'a set that is added once more holds the elements of both, and a chain has its last policy',
      listing(
        `{"set": {"family": "inet", "table": "t", "name": "s", "type": "ipv4_addr", "elem": ["10.0.0.1"]}}, {"set": {"family": "inet", "table": "t", "name": "s", "type": "ipv4_addr", "elem": ["10.0.0.2"]}}, ${rule('{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "@s"}}')}, {"chain": {"family": "inet", "table": "t", "name": "c", "type": "filter", "hook": "input", "prio": 0, "policy": "accept"}}`,
      ),
      input('ip saddr @s accept', 'set s {\ntype ipv4_addr\nelements = { 10.0.0.1, 10.0.0.2 }\n}').replace(
        'policy drop',
        'policy accept',
      ),
    ],
    [
      '`in` where no bits are: as no sign at all',
      listing(rule('{"match": {"op": "in", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 9}}')),
      input('tcp dport 9 accept'),
    ],
    [
      '`in` where bits are',
      listing(
        rule('{"match": {"op": "in", "left": {"payload": {"protocol": "tcp", "field": "flags"}}, "right": "syn"}}'),
      ),
      input('tcp flags syn accept'),
    ],
    [
      'an interface with the name of an address',
      listing(rule('{"match": {"op": "!=", "left": {"meta": {"key": "iifname"}}, "right": "10.0.0.53"}}')),
      input('iifname != "10.0.0.53" accept'),
    ],
    [
      'an interface by its number, written as a name',
      listing(rule('{"match": {"op": "==", "left": {"meta": {"key": "iif"}}, "right": "8080"}}')),
      input('iif 8080 accept'),
    ],
    [
      'a quota in another unit',
      listing(rule('{"quota": {"val": 4, "val_unit": "kbytes"}}')),
      input('quota until 0x1000 bytes accept'),
    ],
    [
      'a quota of nothing, in any unit',
      listing(rule('{"quota": {"val": 0, "val_unit": "bytes", "inv": true}}')),
      input('quota over 0 mbytes accept'),
    ],
    [
      'a rate of data in another unit',
      listing(
        rule('{"limit": {"rate": 1, "burst": 2, "per": "second", "rate_unit": "mbytes", "burst_unit": "kbytes"}}'),
      ),
      input('limit rate 1024 kbytes/second burst 2048 bytes accept'),
    ],
    [
      "a burst of no packets, which is the kernel's own",
      listing(rule('{"limit": {"rate": 10, "burst": 0, "per": "second"}}')),
      input('limit rate 10/second accept'),
    ],
    [
      'bits in a set of one where `in` is said',
      listing(
        rule(
          '{"match": {"op": "in", "left": {"payload": {"protocol": "tcp", "field": "flags"}}, "right": {"set": ["syn"]}}}',
        ),
      ),
      input('tcp flags { syn } accept'),
    ],
    [
      'bits in a set of one where equality is said',
      listing(
        rule(
          '{"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "flags"}}, "right": {"set": ["syn"]}}}',
        ),
      ),
      input('tcp flags == syn accept'),
    ],
  ];
  for (const [title, json, text] of cases) {
    it(title, () => {
      const [actual, expected] = [json, text].map((each) => meaningOf(new SourceFile('rules', each)));
      assertSameMeaning(actual!, expected!, title);
    });
  }
});

describe('a table whose flags nobody can read', () => {
  for (const flags of ['"drop"', '[{"drop": null}]', '[5]', '[{"a": 1}]'])
    it(`${flags}: its chains may hold or not, and that is said`, () => {
      const listing = `{"nftables": [{"table": {"family": "inet", "name": "t", "flags": ${flags}}}, {"chain": {"family": "inet", "table": "t", "name": "c", "type": "filter", "hook": "input", "prio": 0, "policy": "drop"}}]}`;
      const { ast, diagnostics } = nftablesTarget.parse([new SourceFile('rules', listing)]);
      assert.deepEqual(diagnostics, []);
      const [command] = ast?.commands ?? [];
      assert.equal(command?.kind === 'table' && command.table.dormant, 'perhaps');
    });
});
