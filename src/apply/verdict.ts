import { type Answer, Oracle } from '../analysis/index.ts';
import { decide, type Step } from '../semantics/index.ts';
import type { Opaque } from '../target/index.ts';
import { type PacketQuestion, Questions, type Surroundings } from './connection.ts';
import type { HostRules } from './host-rules.ts';

/** What becomes of packets, as far as it can be known. */
export interface Judged {
  readonly verdict: 'allowed' | 'denied' | 'unknown';
  readonly path: readonly Step[]; // of a packet that does not get through, where one does not; the last step decides
  readonly because: readonly string[]; // unknown: what nobody can know, or nobody understands
}

/** Asks the rules of a host about packets; remembers what it has worked out about them. */
export class Judge {
  readonly #oracle: Oracle;
  readonly #questions: Questions;
  readonly #opaque: readonly Opaque[];

  constructor({ ruleset, opaque }: HostRules, around: Surroundings) {
    this.#oracle = new Oracle(ruleset);
    this.#questions = new Questions(ruleset, around);
    this.#opaque = opaque;
  }

  /** Of a packet that passes several hooks: allowed where all let it pass. */
  ask(way: readonly PacketQuestion[]): Judged {
    const passage = way.map((asked) => this.#questions.pattern(asked));
    const unclear = this.#opaque.filter(({ packets }) => passage.some((pattern) => decide(packets, pattern) !== false));
    return judged(this.#oracle.ask([passage]), unclear);
  }
}

function judged({ verdict, cases, conditions }: Answer, unclear: readonly Opaque[]): Judged {
  const told = cases.find((each) => each.verdict !== 'accept') ?? cases[0];
  const path = told?.path ?? [];
  const because = [...conditions, ...unclear.map(({ text, reason }) => `\`${text}\` (${reason})`)];
  if (unclear.length > 0) return { verdict: 'unknown', path, because };
  switch (verdict) {
    case 'accept':
      return { verdict: 'allowed', path, because: [] };
    case 'drop':
    case 'reject':
      return { verdict: 'denied', path, because: [] };
    case 'depends':
      return { verdict: 'unknown', path, because };
  }
}

/** The step that has the last word. */
export function deciding({ path }: Pick<Judged, 'path'>): Step | undefined {
  return path.at(-1);
}
