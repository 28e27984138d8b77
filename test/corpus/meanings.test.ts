import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Flow, Verdict } from '../../src/ir/index.ts';
import { parseAddress } from '../../src/net/index.ts';
import { HeaderSpace } from '../../src/packetset/index.ts';
import { denote, evaluate, packetsOf } from '../../src/semantics/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { JOINS } from '../../src/target/nftables/lift-joined.ts';
import { meaningOf } from './meaning.ts';

type Packet = Partial<Omit<Flow, 'src' | 'dst'>> & { readonly src?: string; readonly dst?: string };

/** A TCP opening to port 22 of this machine, unless said otherwise. */
function packet({ src, dst, ...parts }: Packet): Flow {
  const family = parts.family ?? 4;
  const hook = parts.hook ?? 'input';
  const protocol = parts.protocol ?? 6;
  const hasPorts = [6, 17, 33, 132, 136].includes(protocol);
  return {
    hook,
    family,
    src: parseAddress(src ?? (family === 4 ? '203.0.113.9' : '2001:db8::9'))!,
    dst: parseAddress(dst ?? (family === 4 ? '192.0.2.1' : '2001:db8::1'))!,
    protocol,
    ...(hasPorts ? { sport: 40000, dport: 22 } : {}),
    ...(protocol === 6 ? { tcpFlags: 2 } : {}),
    state: 'new',
    ...(hook === 'output' ? {} : { inInterface: 'eth0' }),
    ...(hook === 'input' ? {} : { outInterface: 'eth1' }),
    srcType: 'unicast',
    dstType: hook === 'input' ? 'local' : 'unicast',
    symbols: new Set(),
    ...parts,
  };
}

/** The verdict on a packet, asked of it alone and of the set of all packets. */
function verdictOf(text: string, flow: Flow): Verdict {
  const ruleset = meaningOf(new SourceFile('rules.nft', text));
  const { verdict } = evaluate(ruleset, flow);
  const space = new HeaderSpace();
  const decided = denote(space, ruleset)[verdict];
  const { src, dst } = flow;
  const here = packetsOf(space, {
    kind: 'all',
    of: [
      { kind: 'address', side: 'src', ranges: [{ family: src.family, first: src.value, last: src.value }] },
      { kind: 'address', side: 'dst', ranges: [{ family: dst.family, first: dst.value, last: dst.value }] },
    ],
  });
  assert.ok(!decided.intersect(here).isEmpty(), 'the set of packets has none from and to these addresses');
  return verdict;
}

/** Rules of an input chain that drops what they leave. */
function input(rules: string, declarations = '', family = 'inet'): string {
  return `table ${family} t {\n${declarations}\nchain c {\ntype filter hook input priority 0; policy drop;\n${rules}\n}\n}\n`;
}

function symbolOf(text: string, place: string): ReadonlySet<string> {
  return new Set([`\`${text}\` at ${place}`]);
}

const V6 = { family: 6 } as const;
const UDP = { protocol: 17, sport: 40000, dport: 53 } as const;

