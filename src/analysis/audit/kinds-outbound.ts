import type { FindingKind } from './finding.ts';

type Where = [what: string, families: string];

/** What this machine may open towards others. */
export const OUTBOUND = {
  noEgressFilter: {
    code: 'A1101',
    severity: 'high',
    message: (what: string, families: string) => `this machine may open ${what} to any address${families}`,
    help: () => 'deny what goes out unless a rule allows it, and name the destinations',
    explanation:
      'A program that is taken over, or an agent that is talked into it, can send what it knows to anybody and fetch what it is told to run.',
    controls: [
      'NIST-SC-7(5)',
      'NIST-SC-7(10)',
      'NIST-AC-4',
      'PCI-1.3.2',
      'ISO-A.8.20',
      'SOC2-CC6.6',
      'CIS-4.2.5',
      'CIS-4.3.7',
      'CIS-4.4.2.3',
    ],
  } satisfies FindingKind<Where>,
  webAnywhere: {
    code: 'A1102',
    severity: 'medium',
    message: (what: string, families: string) => `this machine may open ${what} to any address${families}`,
    help: () =>
      'name the destinations in a policy (`to: catalog:...`, or a zone with `domains:`) and let the gateway check the names',
    explanation:
      'HTTPS to anywhere is every way out at once: what an attacker wants to take away leaves by the same port as what the machine is for.',
    controls: ['NIST-SC-7(10)', 'NIST-SC-7(8)', 'NIST-AC-4', 'PCI-1.3.2', 'ISO-A.8.20', 'SOC2-CC6.6'],
  } satisfies FindingKind<Where>,
  dnsAnywhere: {
    code: 'A1103',
    severity: 'medium',
    message: (what: string, families: string) => `this machine may ask any address for names: ${what}${families}`,
    help: () => 'allow DNS to your resolvers only',
    explanation:
      'Any server can answer DNS, so that data leaves inside of questions (a DNS tunnel), and answers can be forged.',
    controls: ['NIST-SC-7(10)', 'NIST-AC-4', 'PCI-1.3.2', 'ISO-A.8.20', 'ISO-A.8.21'],
  } satisfies FindingKind<Where>,
  dnsOnlyUdp: {
    code: 'A1104',
    severity: 'low',
    message: (families: string) => `DNS${families} is allowed by UDP only`,
    help: () => 'allow TCP 53 to the same resolvers',
    explanation:
      'Answers that do not fit into one packet come over TCP (RFC 7766); without it some names do not resolve, now and then.',
    controls: ['ISO-A.8.21'],
  } satisfies FindingKind<[families: string]>,
  anyDestination: {
    code: 'A1105',
    severity: 'low',
    message: (what: string, families: string) => `this machine may open ${what} to any address${families}`,
    help: () => 'name the destinations',
    explanation: 'Each port that may be opened to anywhere is a way out for whoever gets in.',
    controls: ['NIST-SC-7(10)', 'NIST-AC-4', 'PCI-1.3.2', 'ISO-A.8.20'],
  } satisfies FindingKind<Where>,
  broadDestination: {
    code: 'A1106',
    severity: 'low',
    message: (what: string, families: string, destinations: string) =>
      `this machine may open ${what} to more than one site's addresses${families}: ${destinations}`,
    help: () => 'name the machines or the subnet that it needs',
    explanation:
      'More than a /16 of IPv4 or a /48 of IPv6 is more than one service needs; the rest is room for lateral movement.',
    controls: ['NIST-AC-4', 'PCI-1.3.2', 'ISO-A.8.22'],
  } satisfies FindingKind<[what: string, families: string, destinations: string]>,
} as const satisfies Readonly<Record<string, FindingKind<never>>>;
