import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Flow, Verdict } from '../../src/ir/index.ts';
import { parseAddress } from '../../src/net/index.ts';
import { HeaderSpace } from '../../src/packetset/index.ts';
import { denote, evaluate, includes } from '../../src/semantics/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { iptablesReader } from '../../src/target/iptables/index.ts';

type Packet = Partial<Omit<Flow, 'src' | 'dst'>> & {
  readonly src?: string;
  readonly dst?: string;
  readonly holds?: string;
};

/** A TCP opening to port 22 of this machine, unless said otherwise. */
function packet({ src, dst, holds, ...parts }: Packet): Flow {
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
    symbols: new Set(holds === undefined ? [] : [holds]),
    ...parts,
  };
}

function verdictOf(texts: readonly string[], flow: Flow): Verdict {
  const name = flow.family === 4 ? 'rules.v4' : 'rules.v6';
  const { ast, diagnostics } = iptablesReader.parse(
    texts.map((text) => new SourceFile(text.startsWith('create') ? 'sets' : name, text)),
  );
  assert.deepEqual(
    diagnostics.map(({ message }) => message),
    [],
  );
  assert.ok(ast !== undefined);
  const { ruleset, opaque } = iptablesReader.lift(ast);
  assert.deepEqual(
    opaque.map(({ reason }) => reason),
    [],
  );
  const { verdict } = evaluate(ruleset, flow);
  assert.ok(includes(denote(new HeaderSpace(), ruleset)[verdict], flow), 'the set of packets says otherwise');
  return verdict;
}

/** Rules of an input chain that drops what they leave. */
function input(rules: string, chains = ''): string {
  return `*filter\n:INPUT DROP [0:0]\n${chains}${rules.replaceAll(/^-(?!A)/gm, '-A INPUT -').replaceAll(/^! /gm, '-A INPUT ! ')}\nCOMMIT\n`;
}

const V6 = { family: 6 } as const;
const UDP = { protocol: 17, sport: 40000, dport: 53 } as const;
const PING = { protocol: 1, icmpType: 8, icmpCode: 0 } as const;
const OUT = { hook: 'output', srcAccount: 1000 } as const;
const SETS = 'create s hash:net family inet\nadd s 203.0.113.0/24\nadd s 203.0.113.8/30 nomatch\n';

