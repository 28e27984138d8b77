import type { DiagnosticKind } from '../diagnostic/index.ts';
import { meant } from '../diagnostic/similar.ts';

/** What can be wrong with a word: an address, a service, a date, a name of an account. */
export const WORD_PROBLEMS = {
  badEndpoint: {
    code: 'P0030',
    severity: 'error',
    message: (text: string) => `\`${text}\` is no zone, catalogue entry, address, prefix or host name`,
    help: () =>
      'for example `agent`, `catalog:discord`, `10.0.0.0/8`, `2001:db8::1`, `api.example.com` or `*.example.com`',
    explanation: 'Both ends of a flow are zones, entries of the catalogue, addresses or (as destination) host names.',
  } satisfies DiagnosticKind<[text: string]>,
  badAddress: {
    code: 'P0031',
    severity: 'error',
    message: (text: string) => `\`${text}\` is no address, prefix or range`,
    help: () => 'for example `10.0.5.10`, `10.20.0.0/16`, `2001:db8::/32` or `192.0.2.10-192.0.2.20`',
    explanation:
      'Addresses are written in full, in decimal, without leading zeros: the short forms mean different things to different programs.',
  } satisfies DiagnosticKind<[text: string]>,
  hostBits: {
    code: 'P0032',
    severity: 'error',
    message: (text: string, _network: string, _address: string) =>
      `the prefix \`${text}\` has bits set behind its length`,
    help: (_text, network, address) => `write \`${network}\` for the network, or \`${address}\` for the one address`,
    explanation: 'With host bits set it is unclear whether the network or the address is meant.',
  } satisfies DiagnosticKind<[text: string, network: string, address: string]>,
  rangeBackwards: {
    code: 'P0033',
    severity: 'error',
    message: (text: string) => `the range \`${text}\` ends before it begins`,
    help: () => 'put the lower address first',
    explanation: 'A range is written from its first to its last address, both included.',
  } satisfies DiagnosticKind<[text: string]>,
  nameAsAddress: {
    code: 'P0034',
    severity: 'error',
    message: (text: string) => `\`${text}\` is a name, not an address`,
    help: () => 'host names belong under `domains:`, other zones under `zones:`',
    explanation: 'Names and addresses are enforced in different ways, so that they stand apart.',
  } satisfies DiagnosticKind<[text: string]>,
  addressAsName: {
    code: 'P0035',
    severity: 'error',
    message: (text: string) => `\`${text}\` is an address, not a host name`,
    help: () => 'addresses belong under `addresses:`',
    explanation: 'Names and addresses are enforced in different ways, so that they stand apart.',
  } satisfies DiagnosticKind<[text: string]>,
  badDomain: {
    code: 'P0036',
    severity: 'error',
    message: (text: string) => `\`${text}\` is no host name`,
    help: () =>
      'for example `api.example.com`, or `*.example.com` for every name below; names of other scripts in their `xn--` form',
    explanation:
      'A host name has labels of letters, digits, hyphens and underscores; a wildcard stands for whole labels in front.',
  } satisfies DiagnosticKind<[text: string]>,
  url: {
    code: 'P0037',
    severity: 'error',
    message: (text: string) => `\`${text}\` is a URL`,
    help: () => 'write the host name alone, and the port as the service: paths are not visible to a firewall',
    explanation: 'A firewall sees addresses, ports and host names; the rest of a URL is encrypted.',
  } satisfies DiagnosticKind<[text: string]>,
  exceptName: {
    code: 'P0038',
    severity: 'error',
    message: (text: string) => `\`${text}\` cannot be taken out of a zone`,
    help: () => '`except` takes addresses, prefixes, ranges and zones; leave unwanted names out of `domains`',
    explanation: 'Names cannot be subtracted from addresses: many names share one address.',
  } satisfies DiagnosticKind<[text: string]>,
  badService: {
    code: 'P0040',
    severity: 'error',
    message: (text: string) => `\`${text}\` is no service`,
    help: () => 'for example `ssh`, `tcp/22`, `udp/8000-8100`, `tcp/any`, `icmp/echo-request`, `gre` or `protocol/47`',
    explanation: 'A service is a name, or a protocol with its ports or its ICMP type.',
  } satisfies DiagnosticKind<[text: string]>,
  unknownProtocol: {
    code: 'P0041',
    severity: 'error',
    message: (text: string, _suggestion: string | undefined) => `unknown protocol \`${text}\``,
    help: (_text, suggestion) =>
      meant(suggestion, 'write the protocol first: `tcp/443`, `udp/53`, or `protocol/` and its number'),
    explanation: 'Protocols are known by the names of the IANA registry, in lower case, or by their number.',
  } satisfies DiagnosticKind<[text: string, suggestion: string | undefined]>,
  badPort: {
    code: 'P0042',
    severity: 'error',
    message: (text: string) => `\`${text}\` is no port`,
    help: () => 'a port is a number from 0 to 65535, a range such as `8000-8100`, or `any`',
    explanation: 'Ranges of ports include both ends, the lower one first.',
  } satisfies DiagnosticKind<[text: string]>,
  portless: {
    code: 'P0043',
    severity: 'error',
    message: (text: string, protocol: string) => `\`${text}\` is not possible: ${protocol} has no ports`,
    help: (_text, protocol) => `write \`${protocol}\` alone; only tcp, udp, udplite, sctp and dccp have ports`,
    explanation: 'Other protocols have no ports that a firewall could look at.',
  } satisfies DiagnosticKind<[text: string, protocol: string]>,
  portsMissing: {
    code: 'P0044',
    severity: 'error',
    message: (protocol: string) => `\`${protocol}\` does not say which ports`,
    help: (protocol) => `write \`${protocol}/443\`, or \`${protocol}/any\` if really every port is meant`,
    explanation: 'Every port of a protocol is rarely meant, so that it has to be said.',
  } satisfies DiagnosticKind<[protocol: string]>,
  bareNumber: {
    code: 'P0045',
    severity: 'error',
    message: (text: string) => `\`${text}\` does not say which protocol`,
    help: (text) => `write \`tcp/${text}\` or \`udp/${text}\``,
    explanation: 'A port belongs to a protocol, and none is assumed.',
  } satisfies DiagnosticKind<[text: string]>,
  badIcmp: {
    code: 'P0046',
    severity: 'error',
    message: (text: string, protocol: string, _suggestion: string | undefined) => `\`${text}\` is no ${protocol} type`,
    help: (_text, _protocol, suggestion) =>
      meant(suggestion, 'write a type as `icmp/echo-request` or `icmpv6/128`, with a code as `icmpv4/3/4`'),
    explanation: 'ICMP messages have a type and a code; `icmp` with a name means both families where both know it.',
  } satisfies DiagnosticKind<[text: string, protocol: string, suggestion: string | undefined]>,
  ambiguousIcmpCode: {
    code: 'P0047',
    severity: 'error',
    message: (type: string, code: number) => `code ${code} of \`${type}\` means different things in IPv4 and IPv6`,
    help: (type, code) => `write \`icmpv4/${type}/${code}\` or \`icmpv6/${type}/${code}\``,
    explanation: 'The two families number the codes of their ICMP messages differently.',
  } satisfies DiagnosticKind<[type: string, code: number]>,
  badRate: {
    code: 'P0050',
    severity: 'error',
    message: (text: string, _unit: string | undefined) => `\`${text}\` is no rate`,
    help: (_text, unit) =>
      meant(
        unit,
        'write a number of new connections from 1 and `second`, `minute`, `hour` or `day`: `6/minute`, `10/second per source`',
      ),
    explanation: 'A rate limits new connections, in all or of each source address.',
  } satisfies DiagnosticKind<[text: string, unit: string | undefined]>,
  badDate: {
    code: 'P0051',
    severity: 'error',
    message: (text: string) => `\`${text}\` is no date`,
    help: () => 'write year, month and day as in `2027-03-31`; the flow is good until the end of that day, UTC',
    explanation: 'Dates are written as in RFC 3339, and have to exist.',
  } satisfies DiagnosticKind<[text: string]>,
  badAccount: {
    code: 'P0052',
    severity: 'error',
    message: (text: string) => `\`${text}\` is no account`,
    help: () => 'write a name such as `openclaw`, a uid such as `998`, or a range of uids such as `1000-1999`',
    explanation: 'Local processes are recognised by the account that they run as.',
  } satisfies DiagnosticKind<[text: string]>,
  badInterface: {
    code: 'P0053',
    severity: 'error',
    message: (text: string) => `\`${text}\` is no interface name`,
    help: () => 'write a name such as `eth0`, or `br-*` for every name that begins so; 15 characters at most',
    explanation: 'The kernel allows 15 bytes without slash, colon and white space.',
  } satisfies DiagnosticKind<[text: string]>,
  badCgroup: {
    code: 'P0054',
    severity: 'error',
    message: (text: string) => `\`${text}\` is no cgroup path`,
    help: () => 'write the path below /sys/fs/cgroup, such as `system.slice/openclaw.service`',
    explanation: 'Processes can be recognised by their version 2 cgroup, a path without `..`.',
  } satisfies DiagnosticKind<[text: string]>,
} as const;
