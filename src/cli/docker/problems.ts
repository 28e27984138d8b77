import type { DiagnosticKind } from '../../diagnostic/index.ts';

/** What `portcullis docker` has to say. */
export const DOCKER_WATCH_PROBLEMS = {
  noZones: {
    code: 'K0005',
    severity: 'error',
    message: (policy: string) => `\`${policy}\` has no zone of containers that come and go`,
    help: () =>
      'a zone by `container`, `labels`, `project` or `service` is one; a zone by `network` needs nobody to follow it',
    explanation:
      'A network keeps its subnets as containers come and go. Only what is told by container has to be followed.',
  } satisfies DiagnosticKind<[policy: string]>,
  noSets: {
    code: 'K0006',
    severity: 'error',
    message: (said: string) => `the kernel’s sets cannot be read: ${said}`,
    help: () => 'run it as root, on the machine that the policy is applied on',
    explanation: 'Who is in a zone stands in sets of the kernel’s rules, which only root may read and change.',
  } satisfies DiagnosticKind<[said: string]>,
} as const;
