import type { DiagnosticKind } from '../../diagnostic/index.ts';
import { meant } from '../../diagnostic/similar.ts';

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
  template: {
    code: 'B0004',
    severity: 'error',
    message: () => 'this is a template that has not been rendered',
    help: () => 'give the output of `helm template`, or leave the folder with templates out',
    explanation:
      'What a template becomes depends on values that are not in it: nothing can be said of its objects before they are there.',
  } satisfies DiagnosticKind<[]>,
  notManifest: {
    code: 'B0005',
    severity: 'info',
    message: () => 'this is no manifest (it has no `apiVersion` and `kind`): it is passed over',
    explanation: 'Folders hold other files beside manifests; what is none says nothing of the cluster.',
  } satisfies DiagnosticKind<[]>,
  conflict: {
    code: 'B0006',
    severity: 'error',
    message: (object: string, file: string, line: number) =>
      `${object} is here for the second time and differs from the first, in line ${line} of \`${file}\``,
    help: () => 'give the manifests of one cluster only, or keep one of the two',
    explanation:
      'A cluster has one object of a kind, a namespace and a name. Of two that differ, nobody knows which one counts.',
  } satisfies DiagnosticKind<[object: string, file: string, line: number]>,
  badValue: {
    code: 'B0007',
    severity: 'error',
    message: (path: string, value: string, expected: string) => `\`${path}\` is \`${value}\`, but must be ${expected}`,
    help: () => 'the API server refuses the object as it is',
    explanation: 'The API allows only some values in this field; an object with another one is never created.',
  } satisfies DiagnosticKind<[path: string, value: string, expected: string]>,
  notOne: {
    code: 'B0008',
    severity: 'error',
    message: (path: string, choices: string) => `\`${path}\` must have exactly one of ${choices}`,
    help: () => 'keep one of them; write a second entry of the list for the other',
    explanation: 'These fields exclude each other, and one of them is needed: the API server refuses anything else.',
  } satisfies DiagnosticKind<[path: string, choices: string]>,
  excluded: {
    code: 'B0009',
    severity: 'error',
    message: (path: string, why: string) => `\`${path}\` cannot stand here: ${why}`,
    help: () => 'the API server refuses the object as it is',
    explanation: 'The API does not allow this field together with what stands beside it.',
  } satisfies DiagnosticKind<[path: string, why: string]>,
  empty: {
    code: 'B0010',
    severity: 'error',
    message: (path: string, what: string) => `\`${path}\` must have at least one ${what}`,
    help: () => 'the API server refuses the object as it is',
    explanation: 'An empty list or mapping says nothing here: the API asks for at least one entry.',
  } satisfies DiagnosticKind<[path: string, what: string]>,
  tooMany: {
    code: 'B0011',
    severity: 'error',
    message: (path: string, limit: number) => `\`${path}\` has more than ${limit} entries`,
    help: () => 'the API server refuses the object as it is; spread the entries over several objects',
    explanation: 'The API bounds the length of this list.',
  } satisfies DiagnosticKind<[path: string, limit: number]>,
  notServed: {
    code: 'B0012',
    severity: 'error',
    message: (apiVersion: string, kind: string) => `no Kubernetes of today knows a ${kind} of \`${apiVersion}\``,
    help: (_apiVersion, kind) => `write \`apiVersion: ${SERVED[kind] ?? 'networking.k8s.io/v1'}\``,
    explanation:
      'The API server no longer serves this version: the object is not created, and what it says does not count.',
  } satisfies DiagnosticKind<[apiVersion: string, kind: string]>,
  samePriority: {
    code: 'B0013',
    severity: 'error',
    message: (policy: string, other: string, priority: number) =>
      `${policy} has the priority ${priority}, as ${other} has: nobody can tell which one is asked first`,
    help: () => 'give each of them a priority of its own',
    explanation:
      'Where two policies of one tier with the same priority match a connection, the network plugin may apply either (network-policy-api, `priority`).',
  } satisfies DiagnosticKind<[policy: string, other: string, priority: number]>,
  differentPods: {
    code: 'B0014',
    severity: 'info',
    message: (owner: string, difference: string) => `the pods of ${owner} differ in ${difference}`,
    help: () => 'the answers name them by their pods',
    explanation:
      'Pods of one owner are one workload in the answers, unless policies or services treat them differently.',
  } satisfies DiagnosticKind<[owner: string, difference: string]>,
  notRendered: {
    code: 'B0015',
    severity: 'info',
    message: () => 'this is a kustomization: what it would change in the manifests beside it is not taken into account',
    help: () => 'give the output of `kubectl kustomize`, or of `kustomize build`',
    explanation: 'A kustomization lays patches over manifests; only its output says what the cluster gets.',
  } satisfies DiagnosticKind<[]>,
  badAnnotation: {
    code: 'B0016',
    severity: 'error',
    message: (key: string, problem: string) => `the annotation \`${key}\` cannot be read: ${problem}`,
    help: () => 'write `name` or `namespace/name`, several with commas between, or a JSON list of objects with `name`',
    explanation: 'Which networks a pod is in stands in its annotations (Multus; k8s.v1.cni.cncf.io/networks).',
  } satisfies DiagnosticKind<[key: string, problem: string]>,
  unknownVersion: {
    code: 'B0017',
    severity: 'error',
    message: (apiVersion: string, kind: string, _meant: string | undefined) =>
      `\`${apiVersion}\` is no version in which ${kind} is known`,
    help: (_apiVersion, _kind, suggestion) => meant(suggestion, 'correct `apiVersion`'),
    explanation: 'Each kind belongs to a group and versions of the API; under another the API server does not know it.',
  } satisfies DiagnosticKind<[apiVersion: string, kind: string, meant: string | undefined]>,
} as const;

const SERVED: Readonly<Record<string, string>> = {
  NetworkPolicy: 'networking.k8s.io/v1',
  Ingress: 'networking.k8s.io/v1',
};
