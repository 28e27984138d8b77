import type { Effect, Flow, Match, Quantity, Ruleset, Verdict } from '../ir/index.ts';
import { HeaderSpace, UNWATCHED, type Watcher } from '../packetset/index.ts';
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
  valuesOtherThanZero,
} from '../semantics/index.ts';
import { describeWithin } from './box-packets.ts';
import type { Passage } from './flow-patterns.ts';
import { conditionsOf, quantitiesIn, unknownConditions } from './unknowns.ts';

/** What becomes of the packets of a question; several cases where they do not all fare alike. */
export interface Answer {
  readonly verdict: Verdict | 'depends';
  readonly cases: readonly Case[]; // at least one, none where the question speaks of no packet
  readonly conditions: readonly string[]; // that nobody can know and that it depends on, each with its place
  readonly assumed: readonly Quantity[]; // that are taken to be 0 at first: with another value it could be otherwise
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
  readonly #watcher: Watcher;
  readonly #unknown: readonly string[]; // the symbols that nobody can know
  #meaning: { readonly space: HeaderSpace; readonly denotation: Denotation } | undefined;

  constructor(ruleset: Ruleset, watcher: Watcher = UNWATCHED) {
    this.#ruleset = ruleset;
    this.#watcher = watcher;
    this.#unknown = unknownConditions(ruleset);
  }

  ask(passages: readonly Passage[]): Answer {
    const notes: Notes = { conditions: new Set(), assumed: new Set() };
    const cases = distinct(passages.flatMap((passage) => this.#passage(passage, notes)));
    const [conditions, assumed] = [[...notes.conditions], [...notes.assumed]];
    const verdicts = new Set(cases.map((each) => each.verdict));
    const [first] = cases;
    if (first === undefined) return { verdict: 'drop', cases, conditions, assumed };
    return verdicts.size === 1
      ? { verdict: first.verdict, cases: [{ ...first, packets: [] }], conditions: [], assumed }
      : { verdict: 'depends', cases, conditions, assumed };
  }

  /** A packet that is accepted at one hook goes on to the next; the words of the last hook stand for the whole way. */
  #passage(passage: Passage, notes: Notes): Case[] {
    return passage.reduce<Case[]>((before, pattern, index) => {
      const here = this.#pattern(pattern, notes);
      if (index === 0) return here;
      return before.flatMap((earlier) =>
        earlier.verdict === 'accept'
          ? here.map((later) => ({ ...later, path: [...earlier.path, ...later.path] }))
          : [earlier],
      );
    }, []);
  }

  #pattern(pattern: FlowPattern, notes: Notes): Case[] {
    const witness = patternSample(pattern);
    if (witness === undefined) return [];
    const group = new Group(pattern, witness, notes.assumed);
    const { verdict, path } = travel(this.#ruleset, pattern, group);
    if (group.isUniform) return [{ verdict, witness, path, packets: [] }];
    return this.#cases(pattern, notes);
  }

  #cases(pattern: FlowPattern, notes: Notes): Case[] {
    const { space, denotation } = this.#denoted();
    const asked = packetsOf(space, patternMatch(pattern)).intersect(possiblePackets(space));
    return VERDICTS.flatMap((verdict) => {
      const packets = asked.intersect(denotation[verdict]);
      const found = sampleFlow(packets);
      if (found === undefined) return [];
      for (const key of conditionsOf([packets], this.#unknown)) notes.conditions.add(key);
      const witness = pattern.dstName === undefined ? found : { ...found, dstName: pattern.dstName };
      const replayed = evaluate(this.#ruleset, witness);
      if (replayed.verdict !== verdict) throw new Error('a witness got another verdict than its set');
      return [{ verdict, witness, path: replayed.path, packets: describeWithin(packets, asked, 4) }];
    });
  }

  #denoted(): { readonly space: HeaderSpace; readonly denotation: Denotation } {
    if (this.#meaning === undefined) {
      const space = HeaderSpace.watched(this.#watcher);
      this.#meaning = { space, denotation: denote(space, this.#ruleset) };
    }
    return this.#meaning;
  }
}

/** What an answer has to say beside its cases. */
interface Notes {
  readonly conditions: Set<string>;
  readonly assumed: Set<Quantity>;
}

/** All packets of a pattern on one way, as long as every rule that is asked treats them alike; one of them stands for the rest. */
class Group implements Traveller {
  isUniform = true;
  extentOf: Traveller['extentOf'];
  readonly #assumed: Set<Quantity>;
  #pattern: FlowPattern;
  #unassuming: FlowPattern; // the same without the quantities that are 0 because nobody said otherwise
  #witness: Flow;

  constructor(pattern: FlowPattern, witness: Flow, assumed: Set<Quantity>) {
    this.#pattern = pattern;
    this.#witness = witness;
    this.#assumed = assumed;
    this.#unassuming = { ...pattern, quantities: valuesOtherThanZero(pattern.quantities) };
    this.extentOf = extentsOfPattern(pattern);
  }

  holds(match: Match): boolean {
    const decided = decide(match, this.#pattern);
    if (decided === undefined) this.isUniform = false;
    const asked = quantitiesIn(match);
    if (asked.length > 0 && decided !== undefined && decide(match, this.#unassuming) === undefined) {
      for (const name of asked) if (!this.#unassuming.quantities.has(name)) this.#assumed.add(name);
    }
    return decided ?? matches(match, this.#witness);
  }

  change(effects: readonly Effect[]): void {
    this.#pattern = patternAfter(this.#pattern, effects);
    this.#unassuming = patternAfter(this.#unassuming, effects);
    this.#witness = applyEffects(effects, this.#witness);
    this.extentOf = extentsOfPattern(this.#pattern);
  }
}

/** Cases with the same verdict for the same reason are told once. */
function distinct(cases: readonly Case[]): readonly Case[] {
  if (cases.length < 2) return cases;
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
