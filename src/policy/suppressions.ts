import { type Diagnostic, sortDiagnostics } from '../diagnostic/index.ts';
import type { SourceFile, Span } from '../source/index.ts';
import { AUDIT_FILE_PROBLEMS } from './audit-file-problems.ts';
import { Reporter } from './reporter.ts';
import {
  type Definitions,
  type JsonSchema,
  list,
  mapped,
  optional,
  prose,
  record,
  required,
  type Shape,
  text,
} from './shape.ts';
import { parseDate } from './text.ts';
import { readYaml } from './yaml.ts';

/** One entry of `portcullis-audit.yaml`: a finding that somebody accepts, why, and until when. */
export interface SuppressionEntry {
  readonly code: string;
  readonly subject?: string;
  readonly reason: string;
  readonly until: string; // YYYY-MM-DD, the last day, UTC
  readonly span: Span;
}

const CODE = /^A[0-9]{4}$/;

const entry: Shape<SuppressionEntry> = mapped(
  record(
    'a suppression',
    {
      code: required(
        text({
          expected: 'the code of a finding',
          parse: (word, span, report) =>
            CODE.test(word) ? word : report.say(AUDIT_FILE_PROBLEMS.badFindingCode, span, word),
          schema: { pattern: CODE.source },
        }),
        'the code of the finding, such as A1003',
      ),
      subject: optional(prose('text'), 'only the finding about this, such as tcp/443; otherwise all of the code'),
      reason: required(prose('text'), 'why it is accepted'),
      until: required(
        text({ expected: 'a date', parse: parseDate, schema: { pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' } }),
        'the last day on which it is accepted (UTC)',
      ),
    },
    { synonyms: { expires: 'until', expiry: 'until', id: 'code', rule: 'code', scope: 'subject', why: 'reason' } },
  ),
  ({ value: { code, subject, reason, until }, span }) => ({
    code: code.value,
    ...(subject === undefined ? {} : { subject }),
    reason,
    until: until.value,
    span,
  }),
);

const file = record('a file of suppressions', {
  suppress: required(list(entry), 'findings that are accepted'),
});

export interface LoadedSuppressions {
  readonly suppressions: readonly SuppressionEntry[];
  readonly diagnostics: readonly Diagnostic[]; // sorted
}

export function loadSuppressions(source: SourceFile): LoadedSuppressions {
  const report = new Reporter();
  const node = readYaml(source, report);
  const read = node === undefined ? undefined : file.read(node, report);
  return { suppressions: read?.value.suppress ?? [], diagnostics: sortDiagnostics(report.diagnostics()) };
}

/** The JSON Schema (draft 2020-12) of such a file. */
export function suppressionsJsonSchema(): JsonSchema {
  const definitions: Definitions = new Map();
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Portcullis audit: findings that are accepted',
    ...file.schema(definitions),
  };
}
