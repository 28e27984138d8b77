import type { DiagnosticKind } from '../diagnostic/index.ts';
import { meant } from '../diagnostic/similar.ts';

/** What can be wrong with the files of a policy, and with their YAML. */
export const FILE_PROBLEMS = {
  unreadable: {
    code: 'P0001',
    severity: 'error',
    message: (path: string, reason: string) => `cannot read \`${path}\`: ${reason}`,
    help: () => 'give the path of a policy file that exists and may be read',
    explanation: 'A policy, or a file that it includes, is not there or cannot be read.',
  } satisfies DiagnosticKind<[path: string, reason: string]>,
  tooLarge: {
    code: 'P0002',
    severity: 'error',
    message: (path: string, _mebibytes: number) => `\`${path}\` is too large for a policy`,
    help: (_path, mebibytes) =>
      `a policy has at most ${mebibytes} MiB, all its files together, and two and a half million keys and values`,
    explanation: 'The size of a policy is bounded so that no file can use up the memory.',
  } satisfies DiagnosticKind<[path: string, mebibytes: number]>,
  notText: {
    code: 'P0003',
    severity: 'error',
    message: (code: number) =>
      code >= 0xfffd
        ? 'this is not UTF-8 text'
        : `the control character U+${code.toString(16).padStart(4, '0')} is not allowed`,
    help: (code) =>
      code >= 0xfffd ? 'save the file as UTF-8' : 'remove it, or write it as an escape in double quotes',
    explanation: 'A policy is UTF-8 text without control characters other than line breaks and tabs (YAML 1.2.2, 5.1).',
  } satisfies DiagnosticKind<[code: number]>,
  syntax: {
    code: 'P0004',
    severity: 'error',
    message: (reason: string, _help: string | undefined) => `this is not valid YAML: ${reason}`,
    help: (_reason, help) => help,
    explanation: 'The text breaks the rules of YAML 1.2, so that nothing can be read from it.',
  } satisfies DiagnosticKind<[reason: string, help: string | undefined]>,
  severalDocuments: {
    code: 'P0005',
    severity: 'error',
    message: () => 'a second YAML document begins here',
    help: () => 'keep one document in a file; use `include:` to put a policy together from several files',
    explanation: 'A policy file holds one YAML document, so that it is clear which one counts.',
  } satisfies DiagnosticKind<[]>,
  empty: {
    code: 'P0006',
    severity: 'error',
    message: (path: string) => `\`${path}\` is empty`,
    help: () => 'begin with `portcullis: 1`, or let `portcullis init` write a policy for this machine',
    explanation: 'An empty file is no policy: denying everything is written as `portcullis: 1` alone.',
  } satisfies DiagnosticKind<[path: string]>,
  duplicateKey: {
    code: 'P0007',
    severity: 'error',
    message: (key: string, line: number) => `\`${key}\` is here for the second time, first in line ${line}`,
    help: () => 'keep one of them, or put both values into one',
    explanation: 'Of two equal keys YAML would silently keep one.',
  } satisfies DiagnosticKind<[key: string, line: number]>,
  complexKey: {
    code: 'P0008',
    severity: 'error',
    message: () => 'a key must be a word, not a list or a mapping',
    help: () => 'put text with braces or brackets in quotes',
    explanation: 'YAML allows lists and mappings as keys; the policy language has no use for them.',
  } satisfies DiagnosticKind<[]>,
  merge: {
    code: 'P0009',
    severity: 'error',
    message: () => '`<<` can only merge mappings',
    help: () => 'write `<<: *anchor`, where the anchor stands at a mapping',
    explanation: 'The merge key takes the entries of one or several other mappings.',
  } satisfies DiagnosticKind<[]>,
  unknownAlias: {
    code: 'P0010',
    severity: 'error',
    message: (name: string, _suggestion: string | undefined) => `no anchor \`&${name}\` ends before this alias`,
    help: (_name, suggestion) =>
      meant(
        suggestion,
        'put text that begins with `*` in quotes; an alias can only repeat what was complete before it',
      ),
    explanation: 'An alias repeats a node with an anchor above it; a node cannot contain itself.',
  } satisfies DiagnosticKind<[name: string, suggestion: string | undefined]>,
  tooManyAliases: {
    code: 'P0011',
    severity: 'error',
    message: (limit: number) => `aliases stand for more than ${limit} values in this file`,
    help: () => 'write the values out, or use zones and named services instead of aliases',
    explanation: 'A few lines of nested aliases can stand for more values than any memory holds.',
  } satisfies DiagnosticKind<[limit: number]>,
  tag: {
    code: 'P0012',
    severity: 'error',
    message: () => 'YAML tags have no meaning in a policy',
    help: () => 'remove the tag; put text that begins with `!` in quotes',
    explanation: 'A tag would change the type of a value; the policy language says the type of each.',
  } satisfies DiagnosticKind<[]>,
  tooManyProblems: {
    code: 'P0013',
    severity: 'error',
    message: (count: number) => `${count} more problems are not shown`,
    help: () => 'mend those that are shown first',
    explanation: 'The number of reported problems is bounded.',
  } satisfies DiagnosticKind<[count: number]>,
  tooManyRemarks: {
    code: 'P0016',
    severity: 'info',
    message: (count: number) => `${count} more remarks are not shown`,
    explanation: 'The number of warnings and remarks is bounded, too; what is left out stops nothing.',
  } satisfies DiagnosticKind<[count: number]>,
  tooNested: {
    code: 'P0015',
    severity: 'error',
    message: () => 'lists and mappings are nested too deeply here',
    help: () => 'look for brackets that are never closed; the language needs no more than six levels',
    explanation: 'The depth of nesting is bounded, so that no file can use up the stack.',
  } satisfies DiagnosticKind<[]>,
  includeCycle: {
    code: 'P0060',
    severity: 'error',
    message: (path: string, chain: readonly string[]) => `\`${path}\` includes itself: ${chain.join(' -> ')}`,
    help: () => 'remove one of the includes',
    explanation: 'A file that includes itself would never end.',
  } satisfies DiagnosticKind<[path: string, chain: readonly string[]]>,
  includeLimit: {
    code: 'P0061',
    severity: 'error',
    message: (what: string) => `this include goes too far: ${what}`,
    help: () => 'put the policy together from fewer files',
    explanation: 'The depth and the number of includes are bounded.',
  } satisfies DiagnosticKind<[what: string]>,
  duplicateDeclaration: {
    code: 'P0062',
    severity: 'error',
    message: (what: string, name: string, where: string) =>
      `the ${what} \`${name}\` is declared twice, first at ${where}`,
    help: () => 'rename one of them, or remove it',
    explanation: 'A name means one thing in a whole policy, whichever file declares it.',
  } satisfies DiagnosticKind<[what: string, name: string, where: string]>,
} as const;
