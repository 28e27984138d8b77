import type { Effect, Flow, Match, Quantity, Ruleset, Verdict } from '../ir/index.ts';
import { HeaderSpace, UNWATCHED, type Watcher } from '../packetset/index.ts';
import {
  applyEffects,
  candidates,
  type Denotation,
  decide,
  denote,
  evaluate,
  extentsOfPattern,
  type FlowPattern,
  matches,
  matchOf,
  type PatternView,
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
import { describeWithin } from './describe-within.ts';
import type { Passage } from './flow-patterns.ts';
import { conditionsOf, quantitiesIn, unknownConditions } from './unknowns.ts';

/** What becomes of the packets of a question; several cases where they do not all fare alike. */
export interface Answer {
  readonly verdict: Verdict | 'depends';
  readonly cases: readonly Case[]; // at least one, none where the question speaks of no packet
  readonly conditions: readonly string[]; // that nobody can know and that it depends on, each with its place
  readonly assumed: readonly Quantity[]; // that are taken to be 0 at first: with another value it could be otherwise
  readonly oneWay?: true; // every rule that is asked treats all the packets alike
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

  /** @param view of the passage's packets, where there is one passage through one hook */
  ask(passages: readonly Passage[], view?: PatternView): Answer {
    const [only, ...others] = passages;
    const simple = only !== undefined && others.length === 0 ? this.#simply(only, view) : undefined;
    if (simple !== undefined) return simple;
    const notes: Notes = { conditions: new Set(), assumed: new Set() };
    const cases = distinct(passages.flatMap((passage) => this.#passage(passage, notes)));
    const [conditions, assumed] = [[...notes.conditions], [...notes.assumed]];
    const verdicts = new Set(cases.map((each) => each.verdict));
    const [first] = cases;
    if (first === undefined) return { verdict: 'drop', cases, conditions, assumed };
    return verdicts.size === 1
      ? {
          verdict: first.verdict,
          cases: [
            first.packets.length === 0
              ? first
              : { verdict: first.verdict, witness: first.witness, path: first.path, packets: NO_WORDS },
          ],
          conditions: [],
          assumed,
        }
      : { verdict: 'depends', cases, conditions, assumed };
  }

  /** Of packets at one hook that fare alike, whatever nobody can know: most questions are no more than that. */
  #simply(passage: Passage, view: PatternView | undefined): Answer | undefined {
    const [pattern, ...others] = passage;
    if (pattern === undefined || others.length > 0 || pattern.src.length === 0 || pattern.dst.length === 0)
      return undefined;
    const group = new Group(pattern, view);
    const { verdict, path } = travel(this.#ruleset, pattern, group);
    if (!group.isUniform) return undefined;
    return {
      verdict,
      cases: [new UniformCase(verdict, path, pattern)],
      conditions: [],
      assumed: group.assumed,
      oneWay: true,
    };
  }

  /** A packet that is accepted at one hook goes on to the next; the words of the last hook stand for the whole way. */
  #passage(passage: Passage, notes: Notes): Case[] {
    return passage.reduce<Case[]>((before, pattern, index) => {
      const here = this.#pattern(pattern, notes);
      if (index === 0) return here;
      return before.flatMap((earlier) =>
        earlier.verdict === 'accept'
          ? here.map(({ verdict, witness, path, packets }) => ({
              verdict,
              witness,
              path: [...earlier.path, ...path],
              packets,
            }))
          : [earlier],
      );
    }, []);
  }

  #pattern(pattern: FlowPattern, notes: Notes): Case[] {
    if (pattern.src.length === 0 || pattern.dst.length === 0) return [];
    const group = new Group(pattern);
    const { verdict, path } = travel(this.#ruleset, pattern, group);
    for (const name of group.assumed) notes.assumed.add(name);
    return group.isUniform ? [new UniformCase(verdict, path, pattern)] : this.#cases(pattern, notes);
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
  readonly assumed: Quantity[] = []; // each once
  readonly #begins: FlowPattern;
  readonly #changes: (readonly Effect[])[] = [];
  #pattern: FlowPattern;
  #extentOf: ReturnType<typeof extentsOfPattern>;
  #view: PatternView | undefined; // as long as no rule has changed the packets

  constructor(pattern: FlowPattern, view?: PatternView) {
    this.#begins = pattern;
    this.#pattern = pattern;
    this.#extentOf = extentsOfPattern(pattern);
    this.#view = view;
  }

  asked(items: Parameters<Traveller['asked']>[0]): readonly number[] {
    return this.#view?.asked(items, matchOf, this.#extentOf) ?? candidates(items, matchOf, this.#extentOf);
  }

  holds(whole: Match): boolean {
    const match = this.#view?.of(whole) ?? whole;
    const decided = decide(match, this.#pattern);
    if (decided === undefined) this.isUniform = false;
    const asked = quantitiesIn(whole); // with a view and without the same are told
    if (asked.length > 0 && decided !== undefined) {
      const unassuming = this.#unassuming();
      if (decide(match, unassuming) === undefined)
        for (const name of asked)
          if (!unassuming.quantities.has(name) && !this.assumed.includes(name)) this.assumed.push(name);
    }
    return decided ?? matches(match, this.#witness());
  }

  change(effects: readonly Effect[]): void {
    this.#changes.push(effects);
    this.#pattern = patternAfter(this.#pattern, effects);
    this.#extentOf = extentsOfPattern(this.#pattern);
    this.#view = undefined;
  }

  /** The packets now, without the quantities that are 0 because nobody said otherwise. */
  #unassuming(): FlowPattern {
    const begins = { ...this.#begins, quantities: valuesOtherThanZero(this.#begins.quantities) };
    return this.#changes.reduce(patternAfter, begins);
  }

  #witness(): Flow {
    return this.#changes.reduce((flow, effects) => applyEffects(effects, flow), sampleOf(this.#begins));
  }
}

/** All packets of a pattern, which fare alike. One of them is sought when somebody asks for it: of a hundred thousand answers nobody does. */
class UniformCase implements Case {
  readonly verdict: Verdict;
  readonly path: readonly Step[];
  readonly packets: readonly string[];
  readonly #pattern: FlowPattern;

  constructor(verdict: Verdict, path: readonly Step[], pattern: FlowPattern) {
    this.verdict = verdict;
    this.path = path;
    this.packets = NO_WORDS;
    this.#pattern = pattern;
  }

  get witness(): Flow {
    return sampleOf(this.#pattern);
  }
}

const NO_WORDS: readonly string[] = [];

function sampleOf(pattern: FlowPattern): Flow {
  const flow = patternSample(pattern);
  if (flow === undefined) throw new Error('a pattern of no packet was asked');
  return flow;
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
