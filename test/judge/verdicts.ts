import type { Flow, Ruleset } from '../../src/ir/index.ts';
import { type Evaluation, evaluate } from '../../src/semantics/index.ts';
import type { Understood } from './read.ts';

/** What we say of a packet under one of the answers to what nobody can know. */
export interface Side {
  readonly flow: Flow;
  readonly evaluation: Evaluation;
  readonly isOpen: boolean; // a rule on its way is not understood altogether: it may pass or not
}

/** All sides of our answer: one, where the packet meets nothing that nobody can know. */
export interface Answer {
  readonly sides: readonly Side[];
  readonly isWhole: boolean; // false: there are more sides than this suite has time for
}

/** What of a ruleset depends on what nobody can know. */
export type Doubts = Pick<Understood, 'unknown' | 'notUnderstood'>;

const MOST_SIDES = 16;

/** Symbols that hold, and which of those that nobody knows were asked for: only these have two sides. */
class AskedSymbols extends Set<string> {
  readonly #open: ReadonlySet<string>;
  readonly asked = new Set<string>();

  constructor(held: Iterable<string>, open: ReadonlySet<string>) {
    super(held);
    this.#open = open;
  }

  override has(key: string): boolean {
    if (this.#open.has(key)) this.asked.add(key);
    return super.has(key);
  }
}

/** Every answer that we give, first with no unknown condition met, then with each of those that were asked for. */
export function answerOf(ruleset: Ruleset, flow: Flow, { unknown, notUnderstood }: Doubts): Answer {
  const sides: Side[] = [];
  const pending: { readonly held: readonly string[]; readonly settled: ReadonlySet<string> }[] = [
    { held: [], settled: new Set() },
  ];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (sides.length === MOST_SIDES) return { sides, isWhole: false };
    const symbols = new AskedSymbols([...flow.symbols, ...next.held], unknown);
    const asking = { ...flow, symbols };
    const evaluation = evaluate(ruleset, asking);
    // This is the side on which nothing more holds; each later one lets the next of them hold.
    const settled = new Set(next.settled);
    for (const key of symbols.asked) {
      if (settled.has(key)) continue;
      pending.push({ held: [...next.held, key], settled: new Set([...settled, key]) });
      settled.add(key);
    }
    const isOpen = evaluation.path.some(({ rule }) => notUnderstood.has(rule?.origin.text ?? ''));
    sides.push({ flow: { ...flow, symbols: new Set([...flow.symbols, ...next.held]) }, evaluation, isOpen });
  }
  return { sides, isWhole: true };
}

/** Whether what the kernel did is one of the things that we say it may do. */
export function allows({ sides, isWhole }: Answer, passed: boolean): boolean {
  return !isWhole || sides.some(({ evaluation, isOpen }) => isOpen || (evaluation.verdict === 'accept') === passed);
}

/** Whether we leave it open what becomes of the packet. */
export function isOpenAnswer(answer: Answer): boolean {
  return allows(answer, true) && allows(answer, false);
}
