import type { FindingKind } from './finding.ts';

/** What a firewall lacks as a whole. */
export const HYGIENE = {
  ipv6Wider: {
    code: 'A1201',
    severity: 'high',
    message: (what: string) => `IPv6 is open where IPv4 is closed: ${what}`,
    help: () => 'write the same rules for both families: an `inet` table, or ip6tables beside iptables',
    explanation:
      'Most machines have IPv6 addresses, whether anybody thought of it or not. What is closed in one family only is not closed.',
    controls: ['NIST-SC-7(5)', 'PCI-1.3.1', 'ISO-A.8.20', 'CIS-4.4.3.1', 'CIS-4.4.3.4'],
  } satisfies FindingKind<[what: string]>,
  ipv4Wider: {
    code: 'A1202',
    severity: 'info',
    message: (what: string) => `IPv4 is open where IPv6 is closed: ${what}`,
    help: () => 'if the machine has IPv6, allow there what is needed; else nothing',
    explanation: 'Programs try IPv6 first; where it is closed, they wait before they fall back.',
    controls: ['ISO-A.8.20'],
  } satisfies FindingKind<[what: string]>,
  defaultAccept: {
    code: 'A1203',
    severity: 'medium',
    message: (chain: string, hook: string) =>
      `the chain \`${chain}\` accepts at ${hook} whatever its rules do not refuse`,
    help: () => 'set its policy to drop, after the rules for what is needed',
    explanation:
      'A list of what is forbidden is never complete; a flush of the rules, as on every restart, opens everything.',
    controls: [
      'NIST-SC-7(5)',
      'NIST-SC-7(18)',
      'PCI-1.3.1',
      'PCI-1.3.2',
      'CIS-4.2.7',
      'CIS-4.3.8',
      'CIS-4.4.2.1',
      'CIS-4.4.3.1',
    ],
  } satisfies FindingKind<[chain: string, hook: string]>,
  denialsUnlogged: {
    code: 'A1204',
    severity: 'medium',
    message: (hooks: string) => `nobody hears of what is refused at ${hooks}`,
    help: () => 'log before the last refusal, with a limit so that nobody can fill the disk',
    explanation: 'Refused packets are how an attack, a mistake and a missing rule show themselves.',
    controls: ['NIST-AU-12', 'NIST-SC-7', 'ISO-A.8.20', 'SOC2-CC6.6'],
  } satisfies FindingKind<[hooks: string]>,
  invalidAccepted: {
    code: 'A1205',
    severity: 'low',
    message: (hook: string, what: string) =>
      `packets that belong to no connection and cannot open one pass at ${hook}: ${what}`,
    help: () => 'drop `ct state invalid` before the rules that accept',
    explanation:
      'Scanners use packets that fit nothing to learn about a machine past its firewall; translated replies that conntrack cannot place leave untranslated.',
    controls: ['NIST-SC-7', 'PCI-1.4.2', 'ISO-A.8.20'],
  } satisfies FindingKind<[hook: string, what: string]>,
  tooBigRefused: {
    code: 'A1206',
    severity: 'high',
    message: (families: string) => `the error "packet too big"${families} of a known connection does not get in`,
    help: () => 'accept `ct state established,related`, or ICMP type 3 code 4 and ICMPv6 type 2',
    explanation:
      'Path MTU discovery needs it (RFC 1191, RFC 8201): without it large transfers hang on some paths, and only there.',
    controls: ['ISO-A.8.20'],
  } satisfies FindingKind<[families: string]>,
  tooBigUnknown: {
    code: 'A1207',
    severity: 'low',
    message: (families: string) => `ICMP errors${families} get in only where conntrack knows the connection`,
    help: () => 'accept ICMP type 3 code 4 and ICMPv6 type 2, as RFC 4890 4.3.1 asks for',
    explanation:
      'After conntrack is restarted or full, and for traffic that is not tracked, "packet too big" is lost and transfers hang until they time out.',
    controls: ['ISO-A.8.20'],
  } satisfies FindingKind<[families: string]>,
  noNeighbours: {
    code: 'A1208',
    severity: 'high',
    message: () => 'IPv6 is allowed, but not the neighbour discovery that it needs',
    help: () => 'accept ICMPv6 types 135 and 136 at input and output (RFC 4890 4.4.1)',
    explanation:
      'Without neighbour discovery no IPv6 packet finds its next hop: what the other rules allow does not work.',
    controls: ['ISO-A.8.20'],
  } satisfies FindingKind<[]>,
  forwardOpen: {
    code: 'A1209',
    severity: 'low',
    message: (families: string) =>
      `packets between other machines would pass unfiltered${families}, should this machine forward`,
    help: () => 'set the policy of the forward hook to drop, and allow what must be routed',
    explanation:
      'Forwarding is off on a plain host, but Docker, Kubernetes, VPNs and virtual machines switch it on, and then everybody on the link can route through it.',
    controls: ['NIST-SC-7', 'NIST-AC-4', 'PCI-1.4.1', 'ISO-A.8.22', 'CIS-4.3.8', 'CIS-4.4.2.1'],
  } satisfies FindingKind<[families: string]>,
  notUnderstood: {
    code: 'A1210',
    severity: 'medium',
    message: (count: number) =>
      `${count === 1 ? 'one rule was' : `${count} rules were`} not understood: findings about their packets may be missing or wrong`,
    help: () => 'look at them by hand; `portcullis check --in` lists them',
    explanation: 'What the reader does not know is never passed over in silence.',
    controls: [],
  } satisfies FindingKind<[count: number]>,
} as const satisfies Readonly<Record<string, FindingKind<never>>>;
