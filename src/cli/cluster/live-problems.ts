import type { DiagnosticKind } from '../../diagnostic/index.ts';

/** What asking a live cluster has to say. */
export const LIVE_CLUSTER_PROBLEMS = {
  noAnswer: {
    code: 'C0121',
    severity: 'error',
    message: (cluster: string, said: string) => `${cluster} does not answer: ${said}`,
    help: () => 'see whether `kubectl get namespaces` works for you, with the same `--context` and KUBECONFIG',
    explanation: '`live-cluster` asks the API server by `kubectl`, as the user who runs it, and reads only.',
  } satisfies DiagnosticKind<[cluster: string, said: string]>,
  mayNotList: {
    code: 'C0122',
    severity: 'error',
    message: (cluster: string, resource: string) =>
      `${cluster} does not let you list \`${resource}\`: what they say is not known`,
    help: () =>
      'ask for a role with the verb `list` on them, or take the answer without them (`--despite-errors`), which may be wrong',
    explanation:
      'An answer about who reaches whom takes every policy and every workload. Of what cannot be listed nothing is supposed.',
  } satisfies DiagnosticKind<[cluster: string, resource: string]>,
  notListed: {
    code: 'C0123',
    severity: 'error',
    message: (cluster: string, resource: string, said: string) => `${cluster} did not list \`${resource}\`: ${said}`,
    help: () => 'try again, or take the answer without them (`--despite-errors`), which may be wrong',
    explanation:
      'A list came to no end, or was none. An answer about who reaches whom takes every policy and every workload.',
  } satisfies DiagnosticKind<[cluster: string, resource: string, said: string]>,
} as const;
