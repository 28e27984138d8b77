import type { DiagnosticKind } from '../../diagnostic/index.ts';

/** What the readers of manifests have to say. B00.. of Kubernetes itself, B01.. of Calico, B02.. of Cilium, B03.. of Istio. */
export const MANIFEST_PROBLEMS = {
  wrongType: {
    code: 'B0001',
    severity: 'error',
    message: (path: string, expected: string) => `\`${path}\` must be ${expected}`,
    help: () => 'the API server refuses the object as it is',
    explanation:
      'Every field of a manifest has a type in its API; an object with a field of another type is never created.',
  } satisfies DiagnosticKind<[path: string, expected: string]>,
  missingField: {
    code: 'B0002',
    severity: 'error',
    message: (path: string) => `\`${path}\` is missing`,
    help: () => 'the API server refuses the object as it is',
    explanation: 'Some fields have no default: an object without them is never created.',
  } satisfies DiagnosticKind<[path: string]>,
  unknownField: {
    code: 'B0003',
    severity: 'error',
    message: (path: string, _meant: string | undefined) => `\`${path}\` is no field of this kind`,
    help: (_path, meant) => (meant === undefined ? 'remove it, or correct its name' : `did you mean \`${meant}\`?`),
    explanation:
      'In a policy, a field that nobody knows is dropped by the API server, or the object refused, depending on how it is applied: either way the policy does not say what its author meant.',
  } satisfies DiagnosticKind<[path: string, meant: string | undefined]>,
} as const;
