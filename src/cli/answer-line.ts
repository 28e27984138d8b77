import { pathEntry } from '../analysis/questions.ts';
import type { Step } from '../semantics/index.ts';
import { answerJson, type PathExtent } from './answer-text.ts';
import type { Found } from './asker.ts';
import type { Subject } from './subject.ts';

/** Answers as lines of JSON, as `JSON.stringify(answerJson(...))` writes them: many flows meet the same rules, which are written out once. */
export class AnswerLines {
  readonly #subject: Subject;
  readonly #extent: PathExtent;
  readonly #steps = new Map<Step, string>(); // the same step is the same object (`evaluate`)
  readonly #rests = new WeakMap<Found, string>(); // of lines; the same answer to many flows is the same object (`Asker`)

  constructor(subject: Subject, extent: PathExtent) {
    this.#subject = subject;
    this.#extent = extent;
  }

  line(flow: string, found: Found): string {
    const { answer, uncertain } = found;
    const { verdict, cases, conditions, assumed } = answer;
    const isPlain = uncertain.length === 0 && conditions.length === 0 && assumed.length === 0 && cases.length === 1;
    if (!isPlain || verdict === 'depends' || this.#extent === 'whole')
      return `${JSON.stringify(answerJson(flow, found, this.#subject, this.#extent))}\n`;
    let rest = this.#rests.get(found);
    if (rest === undefined) {
      rest = `,"verdict":"${verdict}","path":[${cases[0]!.path.map((step) => this.#step(step)).join(',')}]}\n`;
      this.#rests.set(found, rest);
    }
    return `{"flow":${JSON.stringify(flow)}${rest}`;
  }

  #step(step: Step): string {
    const told = this.#steps.get(step);
    if (told !== undefined) return told;
    const json = JSON.stringify(pathEntry(step));
    this.#steps.set(step, json);
    return json;
  }
}
