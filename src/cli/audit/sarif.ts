import { createHash } from 'node:crypto';
import type { Finding, Severity, Suppressed } from '../../analysis/index.ts';
import type { Origin } from '../../ir/index.ts';
import { spanPosition } from '../../source/index.ts';
import { witnessOf } from './witness.ts';

/** How bad SARIF's readers should show it: its three levels, and the score by which GitHub sorts. */
const LEVELS = {
  critical: { level: 'error', score: '9.5' },
  high: { level: 'error', score: '8.0' },
  medium: { level: 'warning', score: '5.5' },
  low: { level: 'note', score: '3.0' },
  info: { level: 'note', score: '0.0' },
} as const satisfies Readonly<Record<Severity, { readonly level: string; readonly score: string }>>;

/** SARIF 2.1.0 (OASIS): one run, a rule for each code, suppressed findings marked as such. */
export function sarifLog(version: string, findings: readonly Finding[], suppressed: readonly Suppressed[]) {
  const all = [...findings, ...suppressed.map(({ finding }) => finding)];
  const rules = [...new Map(all.map((each) => [each.code, each])).values()].sort((a, b) => (a.code < b.code ? -1 : 1));
  const index = new Map(rules.map(({ code }, at) => [code, at]));
  const result = (found: Finding) => ({
    ruleId: found.code,
    ruleIndex: index.get(found.code) ?? 0,
    level: LEVELS[found.severity].level,
    message: { text: messageOf(found) },
    locations: locationsOf(found.origins.slice(0, 1)),
    relatedLocations: locationsOf(found.origins.slice(1)).map((location, id) => ({ id, ...location })),
    partialFingerprints: { 'portcullis/v1': fingerprint(found) },
    properties: { subject: found.subject, severity: found.severity, controls: found.controls },
  });
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'portcullis', semanticVersion: version, rules: rules.map(ruleOf) } },
        columnKind: 'utf16CodeUnits',
        results: [
          ...findings.map(result),
          ...suppressed.map(({ finding, by }) => ({
            ...result(finding),
            suppressions: [{ kind: 'external', status: 'accepted', justification: `${by.reason} (until ${by.until})` }],
          })),
        ],
      },
    ],
  };
}

function ruleOf({ code, severity, explanation, help, controls }: Finding) {
  return {
    id: code,
    shortDescription: { text: explanation.split('. ')[0]! },
    fullDescription: { text: explanation },
    help: { text: help },
    defaultConfiguration: { level: LEVELS[severity].level },
    properties: { 'security-severity': LEVELS[severity].score, tags: ['security', ...controls] },
  };
}

function messageOf(found: Finding): string {
  const { message, help, fix } = found;
  const witness = witnessOf(found);
  return [
    message,
    ...(witness === undefined ? [] : [`For example: ${witness.text} (${witness.verdict}).`]),
    `Help: ${help}`,
    ...(fix?.remove ?? []).map((line) => `- ${line}`),
    ...(fix?.add ?? []).map((line) => `+ ${line}`),
  ].join('\n');
}

function locationsOf(origins: readonly Origin[]) {
  return origins.flatMap(({ span }) => {
    if (span === undefined || span.file.name.startsWith('<')) return []; // standard input has no address
    const { line, column } = spanPosition(span);
    return [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(span.file.name) },
          region: { startLine: line, startColumn: column },
        },
      },
    ];
  });
}

/** Relative as the user named it; an absolute path is a `file:` address (RFC 8089). */
function uriOf(path: string): string {
  const escaped = path.split('/').map(encodeURIComponent).join('/');
  return path.startsWith('/') ? `file://${escaped}` : escaped;
}

/** The same for the same finding of the next audit, wherever its rule has moved. */
function fingerprint({ code, subject }: Finding): string {
  return createHash('sha256').update(`${code}\0${subject}`).digest('hex').slice(0, 32);
}
