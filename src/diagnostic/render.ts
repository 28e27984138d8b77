import type { Diagnostic } from './diagnostic.ts';
import { escapeControls } from './escape.ts';

const LINE_LIMIT = 160; // characters of a source line that are shown

/**
 * A diagnostic as people read it: what, where (file, line, column, the line itself with the place marked), what to do.
 * Plain text; `paint` may add colour, which never carries meaning alone.
 */
export function renderDiagnostic(diagnostic: Diagnostic, paint: Paint = plain): string {
  const head = `${paint(diagnostic.severity, diagnostic.severity)}[${diagnostic.code}]: ${escapeControls(diagnostic.message)}`;
  const lines = [head, ...where(diagnostic, paint)];
  if (diagnostic.help !== undefined) lines.push(`  ${paint('help', 'help')}: ${escapeControls(diagnostic.help)}`);
  return lines.join('\n');
}

export type Paint = (role: 'error' | 'warning' | 'info' | 'help' | 'place', text: string) => string;

const plain: Paint = (_role, text) => text;

function where(diagnostic: Diagnostic, paint: Paint): string[] {
  const span = diagnostic.span;
  if (span === undefined) return [];
  const { line, column } = span.file.positionAt(span.start);
  const place = `  --> ${escapeControls(span.file.name)}:${line}:${column}`;
  const text = span.file.lineText(line).replaceAll('\t', ' '); // one column each, as the marks below are
  if (text.trim() === '') return [place];
  // A long line is cut around the place, so that the mark stays in view.
  const from = column > LINE_LIMIT - 40 ? column - 40 : 0;
  const shown = text.slice(from, from + LINE_LIMIT);
  const before = escapeControls(shown.slice(0, column - 1 - from)).length;
  const room = escapeControls(shown.slice(column - 1 - from)).length;
  const length = Math.max(
    1,
    Math.min(room, escapeControls(text.slice(column - 1, column - 1 + span.end - span.start)).length),
  );
  const gutter = String(line);
  return [
    place,
    `  ${gutter} | ${escapeControls(shown)}`,
    `  ${' '.repeat(gutter.length)} | ${' '.repeat(before)}${paint('place', '^'.repeat(length))}`,
  ];
}
