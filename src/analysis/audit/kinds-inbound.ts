import type { FindingKind } from './finding.ts';

type Where = [what: string, families: string, listening: string];

/** What other machines may open towards this one. `what` are ports, `families` as they are told, `listening` who waits there (or empty). */
export const INBOUND = {
  everythingInbound: {
    code: 'A1001',
    severity: 'critical',
    message: (what: string, families: string, _listening: string) => `${what} open to the whole world${families}`,
    help: () =>
      'deny what comes in unless a rule allows it, and allow only what is needed (`portcullis import` makes a policy of what stands)',
    explanation:
      'Whatever starts to listen on this machine, now or later, on purpose or not, can be reached by everybody. A firewall that lists what is forbidden misses what nobody thought of.',
    controls: [
      'NIST-SC-7(5)',
      'NIST-SC-7(11)',
      'NIST-SC-7(12)',
      'PCI-1.3.1',
      'PCI-1.4.2',
      'ISO-A.8.20',
      'SOC2-CC6.6',
      'CIS-4.2.7',
      'CIS-4.3.8',
      'CIS-4.4.2.1',
      'CIS-4.4.3.1',
    ],
  } satisfies FindingKind<Where>,
  sensitiveInbound: {
    code: 'A1002',
    severity: 'critical',
    message: (what: string, families: string, listening: string) =>
      `${what} is open to the whole world${families}${listening}`,
    help: () =>
      'allow it from the machines that need it only, or let it listen on loopback and reach it through a tunnel',
    explanation:
      'The port belongs to a service that gives control over the machine or its data, often without a password, and that is searched for on the whole internet all the time.',
    controls: [
      'NIST-SC-7(5)',
      'NIST-SC-7(11)',
      'NIST-CM-7',
      'PCI-1.3.1',
      'PCI-1.4.2',
      'PCI-1.4.4',
      'ISO-A.8.20',
      'ISO-A.8.21',
      'SOC2-CC6.6',
    ],
  } satisfies FindingKind<Where>,
  sshInbound: {
    code: 'A1003',
    severity: 'high',
    message: (what: string, families: string, listening: string) =>
      `${what} is open to the whole world${families}${listening}`,
    help: () => 'allow it from the addresses that you administer from, or through a bastion or VPN',
    explanation:
      'Whoever finds a password, a stolen key or a fault of the SSH server can try it from anywhere. Administration needs few sources.',
    controls: ['NIST-AC-17', 'NIST-SC-7(11)', 'PCI-1.3.1', 'PCI-1.4.2', 'ISO-A.8.20', 'SOC2-CC6.6'],
  } satisfies FindingKind<Where>,
  serviceInbound: {
    code: 'A1004',
    severity: 'medium',
    message: (what: string, families: string, listening: string) =>
      `${what} open to the whole world${families}${listening}`,
    help: () => 'if it is not meant for everybody, name the sources; if it is, suppress this finding with the reason',
    explanation: 'A service that everybody can reach has to withstand everybody. Most services are meant for few.',
    controls: ['NIST-SC-7(11)', 'PCI-1.3.1', 'PCI-1.4.2', 'PCI-1.2.5', 'ISO-A.8.20', 'ISO-A.8.21', 'SOC2-CC6.6'],
  } satisfies FindingKind<Where>,
  webInbound: {
    code: 'A1005',
    severity: 'info',
    message: (what: string, families: string, listening: string) =>
      `${what} open to the whole world${families}${listening}`,
    help: () => 'nothing, if this machine serves a public website',
    explanation: 'Web servers are usually meant for everybody; it is told so that nobody is surprised.',
    controls: ['PCI-1.2.5', 'PCI-1.4.2'],
  } satisfies FindingKind<Where>,
  broadSource: {
    code: 'A1006',
    severity: 'medium',
    message: (what: string, families: string, sources: string) =>
      `${what} open to more than one site's addresses${families}: ${sources}`,
    help: () => 'name the machines or the subnet that need it',
    explanation:
      'A source of more than 65,536 IPv4 addresses (a /16), or more than a /48 of IPv6, is no least privilege: every machine of a whole company or provider may be among them.',
    controls: ['NIST-SC-7(11)', 'NIST-AC-4', 'PCI-1.3.1', 'ISO-A.8.20', 'ISO-A.8.22', 'SOC2-CC6.6'],
  } satisfies FindingKind<[what: string, families: string, sources: string]>,
  sshUnlimited: {
    code: 'A1007',
    severity: 'medium',
    message: (what: string) => `nothing limits how often a stranger may try ${what}`,
    help: () => 'limit new connections of each source, such as 6 a minute',
    explanation:
      'Without a limit passwords can be tried as fast as the machine answers, and the server can be kept busy.',
    controls: ['NIST-SC-5', 'NIST-AC-17', 'SOC2-CC6.6'],
  } satisfies FindingKind<[what: string]>,
} as const satisfies Readonly<Record<string, FindingKind<never>>>;
