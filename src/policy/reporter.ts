import { type Diagnostic, type DiagnosticKind, diagnose, type Severity } from '../diagnostic/index.ts';
import { similar } from '../diagnostic/similar.ts';
import type { Span } from '../source/index.ts';
import { POLICY_PROBLEMS } from './problems.ts';

const KEPT_AT_MOST = 1000; // of each severity: a hostile file can have millions of faults
const SUGGESTIONS_AT_MOST = 100; // each compares with every known word

/** Collects what is wrong, in any order, and keeps it bounded. */
export class Reporter {
  readonly #kept: Diagnostic[] = [];
  readonly #counts: Record<Severity, number> = { error: 0, warning: 0, info: 0 };
  #suggested = 0;

  /** `undefined`, so that a reader can `return report.say(...)` where it has no value. */
  say<Arguments extends readonly unknown[]>(
    kind: DiagnosticKind<Arguments>,
    span: Span | undefined,
    ...args: Arguments
  ): undefined {
    // Each severity has room of its own: ten thousand remarks must not hide an error, nor become one.
    if (++this.#counts[kind.severity] <= KEPT_AT_MOST) this.#kept.push(diagnose(kind, span, ...args));
    return undefined;
  }

  /** What another has collected. */
  take(other: Reporter): void {
    for (const diagnostic of other.diagnostics()) {
      if (++this.#counts[diagnostic.severity] <= KEPT_AT_MOST) this.#kept.push(diagnostic);
    }
  }

  /** As `similar`, for as long as anybody will read it. */
  suggest(text: string, known: readonly string[]): string | undefined {
    return ++this.#suggested > SUGGESTIONS_AT_MOST ? undefined : similar(text, known);
  }

  get count(): number {
    return this.#counts.error + this.#counts.warning + this.#counts.info;
  }

  diagnostics(): Diagnostic[] {
    const errors = dropped(this.#counts.error);
    const others = dropped(this.#counts.warning) + dropped(this.#counts.info);
    return [
      ...this.#kept,
      ...(errors === 0 ? [] : [diagnose(POLICY_PROBLEMS.tooManyProblems, undefined, errors)]),
      ...(others === 0 ? [] : [diagnose(POLICY_PROBLEMS.tooManyRemarks, undefined, others)]),
    ];
  }
}

function dropped(count: number): number {
  return Math.max(0, count - KEPT_AT_MOST);
}
