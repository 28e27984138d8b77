import { type Diagnostic, type DiagnosticKind, diagnose, similar } from '../diagnostic/index.ts';
import type { Span } from '../source/index.ts';
import { POLICY_PROBLEMS } from './problems.ts';

const KEPT_AT_MOST = 1000; // a hostile file can have millions of faults
const SUGGESTIONS_AT_MOST = 100; // each compares with every known word

/** Collects what is wrong, in any order, and keeps it bounded. */
export class Reporter {
  readonly #kept: Diagnostic[] = [];
  #dropped = 0;
  #suggested = 0;

  /** `undefined`, so that a reader can `return report.say(...)` where it has no value. */
  say<Arguments extends readonly unknown[]>(
    kind: DiagnosticKind<Arguments>,
    span: Span | undefined,
    ...args: Arguments
  ): undefined {
    if (this.#kept.length < KEPT_AT_MOST) this.#kept.push(diagnose(kind, span, ...args));
    else this.#dropped++;
    return undefined;
  }

  /** As `similar`, for as long as anybody will read it. */
  suggest(text: string, known: readonly string[]): string | undefined {
    return ++this.#suggested > SUGGESTIONS_AT_MOST ? undefined : similar(text, known);
  }

  get count(): number {
    return this.#kept.length + this.#dropped;
  }

  diagnostics(): Diagnostic[] {
    return this.#dropped === 0
      ? [...this.#kept]
      : [...this.#kept, diagnose(POLICY_PROBLEMS.tooManyProblems, undefined, this.#dropped)];
  }
}
