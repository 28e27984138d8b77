import assert from 'node:assert/strict';
import {
  type AdminSession,
  HostListing,
  type HostNeeds,
  type ListeningSocket,
  type LiveConnection,
  type Preflight,
  preflight,
} from '../../src/apply/index.ts';
import { renderDiagnostic } from '../../src/diagnostic/index.ts';
import type { Intent } from '../../src/ir/index.ts';
import { type Address, PROTOCOLS, parseAddress } from '../../src/net/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { TARGETS } from '../../src/target/registry.ts';

/** A host as Docker and UFW leave it, by iptables-nft, in few rules: SSH is open, port 8080 leads to a container. */
export const UFW_AND_DOCKER = `
table ip nat {
  chain DOCKER { iifname != "docker0" tcp dport 8080 dnat to 172.17.0.2:80; }
  chain PREROUTING { type nat hook prerouting priority dstnat; policy accept; fib daddr type local jump DOCKER; }
  chain POSTROUTING { type nat hook postrouting priority srcnat; policy accept; ip saddr 172.17.0.0/16 oifname != "docker0" masquerade; }
}
table ip filter {
  chain ufw-user-input { tcp dport 22 accept; ip saddr 10.20.0.0/16 tcp dport 9090 accept; }
  chain INPUT {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state related,established accept
    jump ufw-user-input
  }
  chain DOCKER { ip daddr 172.17.0.2 iifname != "docker0" oifname "docker0" tcp dport 80 accept; }
  chain FORWARD { type filter hook forward priority filter; policy drop; ct state related,established accept; oifname "docker0" jump DOCKER; }
  chain OUTPUT { type filter hook output priority filter; policy accept; }
}
table ip6 filter {
  chain ufw6-user-input { tcp dport 22 accept; }
  chain INPUT { type filter hook input priority filter; policy drop; iifname "lo" accept; ct state related,established accept; jump ufw6-user-input; }
  chain FORWARD { type filter hook forward priority filter; policy drop; }
}
`;

/** Lets all through, and is somebody's. */
export const OPEN = 'table inet theirs { chain in { type filter hook input priority filter; policy accept; } }';

export const POLICY = `portcullis: 1
name: small
zones:
  agent: { host: { users: [agent] } }
  bastion: { addresses: [10.0.5.10, "2001:db8:5::10"] }
flows:
  - { name: ssh, from: bastion, to: host, service: ssh }
  - { name: web, from: agent, to: internet, service: https }
  - { name: resolver, from: host, to: 9.9.9.9, service: dns }
`;

export function listing(...texts: readonly string[]): HostListing {
  const files = texts.map((text, index) => new SourceFile(`listing-${index}`, text));
  const { listing: read, diagnostics } = HostListing.read(files);
  assert.ok(read, diagnostics.map((each) => renderDiagnostic(each)).join('\n'));
  return read;
}

/** The rules that a policy comes to. */
export function rules(intent: Intent): string {
  const { ast, diagnostics } = TARGETS.nftables.lower(intent);
  assert.deepEqual(
    diagnostics.filter(({ severity }) => severity === 'error'),
    [],
  );
  return TARGETS.nftables
    .print(ast)
    .map(({ text }) => text)
    .join('');
}

export function at(text: string): Address {
  const address = parseAddress(text);
  assert.ok(address, text);
  return address;
}

/** `203.0.113.9:51234 -> 10.0.0.5:22`; IPv6 addresses in brackets. */
export function connection(text: string, more: Partial<LiveConnection> = {}): LiveConnection {
  const ends = /^\[?(.*?)\]?:(\d+) -> \[?(.*?)\]?:(\d+)$/.exec(text);
  assert.ok(ends, text);
  const [, src = '', sport, dst = '', dport] = ends;
  return {
    protocol: PROTOCOLS.tcp,
    src: at(src),
    sport: Number(sport),
    dst: at(dst),
    dport: Number(dport),
    way: 'input',
    tracked: true,
    interface: 'eth0',
    ...more,
  };
}

export function session(text: string, more: Partial<AdminSession> = {}): AdminSession {
  return { connection: connection(text), own: false, via: 'sshd', ...more };
}

export const SSHD: ListeningSocket = { protocol: PROTOCOLS.tcp, address: at('0.0.0.0'), port: 22, program: 'sshd' };

const NO_NEEDS: HostNeeds = { resolvers: [], timeServers: [], keepsTime: false };

/** What a change from a listing to a policy would do to those who are logged in. */
export function flight(
  before: HostListing,
  intent: Intent,
  sessions: readonly AdminSession[],
  more: {
    readonly listeners?: readonly ListeningSocket[];
    readonly needs?: Partial<HostNeeds>;
    readonly yesCut?: readonly string[];
    readonly console?: boolean;
  } = {},
): Preflight {
  return preflight({
    around: { listing: before, addresses: [at('10.0.0.5'), at('2001:db8::5')] },
    before: before.rules('standing'),
    after: before.withOurs(listing(rules(intent))),
    intent,
    sessions,
    listeners: more.listeners ?? [SSHD],
    needs: { ...NO_NEEDS, ...more.needs },
    yesCut: more.yesCut ?? [],
    console: more.console ?? false,
  });
}
