import {
  type Diagnostic,
  type DiagnosticKind,
  diagnose,
  type Paint,
  renderDiagnostic,
  sortDiagnostics,
} from '../diagnostic/index.ts';
import { type Span, spanPosition } from '../source/index.ts';
import type { Opaque } from '../target/index.ts';
import { type Console, type ExitCode, type TextOutput, writeJson } from './console.ts';

/** Ends a command: why, in diagnostics, and with which exit code. Reported once, by `main`. */
export class Stop extends Error {
  readonly exitCode: ExitCode;
  readonly diagnostics: readonly Diagnostic[];

  constructor(exitCode: ExitCode, diagnostics: readonly Diagnostic[]) {
    super(diagnostics[0]?.message ?? 'stopped');
    this.exitCode = exitCode;
    this.diagnostics = diagnostics;
  }
}

/** A `Stop` with one diagnostic that has no place in a file. */
export function stop<Arguments extends readonly unknown[]>(
  exitCode: ExitCode,
  kind: DiagnosticKind<Arguments>,
  ...args: Arguments
): Stop {
  return new Stop(exitCode, [diagnose(kind, undefined, ...args)]);
}

export interface PlaceJson {
  readonly file: string;
  readonly line: number; // from 1
  readonly column: number; // from 1, in UTF-16 code units
}

export function placeJson(span: Span): PlaceJson {
  return { file: span.file.name, ...spanPosition(span) };
}

/** Text that a reader did not understand, as other programs read of it. */
export interface OpaqueJson extends PlaceJson {
  readonly text: string;
  readonly reason: string;
}

export function opaqueJson({ span, text, reason }: Opaque): OpaqueJson {
  return { ...placeJson(span), text, reason };
}

/** How a diagnostic looks in every JSON document; the place is absent where there is none. */
export interface DiagnosticJson extends Partial<PlaceJson> {
  readonly code: string;
  readonly severity: string;
  readonly message: string;
  readonly help?: string;
}

export function diagnosticJson(diagnostic: Diagnostic): DiagnosticJson {
  const { code, severity, message, help, span } = diagnostic;
  return {
    code,
    severity,
    message,
    ...(help === undefined ? {} : { help }),
    ...(span === undefined ? {} : placeJson(span)),
  };
}

export function diagnosticsJson(diagnostics: readonly Diagnostic[]): DiagnosticJson[] {
  return sortDiagnostics(diagnostics).map(diagnosticJson);
}

const SHOWN_AT_MOST = 50; // diagnostics of one report; the rest is counted

/** All of them for a person, sorted, on standard error. */
export function reportDiagnostics(console: Console, diagnostics: readonly Diagnostic[]): void {
  if (diagnostics.length === 0) return;
  const sorted = sortDiagnostics(diagnostics);
  const shown = sorted.slice(0, SHOWN_AT_MOST);
  const paint = painter(console.stderr);
  const parts = shown.map((diagnostic) => renderDiagnostic(diagnostic, paint));
  if (sorted.length > shown.length) parts.push(`... and ${sorted.length - shown.length} more; mend these first`);
  console.stderr.write(`${parts.join('\n\n')}\n`);
}

/** The document of a command that could not answer: `{"ok": false, "diagnostics": [...]}` (schema/failure.json). */
export function writeFailureJson(console: Console, diagnostics: readonly Diagnostic[]): void {
  writeJson(console, { ok: false, diagnostics: diagnosticsJson(diagnostics) });
}

function painter(output: TextOutput): Paint {
  const { colors } = output;
  const roles = {
    error: (text: string) => colors.bold(colors.red(text)),
    warning: (text: string) => colors.bold(colors.yellow(text)),
    info: (text: string) => colors.bold(colors.blue(text)),
    help: (text: string) => colors.cyan(text),
    place: (text: string) => colors.red(text),
  };
  return (role, text) => roles[role](text);
}
