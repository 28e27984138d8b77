import { type Finding, placeOf, type Severity, type Suppressed, withoutCounters } from '../../analysis/index.ts';
import { escapeControls } from '../../diagnostic/index.ts';
import type { Origin } from '../../ir/index.ts';
import type { TextOutput } from '../console.ts';
import { countsText } from './json.ts';
import { witnessOf } from './witness.ts';

const FATES = { accept: 'passes', drop: 'is dropped', reject: 'is rejected' } as const;
const WIDEST = 'critical'.length;
const SHOWN_ALIKE = 4; // findings of one code before the rest is counted
const SHOWN_RULES = 2; // of one finding

/** For people: the worst first, two lines each; `verbose` adds what to do, the fix and the controls. */
export function auditText(
  output: TextOutput,
  findings: readonly Finding[],
  suppressed: readonly Suppressed[],
  verbose: boolean,
): string {
  const lines = [...Map.groupBy(findings, ({ code }) => code)].flatMap(([code, alike]) => {
    const shown = verbose ? alike : alike.slice(0, SHOWN_ALIKE);
    const rest = alike.length - shown.length;
    const told = shown.flatMap((found) => findingLines(output, found, verbose));
    return rest === 0 ? told : [...told, `${' '.repeat(WIDEST + 2)}... and ${rest} more of ${code}`];
  });
  lines.push(...(lines.length === 0 ? [] : ['']), summary(output, findings, suppressed, verbose));
  return `${lines.join('\n')}\n`;
}

function findingLines(output: TextOutput, found: Finding, verbose: boolean): string[] {
  const { colors } = output;
  const margin = ' '.repeat(WIDEST + 2);
  const head = `${painted(output, found.severity)}  ${colors.dim(found.code)} ${escapeControls(found.message)}`;
  const shown = verbose ? found.origins.length : SHOWN_RULES;
  const places = found.origins.slice(0, shown).map(placeText);
  if (found.origins.length > shown) places.push(`and ${found.origins.length - shown} more`);
  const witness = witnessOf(found);
  const example = witness === undefined ? [] : [`${witness.text} ${FATES[witness.verdict]}`];
  const second = [...places, ...example].map(escapeControls).join('; ');
  return [
    head,
    ...(second === '' ? [] : [colors.dim(`${margin}${second}`)]),
    ...(verbose ? details(found).map((line) => `${margin}${escapeControls(line)}`) : []),
  ];
}

function painted({ colors }: TextOutput, severity: Severity): string {
  const text = severity.padEnd(WIDEST);
  switch (severity) {
    case 'critical':
    case 'high':
      return colors.bold(colors.red(text));
    case 'medium':
      return colors.yellow(text);
    case 'low':
      return colors.blue(text);
    case 'info':
      return colors.dim(text);
  }
}

function placeText(origin: Origin): string {
  const place = placeOf(origin);
  const text = withoutCounters(origin.text ?? origin.flow ?? '');
  const where = place === null ? [] : [`${place.file}:${place.line}`];
  return [...where, ...(text === '' ? [] : [text])].join(': ');
}

function details({ help, fix, controls, conditions, explanation }: Finding): string[] {
  return [
    explanation,
    `help: ${help}`,
    ...(fix?.remove ?? []).map((line) => `  - ${line}`),
    ...(fix?.add ?? []).map((line) => `  + ${line}`),
    ...conditions.map((condition) => `depends on ${condition}, which nobody can know from here`),
    ...(controls.length === 0 ? [] : [`controls: ${controls.join(', ')}`]),
    '',
  ];
}

function summary(
  { colors }: TextOutput,
  findings: readonly Finding[],
  suppressed: readonly Suppressed[],
  verbose: boolean,
): string {
  const quiet = suppressed.length === 0 ? '' : `; ${suppressed.length} suppressed`;
  if (findings.length === 0) return `${colors.green('nothing found')}${quiet}`;
  const more = verbose ? '' : '; `--verbose` says what to do about each';
  return `${findings.length === 1 ? '1 finding' : `${findings.length} findings`}: ${countsText(findings)}${quiet}${more}`;
}
