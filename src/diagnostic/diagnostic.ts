import type { Span } from '../source/index.ts';

export type Severity = 'error' | 'warning' | 'info';

/**
 * One thing to tell the user. `message` has no capital and no full stop and quotes the user's own words in backticks;
 * `help` says what to do next. Text from outside is kept as it is here and escaped where it is shown (`escapeControls`).
 */
export interface Diagnostic {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly help?: string;
  readonly span?: Span;
}

/** A kind of diagnostic, written once: the code, the words and the reference page all come from here. */
export interface DiagnosticKind<Arguments extends readonly unknown[]> {
  readonly code: string; // stable: a letter for the part (P policy, D discovery, T target, ...) and four digits
  readonly severity: Severity;
  readonly message: (...args: Arguments) => string;
  readonly help?: (...args: Arguments) => string | undefined;
  readonly explanation: string; // for the reference: why this is a problem, in a sentence or two
}

export function diagnose<Arguments extends readonly unknown[]>(
  kind: DiagnosticKind<Arguments>,
  span: Span | undefined,
  ...args: Arguments
): Diagnostic {
  const help = kind.help?.(...args);
  return {
    code: kind.code,
    severity: kind.severity,
    message: kind.message(...args),
    ...(help === undefined ? {} : { help }),
    ...(span === undefined ? {} : { span }),
  };
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((diagnostic) => diagnostic.severity === 'error');
}

/** By file, then place, then severity: the order in which a person reads them. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return diagnostics.toSorted((a, b) => {
    const files = compare(a.span?.file.name ?? '', b.span?.file.name ?? '');
    if (files !== 0) return files;
    return (a.span?.start ?? -1) - (b.span?.start ?? -1) || compare(a.code, b.code) || compare(a.message, b.message);
  });
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
