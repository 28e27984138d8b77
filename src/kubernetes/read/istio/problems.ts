import type { DiagnosticKind } from '../../../diagnostic/index.ts';

/** What the reader of Istio’s kinds has to say. */
export const ISTIO_PROBLEMS = {
  badValue: {
    code: 'B0301',
    severity: 'error',
    message: (path: string, text: string, _expected: string) => `\`${text}\` in \`${path}\` cannot be read`,
    help: (_path, _text, expected) => `Istio refuses the object as it is: it must be ${expected}`,
    explanation: 'Istio’s webhook checks objects when they are written; one that it refuses holds nobody back.',
  } satisfies DiagnosticKind<[path: string, text: string, expected: string]>,
  refused: {
    code: 'B0302',
    severity: 'error',
    message: (path: string, why: string) => `\`${path}\` is refused by Istio: ${why}`,
    help: () => 'correct it; the object is never created as it is',
    explanation: 'Some fields exclude each other, or must not be empty: Istio checks it when the object is written.',
  } satisfies DiagnosticKind<[path: string, why: string]>,
  dryRun: {
    code: 'B0303',
    severity: 'info',
    message: (policy: string) => `${policy} is a dry run: Istio logs what it would do, and enforces nothing of it`,
    help: () => 'remove the annotation `istio.io/dry-run` once it should be enforced',
    explanation: 'The annotation lets one see the effect of a policy before it is enforced.',
  } satisfies DiagnosticKind<[policy: string]>,
  unknownMesh: {
    code: 'B0304',
    severity: 'info',
    message: (namespaces: string) => `whether pods of ${namespaces} are in the mesh is not shown by the files`,
    help: () =>
      'give the manifests of the namespaces, too (their labels `istio-injection`, `istio.io/rev` or `istio.io/dataplane-mode` tell); until then Istio may hold these pods back or not',
    explanation:
      'Istio’s policies hold for pods with its proxy alone. Who gets one is said by labels of the namespace and of the pod.',
  } satisfies DiagnosticKind<[namespaces: string]>,
  ignored: {
    code: 'B0305',
    severity: 'warning',
    message: (path: string, _why: string) => `\`${path}\` has no effect`,
    help: (_path, why) => why,
    explanation: 'Istio takes the object, and ignores this part of it.',
  } satisfies DiagnosticKind<[path: string, why: string]>,
} as const;