describe('what rules of iptables do to a packet', () => {
  const cases: readonly (readonly [string, string | readonly string[], Packet, Verdict])[] = [
    ['a policy', '*filter\n:INPUT DROP\nCOMMIT\n', {}, 'drop'],
    ['no table at all', '*filter\nCOMMIT\n', {}, 'accept'],
    ['a port', input('-p tcp --dport 22 -j ACCEPT'), {}, 'accept'],
    ['a port that it is not', input('-p tcp ! --dport 22 -j ACCEPT'), {}, 'drop'],
    ['a service by name', input('-p tcp --dport ssh -j ACCEPT'), {}, 'accept'],
    ['a range that is open at one end', input('-p tcp --sport 1024: -j ACCEPT'), {}, 'accept'],
    ['not UDP', input('! -p udp -j ACCEPT'), {}, 'accept'],
    ['all protocols', input('-p all -j ACCEPT'), {}, 'accept'],
    ['several sources', input('-s 10.0.0.0/8,203.0.113.0/24 -j ACCEPT'), {}, 'accept'],
    ['a mask', input('-s 203.0.113.9/255.255.255.0 -j ACCEPT'), {}, 'accept'],
    ['a short address', input('-s 203/8 -j ACCEPT'), {}, 'accept'],
    ['an interface by its beginning', input('-i eth+ -j ACCEPT'), {}, 'accept'],
    ['any interface', input('-i + -j ACCEPT'), {}, 'accept'],
    ['jump comes back', input('-j c\n-j ACCEPT', ':c -\n-A c -p udp -j DROP\n'), {}, 'accept'],
    ['goto does not come back', input('-g c\n-j ACCEPT', ':c -\n-A c -p udp -j DROP\n'), {}, 'drop'],
    ['RETURN in a built-in chain is its policy', input('-j RETURN\n-j ACCEPT'), {}, 'drop'],
    ['RETURN of a chain behind goto is the policy too', input('-g c\n-j ACCEPT', ':c -\n-A c -j RETURN\n'), {}, 'drop'],
    ['a rule without a target', input('-p tcp\n-j ACCEPT'), {}, 'accept'],
    ['LOG goes on', input('-j LOG --log-prefix "x "\n-j NFLOG\n-j ACCEPT'), {}, 'accept'],
    ['REJECT', input('-j REJECT --reject-with icmp-port-unreachable'), {}, 'reject'],
    ['an accept ends one table only', `*mangle\n:INPUT ACCEPT\n-A INPUT -j ACCEPT\nCOMMIT\n${input('-p udp -j ACCEPT')}`, {}, 'drop'],
    ['a drop in an earlier table is final', `*raw\n:PREROUTING DROP\nCOMMIT\n${input('-j ACCEPT')}`, {}, 'drop'],
    ['security comes after filter', `*security\n:INPUT DROP\nCOMMIT\n${input('-j ACCEPT')}`, {}, 'drop'],
    ['syn', input('-p tcp --syn -j ACCEPT'), {}, 'accept'],
    ['not syn', input('-p tcp ! --syn -j ACCEPT'), { tcpFlags: 0x12 }, 'accept'],
    ['flags beyond the mask do not count', input('-p tcp --tcp-flags ALL SYN -j ACCEPT'), { tcpFlags: 0xc2 }, 'accept'],
    ['multiport', input('-p tcp -m multiport --dports 80,20:25 -j ACCEPT'), {}, 'accept'],
    ['either port', input('-p udp -m multiport --ports 53 -j ACCEPT'), UDP, 'accept'],
    ['neither port', input('-p udp -m multiport ! --ports 53 -j ACCEPT'), UDP, 'drop'],
    ['ICMP by name', input('-p icmp --icmp-type echo-request -j ACCEPT'), PING, 'accept'],
    ['ICMP by type and code', input('-p icmp --icmp-type 3/4 -j ACCEPT'), { protocol: 1, icmpType: 3, icmpCode: 3 }, 'drop'],
    ['any ICMP', input('-p icmp --icmp-type any -j ACCEPT'), PING, 'accept'],
    ['ICMPv6 by its beginning', input('-p icmpv6 --icmpv6-type neighbour-s -j ACCEPT'), { ...V6, protocol: 58, icmpType: 135, icmpCode: 0 }, 'accept'],
    ['an address range', input('-m iprange --src-range 203.0.113.1-203.0.113.9 -j ACCEPT'), {}, 'accept'],
    ['the kind of an address', input('-m addrtype --dst-type LOCAL,BROADCAST -j ACCEPT'), {}, 'accept'],
    ['of IPv6 all kinds have to fit', input('-m addrtype --dst-type LOCAL,MULTICAST -j ACCEPT'), V6, 'drop'],
    ['of IPv6 unicast is what the address is', input('-m addrtype --dst-type UNICAST -j ACCEPT'), V6, 'accept'],
    ['state', input('-m state --state NEW,RELATED -j ACCEPT'), {}, 'accept'],
    ['not in a state', input('-m conntrack ! --ctstate INVALID -j ACCEPT'), {}, 'accept'],
    ['without a connection only the state is asked', input('-m conntrack --ctstate INVALID --ctproto 17 -j ACCEPT'), { state: 'invalid' }, 'accept'],
    ['without a connection nothing else holds', input('-m conntrack ! --ctproto 17 -j ACCEPT'), { state: 'invalid' }, 'drop'],
    ['before tracking all is invalid', `*raw\n:PREROUTING DROP\n-A PREROUTING -m state --state INVALID -j ACCEPT\nCOMMIT\n`, {}, 'accept'],
    ['the original destination', input('-m conntrack --ctorigdst 192.0.2.1 --ctorigdstport 22 -j ACCEPT'), {}, 'accept'],
    ['only the way back', input('-m conntrack --ctdir REPLY -j ACCEPT'), {}, 'drop'],
    ['NOTRACK', `*raw\n:PREROUTING ACCEPT\n-A PREROUTING -p tcp -j NOTRACK\nCOMMIT\n${input('-m state --state UNTRACKED -j ACCEPT')}`, {}, 'accept'],
    ['the loopback brings the state along', `*raw\n:PREROUTING DROP\n-A PREROUTING -m state --state NEW -j ACCEPT\nCOMMIT\n`, { inInterface: 'lo' }, 'accept'],
    ['which NOTRACK does not take away', `*raw\n:PREROUTING ACCEPT\n-A PREROUTING -j NOTRACK\nCOMMIT\n${input('-m state --state NEW -j ACCEPT')}`, { inInterface: 'lo' }, 'accept'],
    ['CT --notrack', `*raw\n:PREROUTING ACCEPT\n-A PREROUTING -j CT --notrack\nCOMMIT\n${input('-m state --state UNTRACKED -j ACCEPT')}`, {}, 'accept'],
    ['marks', input('-j MARK --set-xmark 0x1/0xff\n-m mark --mark 0x1201/0xff00 -j DROP\n-m mark --mark 0x1 -j ACCEPT'), {}, 'accept'],
    ['set-mark keeps what is beyond the mask', input('-j MARK --set-mark 0x3/0xf\n-m mark --mark 0x13 -j ACCEPT'), { quantities: new Map([['mark', 0x14]]) }, 'accept'],
    ['and, or and xor', input('-j MARK --and-mark 0xf\n-j MARK --or-mark 0x10\n-j MARK --xor-mark 0x1\n-m mark --mark 0x15 -j ACCEPT'), { quantities: new Map([['mark', 0xf4]]) }, 'accept'],
    ['a mark that no mask can give', input('-m mark ! --mark 0x10/0xf -j ACCEPT'), {}, 'accept'],
    ['some bits of a mark are saved', input('-j CONNMARK --set-mark 0x30\n-j MARK --set-mark 0x5\n-j CONNMARK --save-mark --nfmask 0xf --ctmask 0xf\n-m connmark --mark 0x35 -j ACCEPT'), {}, 'accept'],
    ['some bits of a mark are restored', input('-j CONNMARK --set-mark 0x7\n-j MARK --set-mark 0x30\n-j CONNMARK --restore-mark --mask 0xf\n-m mark --mark 0x37 -j ACCEPT'), {}, 'accept'],
    ['a packet without a connection has no mark of one', input('-m connmark ! --mark 1 -j ACCEPT'), { state: 'untracked' }, 'drop'],
    ['the owner', '*filter\n:OUTPUT DROP\n-A OUTPUT -m owner --uid-owner 900-1000 -j ACCEPT\nCOMMIT\n', OUT, 'accept'],
    ['an owner that it is not, without a socket', '*filter\n:OUTPUT DROP\n-A OUTPUT -m owner ! --uid-owner 1000 -j ACCEPT\nCOMMIT\n', { hook: 'output' }, 'accept'],
    ['length', input('-m length --length 40:60 -j ACCEPT'), { quantities: new Map([['meta length', 52]]) }, 'accept'],
    ['time to live', input('-m ttl --ttl-lt 2 -j DROP\n-j ACCEPT'), { quantities: new Map([['ip ttl', 64]]) }, 'accept'],
    ['service class', input('-m dscp --dscp-class EF -j ACCEPT'), { quantities: new Map([['ip dscp', 46]]) }, 'accept'],
    ['a class that was set', `*mangle\n:INPUT ACCEPT\n-A INPUT -j TOS --set-tos 0xb8/0xfc\nCOMMIT\n${input('-m dscp --dscp 46 -j ACCEPT')}`, {}, 'accept'],
    ['a limit in quiet times', input('-m limit --limit 5/second -j ACCEPT'), {}, 'accept'],
    ['a limit that is used up', input('-m limit --limit 5/second -j ACCEPT'), { holds: '`beyond limit --limit 5/sec` at ip filter INPUT' }, 'drop'],
    ['above a rate', input('-m hashlimit --hashlimit-above 5/min --hashlimit-name x -j DROP\n-j ACCEPT'), { holds: '`beyond hashlimit 5/min --hashlimit-name x` at ip filter INPUT' }, 'drop'],
    ['connections counted', input('-m connlimit --connlimit-above 3 -j DROP\n-j ACCEPT'), {}, 'accept'],
    ['a limit before a log changes nothing', input('-m limit --limit 1/h -j LOG\n-j ACCEPT'), { holds: '`beyond limit --limit 1/hour` at ip filter INPUT' }, 'accept'],
    ['recent --set matches always', input('-m recent --set --name x -j ACCEPT'), {}, 'accept'],
    ['recent --update, seen too often', input('-m recent --update --seconds 60 --hitcount 4 -j DROP\n-j ACCEPT'), { holds: '`recent --hitcount 4 --seconds 60 --update` at ip filter INPUT' }, 'drop'],
    ['a string in the packet', input('-m string ! --string x --algo bm -j DROP\n-j ACCEPT'), { holds: '`string --algo bm --string x` at the packet' }, 'accept'],
    ['a queue that nobody reads', input('-j NFQUEUE --queue-num 3'), {}, 'drop'],
    ['a queue that lets it pass', input('-j NFQUEUE --queue-num 3'), { holds: '`NFQUEUE --queue-num 3 lets it pass` at ip filter INPUT' }, 'accept'],
    ['a set that is not given', input('-m set --match-set s src -j DROP\n-j ACCEPT'), {}, 'accept'],
    ['a set that is given', [SETS, input('-m set --match-set s src -j DROP\n-j ACCEPT')], { src: '203.0.113.40' }, 'drop'],
    ['what rules take out of a set may be gone', [SETS, input('-j SET --del-set s src\n-m set --match-set s src -j DROP\n-j ACCEPT')], { src: '203.0.113.40' }, 'accept'],
    ['its exceptions', [SETS, input('-m set --match-set s src -j DROP\n-j ACCEPT')], { src: '203.0.113.9' }, 'accept'],
    ['sets of addresses and ports', ['create s hash:ip,port family inet\nadd s 192.0.2.1,tcp:20-22\n', input('-m set --match-set s dst,dst -j ACCEPT')], {}, 'accept'],
    ['sets of networks and interfaces', ['create s hash:net,iface family inet\nadd s 203.0.113.0/24,eth0\n', input('-m set --match-set s src,src -j ACCEPT')], {}, 'accept'],
    ['a set of the other family has nothing', ['create s hash:ip family inet6\nadd s 2001:db8::9\n', input('-m set --match-set s src -j ACCEPT')], {}, 'drop'],
    ['elements that time out may be gone', ['create s hash:ip family inet timeout 600\nadd s 203.0.113.9 timeout 5\n', input('-m set --match-set s src -j DROP\n-j ACCEPT')], {}, 'accept'],
    ['dnat, and a rule for what it leads to', '*nat\n:PREROUTING ACCEPT\n-A PREROUTING -p tcp --dport 22 -j DNAT --to-destination 10.0.0.2:2222\nCOMMIT\n*filter\n:FORWARD DROP\n-A FORWARD -d 10.0.0.2 -p tcp --dport 2222 -m conntrack --ctstate DNAT -j ACCEPT\nCOMMIT\n', { hook: 'forward' }, 'accept'],
    ['dnat of IPv6', '*nat\n:PREROUTING ACCEPT\n-A PREROUTING -p tcp -j DNAT --to-destination [2001:db8::2]:80\nCOMMIT\n*filter\n:FORWARD DROP\n-A FORWARD -d 2001:db8::2 -p tcp --dport 80 -j ACCEPT\nCOMMIT\n', { ...V6, hook: 'forward' }, 'accept'],
    ['nat sees first packets only', '*nat\n:PREROUTING ACCEPT\n-A PREROUTING -j MARK --set-mark 1\nCOMMIT\n*filter\n:INPUT DROP\n-A INPUT -m mark --mark 0 -j ACCEPT\nCOMMIT\n', { state: 'established' }, 'accept'],
    ['redirect of what this machine sends', '*nat\n:OUTPUT ACCEPT\n-A OUTPUT -p tcp --dport 22 -j REDIRECT --to-ports 99\nCOMMIT\n*filter\n:OUTPUT DROP\n-A OUTPUT -d 127.0.0.1 -p tcp --dport 99 -j ACCEPT\nCOMMIT\n', OUT, 'accept'],
    ['a proxy without a socket', '*mangle\n:PREROUTING ACCEPT\n-A PREROUTING -p tcp -j TPROXY --on-port 1\nCOMMIT\n', {}, 'drop'],
  ]; // biome-ignore format: one case a line
  for (const [title, text, parts, verdict] of cases) {
    it(title, () => assert.equal(verdictOf(typeof text === 'string' ? [text] : text, packet(parts)), verdict));
  }
});

