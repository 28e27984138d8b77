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
} as const satisfies Record<string, DiagnosticKind<never>>;
