import type { DiagnosticKind } from '../diagnostic/index.ts';

/** What the command line itself has to say: usage, files, tools. */
export const CLI_PROBLEMS = {
  usage: {
    code: 'C0001',
    severity: 'error',
    message: (problem: string, _help: string) => problem,
    help: (_problem, help) => help,
    explanation: 'The command line has a command, an option or an argument that Portcullis does not know.',
  } satisfies DiagnosticKind<[problem: string, help: string]>,
  unreadable: {
    code: 'C0002',
    severity: 'error',
    message: (path: string, reason: string) => `cannot read \`${path}\`: ${reason}`,
    help: (path) => `see that the file is there and that you may read it: \`ls -l ${path}\``,
    explanation: 'A file that was named on the command line, or that is read by default, could not be read.',
  } satisfies DiagnosticKind<[path: string, reason: string]>,
  noPolicy: {
    code: 'C0003',
    severity: 'error',
    message: (path: string) => `there is no policy \`${path}\` here`,
    help: () => 'write one with `portcullis init`, or name the file: `portcullis check FILE`',
    explanation: 'Without an argument, commands read `portcullis.yaml` in the current folder.',
  } satisfies DiagnosticKind<[path: string]>,
  unwritable: {
    code: 'C0004',
    severity: 'error',
    message: (path: string, reason: string) => `cannot write \`${path}\`: ${reason}`,
    help: () => 'choose a folder that you may write to with `-o`, or leave `-o` out to print on standard output',
    explanation: 'A file could not be written.',
  } satisfies DiagnosticKind<[path: string, reason: string]>,
  internal: {
    code: 'C0005',
    severity: 'error',
    message: (what: string) => `a fault in Portcullis itself: ${what}`,
    help: () =>
      'nothing was changed; please report it with the command you ran (PORTCULLIS_DEBUG=1 shows where it happened)',
    explanation: 'An exception that nobody expected. It is always a mistake in this program, never in your input.',
  } satisfies DiagnosticKind<[what: string]>,
} as const;
