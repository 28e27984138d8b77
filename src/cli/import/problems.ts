import type { DiagnosticKind } from '../../diagnostic/index.ts';

/** What `portcullis import` has to say. */
export const IMPORT_PROBLEMS = {
  isPolicy: {
    code: 'X0001',
    severity: 'error',
    message: (path: string) => `\`${path}\` is a policy already`,
    help: () => 'name a firewall configuration: nft text, or what `nft -j list ruleset` prints',
    explanation: 'A policy is made from the configuration of a firewall.',
  } satisfies DiagnosticKind<[path: string]>,
  tooManyKinds: {
    code: 'X0002',
    severity: 'error',
    message: (reason: string) => `this cannot be turned into flows: ${reason}`,
    help: () => 'import the tables of one purpose at a time',
    explanation:
      'Flows are found by looking at each kind of packet that the rules tell apart; there are too many of them.',
  } satisfies DiagnosticKind<[reason: string]>,
  noPolicies: {
    code: 'X0004',
    severity: 'error',
    message: (what: string) => `no policy in \`${what}\` is about a namespace of its own`,
    help: () => 'say which namespaces the policy is to govern: `--namespace NS` (repeatable)',
    explanation: 'A policy for a cluster governs namespaces; without being told, those that have policies.',
  } satisfies DiagnosticKind<[what: string]>,
  leftOut: {
    code: 'X0005',
    severity: 'warning',
    message: (text: string, reason: string) => `left out: ${text} (${reason})`,
    help: () =>
      'what it comes to is among the differences; say it in other words, or keep the manifest beside the policy',
    explanation:
      'A policy names pods by labels with values, and its flows only add up. What says more has no place in it.',
  } satisfies DiagnosticKind<[text: string, reason: string]>,
  exists: {
    code: 'X0003',
    severity: 'error',
    message: (path: string) => `\`${path}\` is there already and was left as it is`,
    help: () => 'write elsewhere with `-o FILE`, or replace it with `--force`',
    explanation: 'A policy that was edited by hand is worth more than one that can be made again at any time.',
  } satisfies DiagnosticKind<[path: string]>,
} as const;
