import type { DiagnosticKind } from '../diagnostic/index.ts';

/** What can be wrong with a flow expression once its words are looked up in a policy. */
export const FLOW_RESOLVE_PROBLEMS = {
  unknownZone: {
    code: 'F0101',
    severity: 'error',
    message: (name: string, _suggestion: string | undefined) => `there is no zone \`${name}\``,
    help: (_name, suggestion) =>
      suggestion === undefined
        ? 'use a zone of the policy, a built-in one (host, internet, private, any), an address, or a host name with a dot'
        : `did you mean \`${suggestion}\`?`,
    explanation: 'A word at one end of a flow is a zone of the policy; a host name has a dot in it.',
  } satisfies DiagnosticKind<[name: string, suggestion: string | undefined]>,
  unrecognised: {
    code: 'F0102',
    severity: 'error',
    message: (name: string) => `this machine has no way to recognise the zone \`${name}\``,
    help: (name) => `give zone \`${name}\` addresses, accounts or domains, or ask with an address`,
    explanation: 'The zone is described only for other layers (Kubernetes, a cloud), so a host firewall cannot see it.',
  } satisfies DiagnosticKind<[name: string]>,
  nameAsSource: {
    code: 'F0103',
    severity: 'error',
    message: (name: string) => `the name \`${name}\` cannot be a source`,
    help: () => 'packets carry addresses: write the address that it comes from',
    explanation:
      'A name says where a client wants to go. What arrives has only an address, which any number of names share.',
  } satisfies DiagnosticKind<[name: string]>,
  unknownCatalogEntry: {
    code: 'F0104',
    severity: 'error',
    message: (name: string, _suggestion: string | undefined) => `the catalogue has no entry \`${name}\``,
    help: (_name, suggestion) =>
      suggestion === undefined ? 'write the host name itself' : `did you mean \`catalog:${suggestion}\`?`,
    explanation: 'Behind `catalog:` stands an entry of the catalogue of known services.',
  } satisfies DiagnosticKind<[name: string, suggestion: string | undefined]>,
  workload: {
    code: 'F0105',
    severity: 'error',
    message: (name: string) => `\`${name}\` is a Kubernetes workload, and nothing that was asked knows workloads`,
    help: () => 'ask with the zone that stands for it, or with an address',
    explanation: 'Workloads are known only where Kubernetes manifests are read.',
  } satisfies DiagnosticKind<[name: string]>,
  families: {
    code: 'F0106',
    severity: 'error',
    message: (problem: string) => problem,
    help: () => 'use addresses of one family; `icmp` is IPv4 and `icmpv6` is IPv6',
    explanation: 'A packet has addresses of one family.',
  } satisfies DiagnosticKind<[problem: string]>,
  unknownAccount: {
    code: 'F0107',
    severity: 'error',
    message: (name: string, _suggestion: string | undefined) => `there is no account \`${name}\` here or in the policy`,
    help: (_name, suggestion) =>
      suggestion === undefined ? 'use its number, for example `uid 998`' : `did you mean \`${suggestion}\`?`,
    explanation: 'An account is known by the policy, by this machine, or by its number.',
  } satisfies DiagnosticKind<[name: string, suggestion: string | undefined]>,
  unknownState: {
    code: 'F0108',
    severity: 'error',
    message: (text: string, _suggestion: string | undefined) => `unknown conntrack state \`${text}\``,
    help: (_text, suggestion) =>
      suggestion === undefined
        ? 'use new, established, related, invalid or untracked'
        : `did you mean \`${suggestion}\`?`,
    explanation: "The state is what the kernel's connection tracking says of the packet.",
  } satisfies DiagnosticKind<[text: string, suggestion: string | undefined]>,
  remoteAccount: {
    code: 'F0109',
    severity: 'error',
    message: (account: string, zone: string) => `\`uid ${account}\` does not fit the source \`${zone}\``,
    help: () => 'only what this machine sends has an account: use `host`, a zone of local accounts, or `--at output`',
    explanation: 'The account of a packet is that of the local process that sends it.',
  } satisfies DiagnosticKind<[account: string, zone: string]>,
} as const;