describe('what rulesets of all kinds do to a packet', () => {
  const cases: readonly (readonly [string, string, Packet, Verdict])[] = [
    ['defines', `define p = { 22, 80 }\n${input('tcp dport $p accept')}`, {}, 'accept'],
    ['defines in lists', `define a = 22\ndefine p = { $a, 80 }\n${input('tcp dport { $p, 90 } accept')}`, {}, 'accept'],
    ['a redefinition', `define a = 23\nredefine a = 22\n${input('tcp dport $a accept')}`, {}, 'accept'],
    ['a definition in a block ends with it', `define a = 22\ntable ip o {\ndefine a = 23\n}\n${input('tcp dport $a accept')}`, {}, 'accept'],
    ['services by name', input('tcp dport { ssh, domain } accept'), {}, 'accept'],
    ['words for signs', input('tcp dport ne 23 meta mark and 0x1 eq 0 accept'), {}, 'accept'],
    ['flush ruleset', `${input('accept')}flush ruleset\n${input('drop')}`, {}, 'drop'],
    ['delete and add again', `${input('accept')}delete table inet t\n${input('reject')}`, {}, 'reject'],
    ['insert before', `${input('accept')}insert rule inet t c drop\n`, {}, 'drop'],
    ['add behind a place', `${input('accept')}add rule inet t c index 0 drop\n`, {}, 'accept'],
    ['a rule by its handle', `${input('tcp dport 22 drop # handle 7\naccept # handle 8')}delete rule inet t c handle 7\n`, {}, 'accept'],
    ['replace', `${input('tcp dport 22 drop # handle 7')}replace rule inet t c handle 7 accept\n`, {}, 'accept'],
    ['flush chain', `${input('accept')}flush chain inet t c\n`, {}, 'drop'],
    ['a dormant table', `${input('accept')}table ip o {\nflags dormant\nchain c {\ntype filter hook input priority 1; policy drop;\n}\n}\n`, {}, 'accept'],
    ['a later drop wins', `${input('accept')}table ip o {\nchain c {\ntype filter hook input priority 1; policy drop;\n}\n}\n`, {}, 'drop'],
    ['the other family', `table ip6 o {\nchain c {\ntype filter hook input priority 1; policy drop;\n}\n}\n`, {}, 'accept'],
    ['no verdict from arp', `table arp o {\nchain c {\ntype filter hook input priority 0; policy drop;\n}\n}\n`, {}, 'accept'],
    ['line continuation', input('tcp \\\n dport 22 \\\n accept'), {}, 'accept'],
    ['catch-all of a set', input('ip saddr @s accept', 'set s {\ntype ipv4_addr\nflags interval\nelements = { 10.0.0.0/8, * }\n}'), {}, 'accept'],
    ['catch-all of a map comes last', input('tcp dport vmap { * : drop, 22 : accept }'), {}, 'accept'],
    ['a map of addresses and ports', input('ip saddr . tcp dport vmap { 203.0.113.0/24 . 20-22 : accept }'), {}, 'accept'],
    ['goto does not come back', input('goto d\naccept', 'chain d {\ntcp dport 23 accept\n}'), {}, 'drop'],
    ['jump comes back', input('jump d\naccept', 'chain d {\ntcp dport 23 accept\n}'), {}, 'accept'],
    ['return in a base chain', input('return\naccept'), {}, 'drop'],
    ['continue goes on', input('tcp dport vmap { 22 : continue }\naccept'), {}, 'accept'],
    ['address masks', input('ip saddr & 0.0.0.255 == 0.0.0.9 accept'.replace('0.0.0.255', '255.0.0.0').replace('0.0.0.9', '203.0.0.0')), {}, 'accept'],
    ['address order', input('ip saddr >= 203.0.113.9 ip saddr < 203.0.113.10 accept'), {}, 'accept'],
    ['flags behind a mask', input('tcp flags & (fin | syn | rst | ack) == syn accept'), { tcpFlags: 0x42 }, 'accept'],
    ['flags behind a mask, another', input('tcp flags syn / fin,syn,rst,ack accept'), { tcpFlags: 0x12 }, 'drop'],
    ['none of the flags', input('tcp flags ! ack,rst accept'), { tcpFlags: 2 }, 'accept'],
    ['flags exactly', input('tcp flags { syn, syn | ack } accept'), { tcpFlags: 0x12 }, 'accept'],
    ['a state that is not', input('ct state ! established,related accept'), {}, 'accept'],
    ['th of a protocol without ports', input('th dport 22 accept'), { protocol: 47 }, 'drop'],
    ['th of any with ports', input('th dport 53 accept'), UDP, 'accept'],
    ['the first next header', input('ip6 nexthdr tcp accept'), V6, 'accept'],
    ['behind an extension header', input('ip6 nexthdr tcp accept'), { ...V6, symbols: symbolOf('IPv6 extension headers', 'the packet') }, 'drop'],
    ['marks', input('meta mark set 0x5\nmeta mark 0x5 accept'), {}, 'accept'],
    ['marks by mask', input('meta mark set mark and 0xff00 or 0x3\nmeta mark 0x1203 accept'), { quantities: new Map([['mark', 0x12ff]]) }, 'accept'],
    ['marks asked in the rule that sets them', input('meta mark set 0x5 meta mark 0x5 tcp dport 22 accept'), {}, 'accept'],
    ['a mark stays where the rest of the rule fails', input('meta mark set 0x5 tcp dport 23 drop\nmeta mark 0x5 accept'), {}, 'accept'],
    ['marks from a map', input('meta mark set tcp dport map { 22 : 0x7, 80 : 0x8 }\nmeta mark 0x7 accept'), {}, 'accept'],
    ['a key that the map has not', input('meta mark set tcp dport map { 80 : 0x8 } accept'), {}, 'drop'],
    ['marks of the connection', input('ct mark set 0x9\nmeta mark set ct mark\nmeta mark 0x9 accept'), {}, 'accept'],
    ['fields set and asked again', input('ip ttl set 9\nip ttl 9 accept'), {}, 'accept'],
    ['addresses set without a connection', input('ip daddr set 10.0.0.1\nip daddr 10.0.0.1 accept'), {}, 'accept'],
    ['a limit in quiet times', input('limit rate 5/second accept'), {}, 'accept'],
    ['a limit that is used up', input('limit rate 5/second accept'), { symbols: symbolOf('limit rate over 5/second burst 5 packets', 'inet t c') }, 'drop'],
    ['beyond a limit', input('limit rate over 5/second drop\naccept'), { symbols: symbolOf('limit rate over 5/second burst 5 packets', 'inet t c') }, 'drop'],
    ['a limit before a log stops no verdict', input('limit rate 1/hour log\naccept'), {}, 'accept'],
    ['a named limit', input('limit name "l" accept', 'limit l {\nrate 5/second\n}'), {}, 'accept'],
    ['a named limit for what exceeds it', input('limit name "l" drop\naccept', 'limit l {\nrate over 5/second\n}'), {}, 'accept'],
    ['a quota', input('quota over 1 gbytes drop\naccept'), {}, 'accept'],
    ['connections counted', input('ct count over 20 drop\naccept'), {}, 'accept'],
    ['what a set has learnt', input('ip saddr @s drop\naccept', 'set s {\ntype ipv4_addr\nflags timeout\n}'), { symbols: symbolOf('ip saddr @s', 'set inet t s') }, 'drop'],
    ['what a set has not learnt', input('ip saddr @s drop\naccept', 'set s {\ntype ipv4_addr\nflags timeout\n}'), {}, 'accept'],
    ['what a set holds for good', input('ip saddr @s accept', 'set s {\ntype ipv4_addr\nflags timeout\nelements = { 203.0.113.9 }\n}'), {}, 'accept'],
    ['learning does not stop the rule', input('add @s { ip saddr } accept', 'set s {\ntype ipv4_addr\nflags dynamic\nsize 9\n}'), {}, 'accept'],
    ['a full set does', input('add @s { ip saddr } accept', 'set s {\ntype ipv4_addr\nflags dynamic\nsize 9\n}'), { symbols: symbolOf('@s is full', 'set inet t s') }, 'drop'],
    ['asked after it was learnt is another question', input('add @s { ip saddr }\nip saddr @s drop\naccept', 'set s {\ntype ipv4_addr\nflags dynamic\nsize 9\n}'), { symbols: symbolOf('ip saddr @s', 'set inet t s, in c after 1') }, 'drop'],
    ['queue, nobody there', input('queue to 3'), {}, 'drop'],
    ['queue, let pass', input('queue to 3'), { symbols: symbolOf('queue 3 lets it pass', 'inet t c') }, 'accept'],
    ['reject with a reset asks for TCP', input('reject with tcp reset'), UDP, 'drop'],
    ['no route back', input('fib saddr . iif oif missing drop\naccept'), { symbols: symbolOf('fib saddr . iif oif exists', 'the packet') }, 'accept'],
    ['the kind of an address', input('fib daddr type local accept'), {}, 'accept'],
    ['notrack', `table ip r {\nchain c {\ntype filter hook prerouting priority raw;\ntcp dport 22 notrack\n}\n}\n${input('ct state untracked accept')}`, {}, 'accept'],
    ['before tracking all is invalid', `table ip r {\nchain c {\ntype filter hook prerouting priority raw;\nct state new drop\nct state invalid accept\ndrop\n}\n}\n`, {}, 'accept'],
    ['the way out is not known at first', `table ip r {\nchain c {\ntype filter hook prerouting priority 0;\noifname "eth1" drop\n}\n}\n`, { hook: 'forward' }, 'accept'],
    ['two chains of one priority: the later one first', `table ip r {\nchain a {\ntype filter hook input priority 0;\nmeta mark 1 drop\n}\nchain b {\ntype filter hook input priority 0;\nmeta mark set 1\n}\n}\n`, {}, 'drop'],
    ['dnat, and a rule for what it leads to', `table ip n {\nchain c {\ntype nat hook prerouting priority dstnat;\ntcp dport 22 dnat to 10.0.0.2:2222\n}\n}\ntable ip f {\nchain c {\ntype filter hook forward priority 0; policy drop;\nip daddr 10.0.0.2 tcp dport 2222 ct status dnat accept\n}\n}\n`, { hook: 'forward' }, 'accept'],
    ['chains of type nat see first packets only', `table ip n {\nchain c {\ntype nat hook prerouting priority dstnat; policy accept;\ndrop\n}\n}\n`, { state: 'established' }, 'accept'],
    ['dnat by a map', `table ip n {\nchain c {\ntype nat hook prerouting priority dstnat;\ndnat ip to tcp dport map { 22 : 10.0.0.2 . 2222, 23 : 10.0.0.3 . 2223 }\n}\n}\ntable ip f {\nchain c {\ntype filter hook forward priority 0; policy drop;\nip daddr 10.0.0.2 tcp dport 2222 accept\n}\n}\n`, { hook: 'forward' }, 'accept'],
    ['a port redirected', `table ip n {\nchain c {\ntype nat hook prerouting priority dstnat;\ntcp dport 22 redirect to :2222\n}\n}\n${input('tcp dport 2222 accept')}`, {}, 'accept'],
    ['a status that nothing gave', input('ct status dnat accept'), {}, 'drop'],
    ['the original destination', input('meta l4proto tcp ct original proto-dst 22 accept'), {}, 'accept'],
    ['only the way back', input('ct direction reply accept'), {}, 'drop'],
    ['packets of another device', `table netdev n {\nchain c {\ntype filter hook ingress device "eth9" priority 0; policy drop;\n}\n}\n`, {}, 'accept'],
    ['packets of the device', `table netdev n {\nchain c {\ntype filter hook ingress device "eth0" priority 0;\nip saddr 203.0.113.9 drop\n}\n}\n`, {}, 'drop'],
    ['where a packet came in, no device tells when it leaves', `table netdev n {\nchain c {\ntype filter hook egress device "eth1" priority 0; policy accept;\niifname "eth0" drop\n}\n}\n`, { hook: 'forward' }, 'accept'],
    ['the length on the wire', `table netdev n {\nchain c {\ntype filter hook egress device "eth1" priority 0; policy accept;\nmeta length 54 drop\n}\n}\n`, { hook: 'forward', quantities: new Map([['meta length', 40], ['meta length at egress', 54]]) }, 'drop'],
    ['notrack after connection tracking leaves a connection alone', `table ip r {\nchain c {\ntype filter hook prerouting priority mangle;\nnotrack\n}\n}\n${input('ct state new accept')}`, {}, 'accept'],
    ['and a packet without one is untracked from there on', `table ip r {\nchain c {\ntype filter hook prerouting priority mangle;\nnotrack\n}\n}\n${input('ct state untracked accept')}`, { state: 'invalid' }, 'accept'],
    ['a mark made from a connection that is not known yet ends the rule', `table ip r {\nchain c {\ntype filter hook prerouting priority raw; policy accept;\nct mark set ct mark or 0x1 drop\n}\n}\n`, {}, 'accept'],
    ['two ports that are not', input('tcp sport != 40000 tcp dport != 23 accept'), {}, 'drop'],
    ['two ports that are not, as an nft that joins them loads it', input('tcp sport != 40000 tcp dport != 23 accept'), { symbols: symbolOf(JOINS, 'the packet') }, 'accept'],
    ['joined: both at once', input('tcp dport != 22 tcp sport != 40000 accept'), { symbols: symbolOf(JOINS, 'the packet') }, 'drop'],
    ['ranges are never joined', input('tcp sport != 40000-40001 tcp dport != 23 accept'), { symbols: symbolOf(JOINS, 'the packet') }, 'drop'],
    ['a value whose type nft does not know', input('meta l4proto tcp ct original proto-dst 0x16 [invalid type] accept'), {}, 'accept'],
    ['the hours of the day', input('meta hour "08:00"-"17:00" accept'), { quantities: new Map([['meta hour', 9 * 3600]]) }, 'accept'],
    ['a field by its bits', input('@th,16,16 22 accept'), {}, 'accept'],
    ['an address by its bits', input('@nh,96,32 0xcb007109 accept', '', 'ip'), {}, 'accept'],
    ['a mark shifted', input('meta mark >> 8 == 0x12 accept'), { quantities: new Map([['mark', 0x1234]]) }, 'accept'],
    ['a verdict map behind a mask', input('meta mark & 0xf vmap { 0x4 : accept }'), { quantities: new Map([['mark', 0x1234]]) }, 'accept'],
  ]; // biome-ignore format: one case a line
  for (const [title, text, parts, verdict] of cases) {
    it(title, () => assert.equal(verdictOf(text, packet(parts)), verdict));
  }
});
