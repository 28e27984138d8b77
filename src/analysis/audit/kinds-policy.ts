import type { FindingKind } from './finding.ts';

/** What is wrong with the flows of a policy as a document. */
export const POLICY = {
  expired: {
    code: 'A2001',
    severity: 'high',
    message: (flow: string, day: string) => `flow \`${flow}\` was allowed until ${day} and still stands in the policy`,
    help: () => 'remove it, or renew it with a new date',
    explanation: 'Somebody decided that this should end. Until the policy is applied without it, it has not.',
    controls: ['PCI-1.2.5', 'PCI-1.2.7', 'NIST-CM-7'],
  } satisfies FindingKind<[flow: string, day: string]>,
  expiresSoon: {
    code: 'A2002',
    severity: 'info',
    message: (flow: string, day: string) => `flow \`${flow}\` ends on ${day}`,
    help: () => 'renew it before, or let it end',
    explanation: 'What ends within 30 days is told in time.',
    controls: ['PCI-1.2.7'],
  } satisfies FindingKind<[flow: string, day: string]>,
  undocumented: {
    code: 'A2003',
    severity: 'low',
    message: (flow: string) => `nobody says what flow \`${flow}\` is for`,
    help: () => 'give it a `purpose:`, and an `owner:` who answers for it',
    explanation: 'A flow without a reason cannot be reviewed: nobody dares to remove it.',
    controls: ['PCI-1.2.5', 'PCI-1.2.7'],
  } satisfies FindingKind<[flow: string]>,
} as const satisfies Readonly<Record<string, FindingKind<never>>>;
