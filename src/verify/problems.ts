import type { DiagnosticKind } from '../diagnostic/index.ts';

export const VERIFY_PROBLEMS = {
  unproven: {
    code: 'V0101',
    severity: 'error',
    message: (target: string, count: number) =>
      `what was written for ${target} does not mean what the policy says: ${count} ${count === 1 ? 'difference' : 'differences'} nobody declared`,
    help: () => 'nothing was printed; this is a fault of Portcullis, please report it with the policy',
    explanation:
      'Every text that is written is read back and compared with the policy as sets of packets. A difference that the target has ' +
      'not declared is never printed.',
  },
  unread: {
    code: 'V0102',
    severity: 'error',
    message: (target: string, reason: string) => `what was written for ${target} could not be read back: ${reason}`,
    help: () => 'nothing was printed; this is a fault of Portcullis, please report it with the policy',
    explanation: 'A text that its own reader does not understand cannot be proven.',
  },
  beyondPolicy: {
    code: 'V0104',
    severity: 'error',
    message: (what: string) => `what Docker was to be told does not fit the policy: ${what}`,
    help: () =>
      'nothing was printed; this is a fault of Portcullis, please report it with the policy and the Compose file',
    explanation:
      'What is written for Docker is read back together with the files that it is laid over, and every published port is held against the policy.',
  } satisfies DiagnosticKind<[what: string]>,
  tooLarge: {
    code: 'V0103',
    severity: 'error',
    message: (target: string) => `the proof for ${target} would take more memory than is allowed`,
    help: () => 'use fewer different address ranges, or split the policy',
    explanation:
      'Packet sets are kept within a bound of memory; a policy beyond it cannot be proven, and is not printed.',
  },
  tooManyLabels: {
    code: 'V0105',
    severity: 'error',
    message: (target: string) => `the proof for ${target} would have to try too many combinations of labels`,
    help: () => 'tell zones by fewer different labels: one that names the zone is enough; or split the policy',
    explanation:
      'What was written is asked about a pod for each combination of the labels that rules speak of. A policy beyond the bound cannot be proven, and is not printed.',
  } satisfies DiagnosticKind<[target: string]>,
  clusterTest: {
    code: 'V0106',
    severity: 'error',
    message: (text: string, witness: string) => `the test \`${text}\` fails in the cluster: ${witness} fares otherwise`,
    help: () => 'correct the claim, or the flows',
    explanation: 'The policy’s own tests are asked of what was written for the cluster, as it was read back.',
  } satisfies DiagnosticKind<[text: string, witness: string]>,
  clusterTestBeside: {
    code: 'V0107',
    severity: 'warning',
    message: (text: string, witness: string) =>
      `the test \`${text}\` does not hold by this API alone: ${witness} fares otherwise, which was declared`,
    help: () => 'see what is said of the approximation: another API beside this one may hold it',
    explanation: 'A claim is asked of what was written, with all that it declares it cannot say.',
  } satisfies DiagnosticKind<[text: string, witness: string]>,
} as const satisfies Record<string, DiagnosticKind<never>>;
