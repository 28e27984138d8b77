import { pathEntry } from '../analysis/questions.ts';
import type { Diagnostic } from '../diagnostic/index.ts';
import type { Verdict } from '../ir/index.ts';
import type { Step } from '../semantics/index.ts';
import type { Span } from '../source/index.ts';
import { answerJson, type PathExtent } from './answer-text.ts';
import type { Found } from './asker.ts';
import type { TextOutput } from './console.ts';
import { LineBytes } from './line-bytes.ts';
import { diagnosticJson } from './report.ts';
import type { Subject } from './subject.ts';

const BEFORE = Buffer.from('{"flow":');

/** Answers as lines of JSON, as `JSON.stringify(answerJson(...))` writes them: many flows meet the same rules, which are written out once. */
export class AnswerLines {
  readonly #lines: LineBytes;
  readonly #subject: Subject;
  readonly #extent: PathExtent;
  readonly #ways: Readonly<Record<Verdict, Way>> = { accept: new Way(), drop: new Way(), reject: new Way() };
  readonly #rests = new WeakMap<Found, Uint8Array>(); // of lines; the same answer to many flows is the same object (`Asker`)

  constructor(output: TextOutput, subject: Subject, extent: PathExtent) {
    this.#lines = new LineBytes(output);
    this.#subject = subject;
    this.#extent = extent;
  }

  answer({ file, start, end }: Span, found: Found): void {
    const rest = this.#rests.get(found) ?? this.#rest(found);
    if (rest !== undefined) this.#lines.line(BEFORE, file.text, start, end, rest);
    else {
      const flow = file.text.slice(start, end);
      this.#lines.text(`${JSON.stringify(answerJson(flow, found, this.#subject, this.#extent))}\n`);
    }
  }

  error({ file, start, end }: Span, diagnostics: readonly Diagnostic[]): void {
    const flow = file.text.slice(start, end);
    this.#lines.text(`${JSON.stringify({ flow, error: diagnostics.map(diagnosticJson)[0] })}\n`);
  }

  /** Once every line has been told. */
  end(): void {
    this.#lines.flush();
  }

  /** What is told after the flow; `undefined` where that is more than a way. */
  #rest(found: Found): Uint8Array | undefined {
    const { answer, uncertain } = found;
    const { verdict, cases, conditions, assumed } = answer;
    const isPlain = uncertain.length === 0 && conditions.length === 0 && assumed.length === 0 && cases.length === 1;
    if (!isPlain || verdict === 'depends' || this.#extent === 'whole') return undefined;
    const way = cases[0]!.path.reduce((before, step) => before.beyond(step), this.#ways[verdict]);
    way.rest ??= Buffer.from(`,"verdict":"${verdict}","path":${JSON.stringify(cases[0]!.path.map(pathEntry))}}\n`);
    this.#rests.set(found, way.rest);
    return way.rest;
  }
}

/** Rules that are met one after the other: few ways for many answers. */
class Way {
  rest?: Uint8Array; // of the line of an answer that ends here
  readonly #further = new Map<Step, Way>(); // the same step is the same object (`evaluate`)

  beyond(step: Step): Way {
    let next = this.#further.get(step);
    if (next === undefined) {
      next = new Way();
      this.#further.set(step, next);
    }
    return next;
  }
}
