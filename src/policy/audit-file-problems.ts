import type { DiagnosticKind } from '../diagnostic/index.ts';

/** What can be wrong with the files beside a policy that an audit reads; their keys and values are checked as those of a policy. */
export const AUDIT_FILE_PROBLEMS = {
  badFindingCode: {
    code: 'P0063',
    severity: 'error',
    message: (text: string) => `\`${text}\` is no code of a finding`,
    help: () => 'write the code as `portcullis audit` prints it, such as `A1003`',
    explanation: 'Findings are named by their code, which stays the same from one release to the next.',
  } satisfies DiagnosticKind<[text: string]>,
  badFact: {
    code: 'P0064',
    severity: 'error',
    message: (text: string, expected: string) => `\`${text}\` is not ${expected}`,
    help: () => 'let `portcullis audit --host --save-facts FILE` write the file on the machine itself',
    explanation: 'A file of facts says what an audit needs to know of a machine that it does not run on.',
  } satisfies DiagnosticKind<[text: string, expected: string]>,
} as const;
