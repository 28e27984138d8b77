import { type Answer, Oracle, type PatternContext, patternContext, questionPassages } from '../analysis/index.ts';
import type { Diagnostic } from '../diagnostic/index.ts';
import type { Hook } from '../ir/index.ts';
import type { Watcher } from '../packetset/index.ts';
import { type FlowExpression, parseFlowExpression } from '../policy/index.ts';
import { type FlowContext, resolveFlow } from '../resolve/index.ts';
import { decide } from '../semantics/index.ts';
import type { Span } from '../source/index.ts';
import type { Opaque } from '../target/index.ts';
import { catalog } from './policy-input.ts';
import type { Subject } from './subject.ts';

/** `uncertain`: text that was not understood and that could change the answer. */
export type Answered = Extract<Asked, { kind: 'answered' }>;
export type Asked =
  | {
      readonly kind: 'answered';
      readonly flow: FlowExpression;
      readonly answer: Answer;
      readonly uncertain: readonly Opaque[];
    }
  | { readonly kind: 'unusable'; readonly diagnostics: readonly Diagnostic[] };

/** Asks one subject many flow expressions. */
export class Asker {
  readonly #oracle: Oracle;
  readonly #context: FlowContext;
  readonly #opaque: readonly Opaque[];
  readonly #patterns: PatternContext;

  constructor(subject: Subject, accounts: ReadonlyMap<string, number>, hook: Hook | undefined, watcher: Watcher) {
    const { zones, groups, unknownAccounts } = subject.intent;
    this.#oracle = new Oracle(subject.ruleset, watcher);
    this.#patterns = patternContext(subject.intent, subject.ruleset);
    this.#opaque = subject.opaque;
    this.#context = {
      zones,
      groups,
      unknownAccounts,
      accounts,
      catalog: catalog(),
      ...(hook === undefined ? {} : { hook }),
    };
  }

  /** @param span the expression's place in a file of flows */
  ask(text: string, span?: Span): Asked {
    const parsed = parseFlowExpression(text, span);
    if (parsed.flow === undefined) return { kind: 'unusable', diagnostics: parsed.diagnostics };
    const { question, diagnostics } = resolveFlow(parsed.flow, this.#context);
    if (question === undefined) return { kind: 'unusable', diagnostics };
    const passages = questionPassages(question, this.#patterns);
    const uncertain = this.#opaque.filter(({ packets }) =>
      passages.some((passage) => passage.some((pattern) => decide(packets, pattern) !== false)),
    );
    return { kind: 'answered', flow: parsed.flow, answer: this.#oracle.ask(passages), uncertain };
  }
}
