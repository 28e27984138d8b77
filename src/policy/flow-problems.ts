import type { DiagnosticKind } from '../diagnostic/index.ts';

const EXAMPLE = 'for example `tcp 203.0.113.9 -> host:22` or `udp agent -> 9.9.9.9:53 uid openclaw`';

/** What can be wrong with a flow expression. */
export const FLOW_PROBLEMS = {
  shape: {
    code: 'F0001',
    severity: 'error',
    message: (problem: string) => `this is no flow expression: ${problem}`,
    help: () => `write protocol, source, \`->\`, destination and suffixes: ${EXAMPLE}`,
    explanation:
      'A flow expression is a protocol (for ICMP also the type), a source, `->`, a destination with its port, and suffixes.',
  } satisfies DiagnosticKind<[problem: string]>,
  protocol: {
    code: 'F0002',
    severity: 'error',
    message: (text: string, _suggestion: string | undefined) => `unknown protocol \`${text}\``,
    help: (_text, suggestion) =>
      suggestion === undefined
        ? 'use tcp, udp, icmp, icmpv6, sctp or a number from 0 to 255'
        : `did you mean \`${suggestion}\`?`,
    explanation: 'The first word of a flow expression is an IP protocol, by its name or its IANA number.',
  } satisfies DiagnosticKind<[text: string, suggestion: string | undefined]>,
  end: {
    code: 'F0003',
    severity: 'error',
    message: (text: string) => `\`${text}\` is no address, prefix, zone or name`,
    help: () =>
      'write an address, a prefix, a zone or a host name; IPv6 in brackets where a port follows: `[2001:db8::1]:443`',
    explanation:
      'Both ends of a flow are addresses, prefixes, ranges, zones of the policy, or (as destination) host names.',
  } satisfies DiagnosticKind<[text: string]>,
  hostBits: {
    code: 'F0004',
    severity: 'error',
    message: (text: string, _meant: string) => `the prefix \`${text}\` has bits set behind its length`,
    help: (_text, meant) => `write \`${meant}\` for the network, or the address alone`,
    explanation:
      'A prefix names a whole network; with host bits set it is unclear whether the network or one address is meant.',
  } satisfies DiagnosticKind<[text: string, meant: string]>,
  port: {
    code: 'F0005',
    severity: 'error',
    message: (text: string) => `\`${text}\` is no port`,
    help: () => 'a port is a number from 0 to 65535, or a range such as `8000-8100`',
    explanation: 'Ports stand behind the address and a colon, as a number or as a range with both ends included.',
  } satisfies DiagnosticKind<[text: string]>,
  portless: {
    code: 'F0006',
    severity: 'error',
    message: (protocol: string) => `${protocol} has no ports`,
    help: () => 'leave the port out, or use tcp or udp',
    explanation: 'Only TCP, UDP, UDP-Lite, DCCP and SCTP have ports.',
  } satisfies DiagnosticKind<[protocol: string]>,
  icmpType: {
    code: 'F0007',
    severity: 'error',
    message: (text: string, protocol: string, _suggestion: string | undefined) => `\`${text}\` is no ${protocol} type`,
    help: (_text, _protocol, suggestion) =>
      suggestion === undefined
        ? 'a type is a name such as `echo-request`, a number from 0 to 255, or type/code such as `3/4`'
        : `did you mean \`${suggestion}\`?`,
    explanation: 'The word after `icmp` or `icmpv6` is the type of the message.',
  } satisfies DiagnosticKind<[text: string, protocol: string, suggestion: string | undefined]>,
  suffix: {
    code: 'F0008',
    severity: 'error',
    message: (text: string, _suggestion: string | undefined) => `unknown suffix \`${text}\``,
    help: (_text, suggestion) =>
      suggestion === undefined
        ? 'the suffixes are `iif`, `oif`, `uid`, `state` and `mark`'
        : `did you mean \`${suggestion}\`?`,
    explanation: 'Behind the destination a flow can be narrowed by interface, account, conntrack state and mark.',
  } satisfies DiagnosticKind<[text: string, suggestion: string | undefined]>,
  suffixValue: {
    code: 'F0009',
    severity: 'error',
    message: (suffix: string, _expected: string) => `\`${suffix}\` lacks its value or has a wrong one`,
    help: (_suffix, expected) => `${expected}`,
    explanation: 'Each suffix is a word and a value: `iif eth0`, `uid openclaw`, `state established`.',
  } satisfies DiagnosticKind<[suffix: string, expected: string]>,
  twice: {
    code: 'F0010',
    severity: 'error',
    message: (suffix: string) => `\`${suffix}\` is given twice`,
    help: () => 'keep one of them',
    explanation: 'Each suffix may stand once.',
  } satisfies DiagnosticKind<[suffix: string]>,
} as const;
