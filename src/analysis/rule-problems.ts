import type { DiagnosticKind } from '../diagnostic/index.ts';

/**
 * What is wrong with the rules of a firewall that somebody wrote. `by` are other rules in backticks with their places, `end` what
 * stands at the end of the chain (or empty), `example` a packet with what becomes of it.
 */
export const RULESET_PROBLEMS = {
  contradicted: {
    code: 'A0001',
    severity: 'warning',
    message: (rule: string, by: readonly string[], _example: string | undefined) =>
      `\`${rule}\` never acts, and packets fare otherwise than it says: ${decidedBefore(by)}`,
    help: (_rule, _by, example) => `move it forward if it should act, else remove it${shownBy(example)}`,
    explanation:
      'Every packet that the rule matches is decided before it is asked, some of them otherwise than the rule would. What its author wanted does not happen.',
  } satisfies DiagnosticKind<[rule: string, by: readonly string[], example: string | undefined]>,
  shadowed: {
    code: 'A0002',
    severity: 'warning',
    message: (rule: string, by: readonly string[], _example: string | undefined) =>
      `\`${rule}\` never acts: ${decidedBefore(by)}`,
    help: (_rule, _by, example) => `remove it${shownBy(example)}`,
    explanation:
      'Every packet that the rule matches is decided before it is asked. Whoever reads the rule believes in something that other rules do.',
  } satisfies DiagnosticKind<[rule: string, by: readonly string[], example: string | undefined]>,
  redundant: {
    code: 'A0003',
    severity: 'warning',
    message: (rule: string, by: readonly string[], end: string, _example: string | undefined) =>
      `\`${rule}\` makes no difference: ${sameBehind(by, end)}`,
    help: (_rule, _by, _end, example) => `remove it, unless it is there to count or to log${shownBy(example)}`,
    explanation:
      'Without the rule every packet would fare the same, because what stands behind it does the same with all that it decides.',
  } satisfies DiagnosticKind<[rule: string, by: readonly string[], end: string, example: string | undefined]>,
  impossible: {
    code: 'A0004',
    severity: 'warning',
    message: (rule: string, chain: string, by: readonly string[]) =>
      by.length === 0
        ? `no packet fits \`${rule}\` in the chain \`${chain}\``
        : `no packet that comes to the chain \`${chain}\` fits \`${rule}\`: it is reached by ${by.join(', ')}`,
    help: () => 'correct what it asks for, or remove it',
    explanation:
      'The rule asks for things that do not go together, that packets of its hook do not have, or that exclude what leads to its chain.',
  } satisfies DiagnosticKind<[rule: string, chain: string, by: readonly string[]]>,
  unreachable: {
    code: 'A0005',
    severity: 'warning',
    message: (chain: string, rules: number, by: readonly string[]) =>
      by.length === 0
        ? `nothing leads to the chain \`${chain}\` with its ${rules === 1 ? 'rule' : `${rules} rules`}`
        : `no packet enters the chain \`${chain}\` by ${by.join(', ')}`,
    help: () => 'jump to it from where it should act, or remove it',
    explanation: 'A chain acts when a rule jumps to it, or when it stands at a hook itself.',
  } satisfies DiagnosticKind<[chain: string, rules: number, by: readonly string[]]>,
} as const;

function decidedBefore(by: readonly string[]): string {
  if (by.length === 0) return 'its packets are decided before they come to it';
  return `${by.join(', ')} decide${by.length === 1 ? 's' : ''} its packets first`;
}

function sameBehind(by: readonly string[], end: string): string {
  const all = [...by, ...(end === '' ? [] : [end])];
  return `${all.join(', ')} do${all.length === 1 ? 'es' : ''} the same with its packets`;
}

function shownBy(example: string | undefined): string {
  return example === undefined ? '' : `; for example ${example}`;
}
