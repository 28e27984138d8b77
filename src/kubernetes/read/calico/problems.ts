import type { DiagnosticKind } from '../../../diagnostic/index.ts';

/** What the reader of Calico’s kinds has to say. */
export const CALICO_PROBLEMS = {
  badSelector: {
    code: 'B0101',
    severity: 'error',
    message: (path: string, _text: string, problem: string, _column: number) =>
      `the selector in \`${path}\` cannot be read: ${problem}`,
    help: (_path, text, _problem, column) =>
      `Calico refuses the policy as it is; see \`${text.slice(0, column)}\` and what follows it`,
    explanation:
      'Calico selects by expressions such as `role == "frontend" && !has(legacy)`: texts stand in quotes, names of labels do not, and there are no escapes.',
  } satisfies DiagnosticKind<[path: string, text: string, problem: string, column: number]>,
  badValue: {
    code: 'B0102',
    severity: 'error',
    message: (path: string, text: string, _expected: string) => `\`${text}\` in \`${path}\` cannot be read`,
    help: (_path, _text, expected) => `Calico refuses the policy as it is: it must be ${expected}`,
    explanation: 'An object with a value that its API does not know is never created, and then enforces nothing.',
  } satisfies DiagnosticKind<[path: string, text: string, expected: string]>,
  refused: {
    code: 'B0103',
    severity: 'error',
    message: (path: string, why: string) => `\`${path}\` is refused by Calico: ${why}`,
    help: () => 'correct it; the policy is never created as it is',
    explanation: 'Some fields exclude each other, or need each other: Calico checks it when the object is written.',
  } satisfies DiagnosticKind<[path: string, why: string]>,
  unknownTier: {
    code: 'B0104',
    severity: 'warning',
    message: (policy: string, tier: string) => `${policy} is in the tier \`${tier}\`, which is not among the files`,
    help: (_policy, tier) =>
      `give the manifest of Tier ${tier}, too: until then it is taken to be asked last, and to deny what its policies do not let through`,
    explanation:
      'The order of a tier decides which policies are asked first, and Calico refuses a policy whose tier is missing.',
  } satisfies DiagnosticKind<[policy: string, tier: string]>,
  staged: {
    code: 'B0105',
    severity: 'info',
    message: (policy: string) => `${policy} is staged: Calico reports what it would do, and enforces nothing of it`,
    help: () => 'write it as the kind without `Staged` once it should be enforced',
    explanation: 'Staged policies let one see the effect of a policy in the flow logs before it is enforced.',
  } satisfies DiagnosticKind<[policy: string]>,
  tooManyParts: {
    code: 'B0106',
    severity: 'error',
    message: (path: string) =>
      `the selector in \`${path}\` joins labels of pods, namespaces and accounts in too many ways`,
    help: () => 'write it as several rules or policies: more than 64 combinations are not followed here',
    explanation:
      'A selector that asks for labels of pods or else for labels of namespaces is taken apart into its combinations, of which there can be very many.',
  } satisfies DiagnosticKind<[path: string]>,
  missingService: {
    code: 'B0107',
    severity: 'warning',
    message: (path: string, service: string) =>
      `\`${path}\` names the Service \`${service}\`, whose pods are not known here`,
    help: () => 'give the manifest of the Service, too; the rule is left out of the answers, which say so',
    explanation: 'A rule for a Service means the endpoints behind it, which its selector tells.',
  } satisfies DiagnosticKind<[path: string, service: string]>,
  twoPlugins: {
    code: 'B0108',
    severity: 'warning',
    message: (first: string, second: string) =>
      `policies of Calico (${first}) and of Cilium (${second}) are for one cluster`,
    help: () => 'give the manifests of one cluster: both are taken to hold, as no cluster runs both',
    explanation: 'Each network plugin enforces its own kinds and ignores the other’s.',
  } satisfies DiagnosticKind<[first: string, second: string]>,
} as const;
