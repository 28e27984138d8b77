import type { DiagnosticKind } from '../diagnostic/index.ts';
import { meant } from '../diagnostic/similar.ts';

/** What can be wrong with the keys of a policy and the kinds of their values. */
export const SHAPE_PROBLEMS = {
  wrongType: {
    code: 'P0020',
    severity: 'error',
    message: (expected: string, found: string, _text: string | undefined) =>
      `this must be ${expected}, but is ${found}`,
    help: (_expected, _found, text) =>
      text === undefined ? undefined : `if the text is meant, write it in quotes: "${text}"`,
    explanation: 'Each key of the language has one kind of value.',
  } satisfies DiagnosticKind<[expected: string, found: string, text: string | undefined]>,
  unknownKey: {
    code: 'P0021',
    severity: 'error',
    message: (key: string, _suggestion: string | undefined, _known: readonly string[]) => `unknown key \`${key}\``,
    help: (_key, suggestion, known) =>
      meant(suggestion, `known here: ${known.map((each) => `\`${each}\``).join(', ')}`),
    explanation: 'Unknown keys are errors, because a mistyped key would silently not be enforced.',
  } satisfies DiagnosticKind<[key: string, suggestion: string | undefined, known: readonly string[]]>,
  missingKey: {
    code: 'P0022',
    severity: 'error',
    message: (key: string, owner: string, _expected: string) => `${owner} needs \`${key}\``,
    help: (key, _owner, expected) => `add \`${key}:\`, ${expected}`,
    explanation: 'Without this key it is not clear what is meant, and nothing is assumed.',
  } satisfies DiagnosticKind<[key: string, owner: string, expected: string]>,
  version: {
    code: 'P0023',
    severity: 'error',
    message: (found: string, _known: number) => `the language version \`${found}\` is not known`,
    help: (_found, known) => `write \`portcullis: ${known}\`; a newer version needs a newer program`,
    explanation: 'The first key says for which version of the policy language the file is written.',
  } satisfies DiagnosticKind<[found: string, known: number]>,
  badChoice: {
    code: 'P0024',
    severity: 'error',
    message: (text: string, expected: string, _suggestion: string | undefined) => `\`${text}\` is not ${expected}`,
    help: (_text, expected, suggestion) => meant(suggestion, `write ${expected}`),
    explanation: 'Only these words are allowed here.',
  } satisfies DiagnosticKind<[text: string, expected: string, suggestion: string | undefined]>,
  badName: {
    code: 'P0025',
    severity: 'error',
    message: (text: string, expected: string) => `\`${text}\` is not ${expected}`,
    help: () => 'names begin with a letter, then letters, digits, `-` and `_`, 63 characters at most (flows also `.`)',
    explanation: 'Names appear in rules, counters and logs of many systems, so that they are kept plain.',
  } satisfies DiagnosticKind<[text: string, expected: string]>,
  reservedName: {
    code: 'P0026',
    severity: 'error',
    message: (name: string) => `\`${name}\` is built in and cannot be declared`,
    help: () => 'choose another name',
    explanation: 'The words `host`, `loopback`, `private`, `internet`, `any` and `catalog` have a fixed meaning.',
  } satisfies DiagnosticKind<[name: string]>,
  emptyList: {
    code: 'P0027',
    severity: 'error',
    message: () => 'this list is empty',
    help: () => 'name at least one, or remove the key',
    explanation: 'An empty list could mean all or none; neither is assumed.',
  } satisfies DiagnosticKind<[]>,
  emptyZone: {
    code: 'P0028',
    severity: 'error',
    message: () => 'nothing says how this zone is recognised',
    help: () => 'add `addresses`, `domains`, `zones`, `host`, `docker`, `kubernetes`, `aws`, `gcp` or `azure`',
    explanation: 'A zone is a set of endpoints; at least one layer has to recognise them.',
  } satisfies DiagnosticKind<[]>,
  emptyHost: {
    code: 'P0014',
    severity: 'error',
    message: () => 'nothing says how this machine recognises the zone',
    help: () => 'add `users`, `cgroups` or `interfaces`; the whole machine is the built-in zone `host`',
    explanation: 'An empty `host:` could mean every process or none; neither is assumed.',
  } satisfies DiagnosticKind<[]>,
  emptyTest: {
    code: 'P0029',
    severity: 'error',
    message: () => 'this test claims nothing',
    help: () => 'add `allow:` or `deny:` with what must pass or must not',
    explanation: 'A test without claims would always pass.',
  } satisfies DiagnosticKind<[]>,
} as const;
