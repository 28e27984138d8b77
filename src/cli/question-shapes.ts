import { addressKind, type Passage } from '../analysis/questions.ts';
import type { Hook, Match, Ruleset, Side } from '../ir/index.ts';
import { type Address, addressRange, parseAddress } from '../net/index.ts';
import { AddressClasses, PatternView } from '../semantics/index.ts';

const MOST_SHAPES = 10_000; // a file of flows has few; beyond this each is read by itself
const MOST_VIEWS = 200; // of a ruleset; each may be as large as that
const MOST_TOLD = 50_000; // answers that are kept
const WORTH_A_VIEW = 8; // questions of one shape
const RULES_PER_ANSWER = 2; // so many are looked at for classes in the time that one answer takes

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
  readonly #shapes = new Map<string, Shape<Told>>();
  #views = 0;
  #told = 0;

  constructor(matter: Matter) {
    this.#matter = matter;
  }

  /** @returns undefined for whatever is not of the plainest form: it is read as any other text */
  question(text: string): Question<Told> | undefined {
    const shaped = shapeOf(text);
    if (shaped === undefined) return undefined;
    const { from, to } = shaped;
    let shape = this.#shapes.get(shaped.shape);
    if (shape === undefined) {
      if (this.#shapes.size === MOST_SHAPES) return undefined;
      shape = { times: 0, told: new Map() };
      this.#shapes.set(shaped.shape, shape);
    }
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

/**
 * A flow expression whose addresses are put aside: `tcp 10.0.0.1 -> [2001:db8::1]:443 iif eth0` has the shape
 * `tcp 4 ordinary -> 6 ordinary :443 iif eth0`.
 */
interface Shaped {
  readonly shape: string;
  readonly from: Address | undefined; // undefined: a word, which is part of the shape
  readonly to: Address;
}

/** `undefined` for whatever is not of the plainest form: it is read as any other text. */
function shapeOf(text: string): Shaped | undefined {
  const protocolEnd = text.indexOf(' ');
  const arrow = text.indexOf(' -> ', protocolEnd + 1);
  if (protocolEnd < 1 || arrow < 0) return undefined;
  const source = text.slice(protocolEnd + 1, arrow);
  const toStart = arrow + 4;
  const space = text.indexOf(' ', toStart);
  const toEnd = space < 0 ? text.length : space;
  const colon = text.lastIndexOf(':', toEnd - 1);
  if (colon < toStart || source.includes(' ')) return undefined;
  const to = plainAddress(text, toStart, colon);
  if (to === undefined) return undefined;
  const from = parseAddress(source);
  const start = text.slice(0, from === undefined ? arrow : protocolEnd);
  return {
    shape: `${start}${from === undefined ? '' : kindText(from)} ->${kindText(to)}${text.slice(colon)}`,
    from,
    to,
  };
}

/** `10.0.0.1` or `[2001:db8::1]`, where it stands before a port. */
function plainAddress(text: string, start: number, end: number): Address | undefined {
  if (text[start] !== '[') {
    const address = parseAddress(text.slice(start, end));
    return address?.family === 4 ? address : undefined;
  }
  const address = text[end - 1] === ']' ? parseAddress(text.slice(start + 1, end - 1)) : undefined;
  return address?.family === 6 ? address : undefined;
}

function kindText(address: Address): string {
  return ` ${address.family} ${addressKind(address)} `;
}
