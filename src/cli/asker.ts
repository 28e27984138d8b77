import {
  type Answer,
  LedOn,
  Oracle,
  type Passage,
  type PatternContext,
  patternContext,
  questionPassages,
} from '../analysis/questions.ts';
import type { Diagnostic } from '../diagnostic/index.ts';
import type { Hook } from '../ir/index.ts';
import type { Watcher } from '../packetset/index.ts';
import { type FlowExpression, parseFlowExpression } from '../policy/index.ts';
import { type FlowContext, resolveFlow } from '../resolve/index.ts';
import { decide, type PatternView } from '../semantics/index.ts';
import type { Span } from '../source/index.ts';
import type { Opaque } from '../target/index.ts';
import { catalog } from './policy-input.ts';
import { QuestionShapes } from './question-shapes.ts';
import type { Subject } from './subject.ts';

/** `uncertain`: text that was not understood and that could change the answer. */
export interface Found {
  readonly kind: 'answered';
  readonly answer: Answer;
  readonly uncertain: readonly Opaque[];
}
export interface Answered extends Found {
  readonly flow: FlowExpression;
}
export interface Unusable {
  readonly kind: 'unusable';
  readonly diagnostics: readonly Diagnostic[];
}
export type Asked = Answered | Unusable;

/** Asks one subject many flow expressions. */
export class Asker {
  readonly #oracle: Oracle;
  readonly #context: FlowContext;
  readonly #opaque: readonly Opaque[];
  readonly #patterns: PatternContext;
  readonly #shapes: QuestionShapes<Found>;
  readonly #ledOn: LedOn | undefined;

  constructor(subject: Subject, accounts: ReadonlyMap<string, number>, hook: Hook | undefined, watcher: Watcher) {
    const { zones, groups, unknownAccounts } = subject.intent;
    this.#oracle = new Oracle(subject.ruleset, watcher);
    this.#patterns = patternContext(subject.intent, subject.ruleset);
    this.#opaque = subject.opaque;
    this.#ledOn =
      subject.kind === 'policy' || hook !== undefined ? undefined : LedOn.by(subject.ruleset, subject.routes);
    this.#shapes = new QuestionShapes({
      ruleset: subject.ruleset,
      others: this.#opaque.map(({ packets }) => packets),
      isAllAt: (at) => this.#ledOn === undefined || at !== 'input', // packets that are led on meet rules of another hook
    });
    this.#context = {
      zones,
      groups,
      unknownAccounts,
      accounts,
      catalog: catalog(),
      ...(hook === undefined ? {} : { hook }),
    };
  }

  ask(text: string): Asked {
    const read = this.#read(text, undefined);
    return read.kind === 'unusable' ? read : { ...this.#answer(read.passages), flow: read.flow };
  }

  /**
   * One of many. Where nothing tells it from one that was answered before, that one's answer: the witness of its case is one of the other's
   * packets. @param span the expression's place in a file of flows
   */
  askOneOfMany(span: Span): Found | Unusable {
    const { file, start, end } = span;
    const question = this.#shapes.question(file.text, start, end);
    const told = question === undefined ? undefined : this.#shapes.told(question);
    if (told !== undefined) return told;
    const known = question === undefined ? undefined : this.#shapes.meaning(question);
    const read = known ?? this.#read(file.text.slice(start, end), span);
    if ('kind' in read && read.kind === 'unusable') return read;
    const found = this.#answer(read.passages, known?.view);
    if (question !== undefined) {
      if (known === undefined) this.#shapes.remember(question, read.passages);
      if (found.answer.oneWay === true && found.uncertain.length === 0) this.#shapes.tell(question, found);
    }
    return found;
  }

  #read(text: string, span: Span | undefined): Read | Unusable {
    const parsed = parseFlowExpression(text, span);
    if (parsed.flow === undefined) return { kind: 'unusable', diagnostics: parsed.diagnostics };
    const { question, diagnostics } = resolveFlow(parsed.flow, this.#context);
    if (question === undefined) return { kind: 'unusable', diagnostics };
    return { kind: 'read', flow: parsed.flow, passages: questionPassages(question, this.#patterns) };
  }

  #answer(passages: readonly Passage[], view?: PatternView): Found {
    const [only, ...others] = passages;
    const led = only === undefined || others.length > 0 ? undefined : this.#ledOn?.of(only);
    if (led !== undefined && this.#ledOn !== undefined) {
      // Where the rule that leads on leads to is known here.
      const known = new Set(led.path.map(({ origin }) => origin?.span));
      const uncertain = this.#opaque.filter(
        ({ packets, span }) =>
          !known.has(span) && [led.came, led.goes].some((pattern) => decide(packets, pattern) !== false),
      );
      return { kind: 'answered', answer: this.#ledOn.ask(led), uncertain };
    }
    const uncertain = this.#opaque.filter(({ packets }) =>
      passages.some((passage) => passage.some((pattern) => decide(packets, pattern) !== false)),
    );
    return { kind: 'answered', answer: this.#oracle.ask(passages, view), uncertain };
  }
}

interface Read {
  readonly kind: 'read';
  readonly flow: FlowExpression;
  readonly passages: readonly Passage[];
}
