import type { DiagnosticKind } from '../diagnostic/index.ts';

/** What can be wrong with a policy's `gateway:` section by itself. */
export const GATEWAY_FILE_PROBLEMS = {
  badListener: {
    code: 'P0070',
    severity: 'error',
    message: (text: string) => `\`${text}\` is no address with a port`,
    help: () => 'write for example `127.0.0.1:3128`, or "[::1]:3128" with its quotes',
    explanation: 'The gateway listens on addresses of its machine, each with a port from 1 to 65535.',
  } satisfies DiagnosticKind<[text: string]>,
  openListener: {
    code: 'P0071',
    severity: 'error',
    message: (text: string) => `the gateway must not listen on \`${text}\``,
    help: () =>
      'use a loopback address, or a private one for containers and networks: 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, fc00::/7',
    explanation:
      'A proxy that others reach sends for others. On a wildcard address it would be open wherever the machine is later connected to.',
  } satisfies DiagnosticKind<[text: string]>,
  badUpstream: {
    code: 'P0072',
    severity: 'error',
    message: (text: string) => `\`${text}\` is no resolver`,
    help: () => 'write for example `9.9.9.9`, "[2620:fe::fe]:53", or `tls://9.9.9.9#dns.quad9.net` for DNS over TLS',
    explanation:
      'The gateway asks resolvers by their address, since it has nobody to ask for theirs. Behind `#` stands the name that the certificate must be for.',
  } satisfies DiagnosticKind<[text: string]>,
  badListenerPort: {
    code: 'P0073',
    severity: 'error',
    message: (text: string) => `\`${text}\` is no port`,
    help: () => 'write a number from 1 to 65535',
    explanation: 'Ports of TCP and UDP are numbers of 16 bits, and 0 is none.',
  } satisfies DiagnosticKind<[text: string]>,
  listenerTaken: {
    code: 'P0074',
    severity: 'error',
    message: (text: string, what: string, other: string) =>
      `\`${text}\` is to be ${what} and ${other} of the gateway at once`,
    help: () => 'give each of its listeners a port of its own',
    explanation: 'Only one listener can have an address and port.',
  } satisfies DiagnosticKind<[text: string, what: string, other: string]>,
  accountRange: {
    code: 'P0075',
    severity: 'error',
    message: (text: string) => `the gateway runs as one account, not as \`${text}\``,
    help: () => 'write its name or its uid',
    explanation: 'The gateway is told from all other programs by its account, which nothing else may have.',
  } satisfies DiagnosticKind<[text: string]>,
  badProxyUser: {
    code: 'P0076',
    severity: 'error',
    message: (text: string) => `\`${text}\` is no user of a proxy`,
    help: () => 'write letters, digits, `.`, `_` and `-`, for example `builder`',
    explanation:
      'Clients send the user and the token with a colon between them (RFC 7617), often as part of a URL: what would have to be escaped there is not allowed.',
  } satisfies DiagnosticKind<[text: string]>,
  badTokenDigest: {
    code: 'P0077',
    severity: 'error',
    message: () => 'that is no SHA-256 digest',
    help: () => 'run `portcullis gateway token`: it prints a new token, and its digest for the policy',
    explanation: 'The policy holds the digest of the token and never the token: 64 hexadecimal digits.',
  } satisfies DiagnosticKind<[]>,
  proxyUserTwice: {
    code: 'P0078',
    severity: 'error',
    message: (user: string) => `there are credentials for \`${user}\` already`,
    help: () => 'give each its own user',
    explanation: 'A token is looked up by its user.',
  } satisfies DiagnosticKind<[user: string]>,
  badPath: {
    code: 'P0079',
    severity: 'error',
    message: (text: string) => `\`${text}\` is not the absolute path of a file`,
    help: () => 'write for example `/etc/portcullis/gateway.pem`',
    explanation: 'The gateway is started by the system, from no folder that a policy could mean.',
  } satisfies DiagnosticKind<[text: string]>,
  nameTwice: {
    code: 'P0080',
    severity: 'error',
    message: (name: string) => `\`${name}\` stands here already`,
    help: () => 'write all that belongs to it in one list',
    explanation:
      'Names are the same whatever their letters are, small or capital, and with a dot at their end or without.',
  } satisfies DiagnosticKind<[name: string]>,
  badHostAddress: {
    code: 'P0081',
    severity: 'error',
    message: (text: string) => `\`${text}\` is no address`,
    help: () => 'write one address, such as `192.168.1.10` or `fd00::10`, or a list of such',
    explanation: 'A name stands for single addresses, not for a network.',
  } satisfies DiagnosticKind<[text: string]>,
  noHostName: {
    code: 'P0082',
    severity: 'error',
    message: (text: string) => `\`${text}\` is no host name`,
    help: () =>
      'write a name such as `nas.home.arpa`; a domain stands for itself and for every name below it, without `*.`',
    explanation: 'Here stand whole names of the DNS, not patterns and not addresses.',
  } satisfies DiagnosticKind<[text: string]>,
  nobodysAddress: {
    code: 'P0083',
    severity: 'error',
    message: (text: string, what: string) => `\`${text}\` cannot be the address of a host: it ${what}`,
    help: () => 'write the address by which this machine reaches the other one',
    explanation: 'What leads to this machine itself, to a link or to a group would open more than the name says.',
  } satisfies DiagnosticKind<[text: string, what: string]>,
} as const;