describe('what is not understood is named, and may hold or not', () => {
  const cases: readonly (readonly [rule: string, reason: string])[] = [
    ['-m odd --much 1 -j ACCEPT', 'the match `odd` is not known'],
    ['-m tcp --much 1 -j ACCEPT', '`tcp` has the option `--much`'],
    ['-m mark --mark x -j ACCEPT', '`x` is no number up to 4294967295'],
    ['-s www.example.org -j ACCEPT', '`www.example.org` is no address: whose it is, nobody knows here'],
    ['-s 2001:db8::1 -j ACCEPT', '`2001:db8::1` is no address of IPv4'],
    ['-j ODD', '`ODD` is neither a chain of the table nor a target that is known'],
    ['-g lost', 'there is no chain `lost` in the table'],
    ['-m mark --mark 1 --mark 2 -j ACCEPT', '`--mark` stands twice'],
    ['-m owner --uid-owner alice -j ACCEPT', 'the number of `alice` is not known here'],
    ['-p tcp ! --sport 0:65535 -j ACCEPT', 'iptables-nft and iptables-legacy do not agree about the opposite of all ports'],
    ['-j CONNMARK --save-mark --nfmask 0xff --ctmask 0xf', 'it adds bits of one mark to another'],
  ]; // biome-ignore format: one case a line
  for (const [rule, reason] of cases) {
    it(rule, () => {
      const file = new SourceFile(
        'rules',
        `# Generated by iptables-save v1.8.9 (nf_tables)\n${input(`-p tcp ${rule}`.replace('-p tcp -p tcp', '-p tcp'))}`,
      );
      const { ast } = iptablesReader.parse([file]);
      assert.ok(ast !== undefined);
      const { ruleset, opaque } = iptablesReader.lift(ast);
      assert.deepEqual(
        opaque.map((each) => [each.reason, each.text.startsWith('-A INPUT -p tcp')]),
        [[reason, true]],
      );
      const { accept, drop } = denote(new HeaderSpace(), ruleset);
      const symbols = accept.space.symbolsOf(accept.union(drop).intersect(accept));
      if (!reason.includes('bits of one mark')) assert.ok(symbols.length > 0, 'both answers are possible');
    });
  }
});
