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
  exists: {
    code: 'X0003',
    severity: 'error',
    message: (path: string) => `\`${path}\` is there already and was left as it is`,
    help: () => 'write elsewhere with `-o FILE`, or replace it with `--force`',
    explanation: 'A policy that was edited by hand is worth more than one that can be made again at any time.',
  } satisfies DiagnosticKind<[path: string]>,
} as const;
