import type { Effect, Flow, Match, Ruleset, Verdict } from '../ir/index.ts';
import { HeaderSpace } from '../packetset/index.ts';
import {
  applyEffects,
  type Denotation,
  decide,
  denote,
  evaluate,
  extentsOfPattern,
  type FlowPattern,
  matches,
  packetsOf,
  patternAfter,
  patternMatch,
  patternSample,
  possiblePackets,
  type Step,
  sampleFlow,
  type Traveller,
  travel,
} from '../semantics/index.ts';
import { describeWithin } from './box-packets.ts';
import type { Passage } from './flow-patterns.ts';

/** What becomes of the packets of a question; several cases where they do not all fare alike. */
export interface Answer {
  readonly verdict: Verdict | 'depends';
  readonly cases: readonly Case[]; // at least one, none where the question speaks of no packet
}

export interface Case {
  readonly verdict: Verdict;
  readonly witness: Flow; // one of the packets
  readonly path: readonly Step[]; // the rules that the witness meets
  readonly packets: readonly string[]; // in words, where there is more than one case
}

const VERDICTS = ['accept', 'drop', 'reject'] as const satisfies readonly Verdict[];

/** Asks one ruleset many questions. */
export class Oracle {
  readonly #ruleset: Ruleset;
  #meaning: { readonly space: HeaderSpace; readonly denotation: Denotation } | undefined;

  constructor(ruleset: Ruleset) {
    this.#ruleset = ruleset;
  }

  ask(passages: readonly Passage[]): Answer {
    const cases = distinct(passages.flatMap((passage) => this.#passage(passage)));
    const verdicts = new Set(cases.map((each) => each.verdict));
    const [first] = cases;
    if (first === undefined) return { verdict: 'drop', cases };
    return verdicts.size === 1
      ? { verdict: first.verdict, cases: [{ ...first, packets: [] }] }
      : { verdict: 'depends', cases };
  }

  /** A packet that is accepted at one hook goes on to the next; the words of the last hook stand for the whole way. */
  #passage(passage: Passage): Case[] {
    return passage.reduce<Case[]>((before, pattern, index) => {
      const here = this.#pattern(pattern);
      if (index === 0) return here;
      return before.flatMap((earlier) =>
        earlier.verdict === 'accept'
          ? here.map((later) => ({ ...later, path: [...earlier.path, ...later.path] }))
          : [earlier],
      );
    }, []);
  }

  #pattern(pattern: FlowPattern): Case[] {
    const witness = patternSample(pattern);
    if (witness === undefined) return [];
    const group = new Group(pattern, witness);
    const { verdict, path } = travel(this.#ruleset, pattern, group);
    if (group.isUniform) return [{ verdict, witness, path, packets: [] }];
    return this.#cases(pattern);
  }

  #cases(pattern: FlowPattern): Case[] {
    const { space, denotation } = this.#denoted();
    const asked = packetsOf(space, patternMatch(pattern)).intersect(possiblePackets(space));
    return VERDICTS.flatMap((verdict) => {
      const packets = asked.intersect(denotation[verdict]);
      const found = sampleFlow(packets);
      if (found === undefined) return [];
      const witness = pattern.dstName === undefined ? found : { ...found, dstName: pattern.dstName };
      const replayed = evaluate(this.#ruleset, witness);
      if (replayed.verdict !== verdict) throw new Error('a witness got another verdict than its set');
      return [{ verdict, witness, path: replayed.path, packets: describeWithin(packets, asked, 4) }];
    });
  }

  #denoted(): { readonly space: HeaderSpace; readonly denotation: Denotation } {
    if (this.#meaning === undefined) {
      const space = new HeaderSpace();
      this.#meaning = { space, denotation: denote(space, this.#ruleset) };
    }
    return this.#meaning;
  }
}

/** All packets of a pattern on one way, as long as every rule that is asked treats them alike; one of them stands for the rest. */
class Group implements Traveller {
  isUniform = true;
  #pattern: FlowPattern;
  #witness: Flow;
  extentOf: Traveller['extentOf'];

  constructor(pattern: FlowPattern, witness: Flow) {
    this.#pattern = pattern;
    this.#witness = witness;
    this.extentOf = extentsOfPattern(pattern);
  }

  holds(match: Match): boolean {
    const decided = decide(match, this.#pattern);
    if (decided === undefined) this.isUniform = false;
    return decided ?? matches(match, this.#witness);
  }

  change(effects: readonly Effect[]): void {
    this.#pattern = patternAfter(this.#pattern, effects);
    this.#witness = applyEffects(effects, this.#witness);
    this.extentOf = extentsOfPattern(this.#pattern);
  }
}

/** Cases with the same verdict for the same reason are told once. */
function distinct(cases: readonly Case[]): Case[] {
  const seen = new Set<string>();
  return cases.filter((each) => {
    const key = [
      each.verdict,
      ...each.path.map((step) => `${step.table}/${step.chain}/${step.index}/${step.outcome}`),
    ].join(' ');
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  });
}
