import { type AddressKind, addressKind, type Passage } from '../analysis/questions.ts';
import type { Hook, Match, Ruleset, Side } from '../ir/index.ts';
import { type Address, addressRange } from '../net/index.ts';
import { AddressClasses, PatternView } from '../semantics/index.ts';
import { type PlainLine, plainLine } from './plain-line.ts';

const MOST_SHAPES = 10_000; // a file of flows has few; beyond this each is read by itself
const MOST_VIEWS = 200; // of a ruleset; each may be as large as that
const MOST_TOLD = 50_000; // answers that are kept
const WORTH_A_VIEW = 8; // questions of one shape
const RULES_PER_ANSWER = 40; // so many are looked at for classes in the time that one answer takes

/** A question of the plainest form, its addresses put aside. */
export interface Question<Told> {
  readonly shape: Shape<Told>;
  readonly from: Address | undefined; // undefined: a word, the same for all of the shape
  readonly to: Address;
}

/** What a question means. */
export interface Meant {
  readonly passages: readonly Passage[];
  readonly view?: PatternView; // where there is one passage through one hook, and such were asked before
}

/** What is known of the questions of one shape. */
interface Shape<Told> {
  times: number; // asked
  passages?: readonly Passage[]; // of the first
  view?: PatternView;
  classes?: AddressClasses;
  readonly told: Map<number, Told>; // by class
}

/** What questions are about. */
export interface Matter {
  readonly ruleset: Ruleset;
  readonly others: readonly Match[]; // what is asked of packets beside the ruleset's own matches
  readonly isAllAt: (hook: Hook) => boolean; // whether nothing else is asked of packets that stand there
}

/**
 * Most flows of a long file differ in their addresses only. What the first of a shape was found to mean is kept, and the next one means the
 * same with its own addresses (`addressKind` says why): reading it anew takes longer than answering it. What one is told is kept as well, for
 * all those that no rule tells apart from it (`AddressClasses`).
 */
export class QuestionShapes<Told> {
  readonly #matter: Matter;
  readonly #shapes = new Map<string, Map<string, Shape<Told>[]>>(); // by the head of a line, its tail and `endsOf` it
  #count = 0;
  #views = 0;
  #told = 0;

  constructor(matter: Matter) {
    this.#matter = matter;
  }

  /** @returns undefined for whatever is not of the plainest form: it is read as any other text */
  question(text: string, start: number, end: number): Question<Told> | undefined {
    const line = plainLine(text, start, end);
    const shape = line === undefined ? undefined : this.#shapeOf(line);
    if (line === undefined || shape === undefined) return undefined;
    const { from, to } = line;
    shape.times++;
    if (shape.times === WORTH_A_VIEW) this.#look(shape, from !== undefined);
    // Each time it was asked twice as often, more rules are worth looking at.
    if (shape.classes === undefined && isPowerOfTwo(shape.times)) this.#sort(shape);
    return { shape, from, to };
  }

  /** What it means, where the meaning of one of its shape was remembered. */
  meaning({ shape, from, to }: Question<Told>): Meant | undefined {
    if (shape.passages === undefined) return undefined;
    const dst = [addressRange(to)];
    const src = from === undefined ? undefined : [addressRange(from)];
    const passages = shape.passages.map((passage) =>
      passage.map((pattern) => ({ ...pattern, src: src ?? pattern.src, dst })),
    );
    return shape.view === undefined ? { passages } : { passages, view: shape.view };
  }

  remember({ shape }: Question<Told>, passages: readonly Passage[]): void {
    shape.passages ??= passages;
  }

  /** What one of its class was told. */
  told({ shape, from, to }: Question<Told>): Told | undefined {
    return shape.classes === undefined ? undefined : shape.told.get(shape.classes.classOf(from, to));
  }

  /** @param told that holds for every question whose packets take the same way */
  tell({ shape, from, to }: Question<Told>, told: Told): void {
    if (shape.classes === undefined || this.#told === MOST_TOLD) return;
    this.#told++;
    shape.told.set(shape.classes.classOf(from, to), told);
  }

  #shapeOf({ head, tail, from, to }: PlainLine): Shape<Told> | undefined {
    let tails = this.#shapes.get(head);
    let shapes = tails?.get(tail);
    const ends = endsOf(from, to);
    const known = shapes?.[ends];
    if (known !== undefined || this.#count === MOST_SHAPES) return known;
    this.#count++;
    if (tails === undefined) {
      tails = new Map();
      this.#shapes.set(head, tails);
    }
    if (shapes === undefined) {
      shapes = [];
      tails.set(tail, shapes);
    }
    const shape: Shape<Told> = { times: 0, told: new Map() };
    shapes[ends] = shape;
    return shape;
  }

  #look(shape: Shape<Told>, isFromAnywhere: boolean): void {
    const [pattern, ...others] = shape.passages?.flat() ?? [];
    if (pattern === undefined || others.length > 0 || this.#views === MOST_VIEWS) return;
    this.#views++;
    shape.view = new PatternView(pattern, new Set<Side>(isFromAnywhere ? ['src', 'dst'] : ['dst']));
  }

  #sort(shape: Shape<Told>): void {
    const { ruleset, others, isAllAt } = this.#matter;
    const { view, times } = shape;
    if (view === undefined || !isAllAt(view.pattern.hook)) return;
    const classes = AddressClasses.of(view, ruleset, others, times * RULES_PER_ANSWER);
    if (classes !== undefined) shape.classes = classes;
  }
}

function isPowerOfTwo(count: number): boolean {
  return (count & (count - 1)) === 0;
}

/** What is told apart of the addresses of a question before any rule is asked, as one number. */
function endsOf(from: Address | undefined, to: Address): number {
  return (from === undefined ? 0 : sortOf(from)) * SORTS + sortOf(to);
}

/** From 1 up to, not including, `SORTS`. */
function sortOf(address: Address): number {
  return KINDS[addressKind(address)] * 2 + (address.family === 4 ? 0 : 1);
}

const KINDS: Readonly<Record<AddressKind, number>> = { ordinary: 1, loopback: 2, group: 3, broadcast: 4 };
const SORTS = 10;
