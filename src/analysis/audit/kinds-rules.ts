import type { FindingKind } from './finding.ts';

/** Parts of rules without effect; whole rules have the words of `rule-problems.ts`. */
export const RULES = {
  idleState: {
    code: 'A0006',
    severity: 'low',
    message: (state: string, rule: string, by: string) => `\`${state}\` in \`${rule}\` never matters: ${by}`,
    help: () => 'leave it out of the rule: what remains is what it does',
    explanation:
      'Packets in that state are decided before they come to the rule. It looks as if the rule were needed for them.',
    controls: ['PCI-1.2.1', 'PCI-1.2.7'],
  } satisfies FindingKind<[state: string, rule: string, by: string]>,
} as const satisfies Readonly<Record<string, FindingKind<never>>>;
