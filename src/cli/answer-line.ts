import { pathEntry } from '../analysis/index.ts';
import type { Step } from '../semantics/index.ts';
import { answerJson, type PathExtent } from './answer-text.ts';
import type { Found } from './asker.ts';
import type { Subject } from './subject.ts';

interface Told {
  readonly step: Step;
  readonly json: string;
}

/** Answers as lines of JSON, as `JSON.stringify(answerJson(...))` writes them: many flows meet the same rules, which are written out once. */
export class AnswerLines {
  readonly #subject: Subject;
  readonly #extent: PathExtent;
  readonly #rules = new Map<object, Told>(); // by the rule, or the element of its map
  readonly #policies = new Map<string, string>(); // of chains

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
    let path = '';
    for (const step of cases[0]!.path) path += `${path === '' ? '' : ','}${this.#step(step)}`;
    return `{"flow":${JSON.stringify(flow)},"verdict":"${verdict}","path":[${path}]}\n`;
  }

  #step(step: Step): string {
    if (step.rule === undefined) return this.#policy(step);
    const key = step.matchedCase ?? step.rule;
    const told = this.#rules.get(key);
    if (told !== undefined && isSame(told.step, step)) return told.json;
    const json = JSON.stringify(pathEntry(step));
    this.#rules.set(key, { step, json });
    return json;
  }

  #policy(step: Step): string {
    const key = `${step.outcome} ${step.layer} ${step.table}\n${step.chain}`;
    const told = this.#policies.get(key);
    if (told !== undefined) return told;
    const json = JSON.stringify(pathEntry(step));
    this.#policies.set(key, json);
    return json;
  }
}

/** A rule may stand in several chains, and lead on in several ways. */
function isSame(a: Step, b: Step): boolean {
  return (
    a.rule === b.rule &&
    a.outcome === b.outcome &&
    a.index === b.index &&
    a.chain === b.chain &&
    a.table === b.table &&
    a.layer === b.layer &&
    a.origin === b.origin
  );
}
