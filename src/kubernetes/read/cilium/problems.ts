import type { DiagnosticKind } from '../../../diagnostic/index.ts';

/** What the reader of Cilium’s kinds has to say. */
export const CILIUM_PROBLEMS = {
  badValue: {
    code: 'B0201',
    severity: 'error',
    message: (path: string, text: string, _expected: string) => `\`${text}\` in \`${path}\` cannot be read`,
    help: (_path, _text, expected) => `Cilium refuses the policy as it is: it must be ${expected}`,
    explanation:
      'A policy that Cilium cannot read is kept by Kubernetes but never enforced: its status says so, and nobody else does.',
  } satisfies DiagnosticKind<[path: string, text: string, expected: string]>,
  refused: {
    code: 'B0202',
    severity: 'error',
    message: (path: string, why: string) => `\`${path}\` is refused by Cilium: ${why}`,
    help: () => 'correct it; the whole policy is not enforced as it is',
    explanation: 'Some fields exclude each other, or need each other: Cilium checks it when it takes the policy in.',
  } satisfies DiagnosticKind<[path: string, why: string]>,
  missingGroup: {
    code: 'B0203',
    severity: 'warning',
    message: (path: string, group: string) =>
      `\`${path}\` names the CiliumCIDRGroup \`${group}\`, which is not among the files`,
    help: () => 'give its manifest, too; the rule is left out of the answers, which say so',
    explanation: 'A group of address blocks is an object of its own, and a rule that names it means whatever is in it.',
  } satisfies DiagnosticKind<[path: string, group: string]>,
  requirement: {
    code: 'B0204',
    severity: 'warning',
    message: (path: string) => `\`${path}\` is no more: Cilium 1.19 has removed it, and 1.17 warns of it`,
    help: () => 'write what it forbids as `ingressDeny` or `egressDeny`',
    explanation:
      'A requirement was added to the endpoint selectors of every other rule for the same endpoints, across policies. From 1.19 on a policy no longer has the field.',
  } satisfies DiagnosticKind<[path: string]>,
  missingService: {
    code: 'B0205',
    severity: 'warning',
    message: (path: string, service: string) => `\`${path}\` means ${service}, whose pods are not known here`,
    help: () => 'give the manifests of the Services, too; the rule is left out of the answers, which say so',
    explanation: 'A rule for Services means the pods behind them, which their selectors tell.',
  } satisfies DiagnosticKind<[path: string, service: string]>,
  otherNamespace: {
    code: 'B0206',
    severity: 'warning',
    message: (path: string, namespace: string) =>
      `\`${path}\` asks for a namespace, but holds in \`${namespace}\` alone`,
    help: (_path, namespace) =>
      `put the policy into the namespace that it is for, or write a CiliumClusterwideNetworkPolicy; Cilium takes it for \`${namespace}\``,
    explanation:
      'The selector of a CiliumNetworkPolicy always means pods of its own namespace: Cilium replaces any other that is written.',
  } satisfies DiagnosticKind<[path: string, namespace: string]>,
} as const;
