import type { Flow, Quantity, Ruleset } from '../../src/ir/index.ts';
import { type Evaluation, evaluate } from '../../src/semantics/index.ts';
import { type Understood, visitMatches } from './read.ts';

/** What we say of a packet under one of the answers to what nobody can know. */
export interface Side {
  readonly flow: Flow;
  readonly evaluation: Evaluation;
  readonly isOpen: boolean; // it may pass or not: a rule on its way is not understood altogether, or asks for a number that is not known here
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

/** Numbers of a packet, and whether one was asked for that nobody here knows; of those that an effect has changed nothing is noticed. */
class AskedQuantities extends Map<Quantity, number> {
  isGuessed = false;

  override get(name: Quantity): number | undefined {
    if (name !== CONSTANT && !this.has(name)) this.isGuessed = true;
    return super.get(name);
  }
}

const CONSTANT = ''; // where an effect assigns one

/** Every answer that we give, first with no unknown condition met, then with each of those that were asked for. */
export function answerOf(ruleset: Ruleset, flow: Flow, { unknown, notUnderstood }: Doubts): Answer {
  const sides: Side[] = [];
  const pending: { readonly held: readonly string[]; readonly settled: ReadonlySet<string> }[] = [
    { held: [], settled: new Set() },
  ];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (sides.length === MOST_SIDES) return { sides, isWhole: false };
    const symbols = new AskedSymbols([...flow.symbols, ...next.held], unknown);
    const quantities = new AskedQuantities(flow.quantities);
    const asking = { ...flow, symbols, quantities };
    const evaluation = evaluate(ruleset, asking);
    const mayBeGuess = quantities.isGuessed || evaluation.path.some(({ rule }) => rule?.effects !== undefined);
    const isGuess = mayBeGuess && isGuessed(ruleset, asking, evaluation);
    // This is the side on which nothing more holds; each later one lets the next of them hold.
    const settled = new Set(next.settled);
    for (const key of symbols.asked) {
      if (settled.has(key)) continue;
      pending.push({ held: [...next.held, key], settled: new Set([...settled, key]) });
      settled.add(key);
    }
    const isOpen = isGuess || evaluation.path.some(({ rule }) => notUnderstood.has(rule?.origin.text ?? ''));
    sides.push({ flow: { ...flow, symbols: new Set([...flow.symbols, ...next.held]) }, evaluation, isOpen });
  }
  return { sides, isWhole: true };
}

/** Whether the verdict would be another with other values of the numbers that nobody here knows: they count as 0 else. */
function isGuessed(ruleset: Ruleset, flow: Flow, { verdict }: Evaluation): boolean {
  const { names, values } = numbersOf(ruleset);
  const unknown = names.filter((name) => flow.quantities?.has(name) !== true);
  if (unknown.length === 0) return false;
  return values.some((value) => {
    const quantities = new Map([...(flow.quantities ?? []), ...unknown.map((name) => [name, value] as const)]);
    return evaluate(ruleset, { ...flow, quantities }).verdict !== verdict;
  });
}

/** What numbers of a packet a ruleset asks for, and what it compares them with. */
interface Numbers {
  readonly names: readonly Quantity[];
  readonly values: readonly number[];
}

const known = new WeakMap<Ruleset, Numbers>();

function numbersOf(ruleset: Ruleset): Numbers {
  const found = known.get(ruleset);
  if (found !== undefined) return found;
  const names = new Set<Quantity>();
  const values = new Set<number>([UNLIKELY]);
  visitMatches(ruleset, (match) => {
    if (match.kind !== 'quantity') return;
    names.add(match.quantity);
    for (const { first } of match.ranges) values.add(first);
  });
  for (const { chains } of ruleset.tables)
    for (const { rules } of chains)
      for (const { effects = [] } of rules)
        for (const effect of effects) if (effect.kind === 'assign' && effect.keep !== 0) names.add(effect.from);
  const numbers = { names: [...names], values: [...values] };
  known.set(ruleset, numbers);
  return numbers;
}

const UNLIKELY = 0x5a5a_a5a5; // that no ruleset compares with

/** Whether what the kernel did is one of the things that we say it may do. */
export function allows({ sides, isWhole }: Answer, passed: boolean): boolean {
  return !isWhole || sides.some(({ evaluation, isOpen }) => isOpen || (evaluation.verdict === 'accept') === passed);
}

/** Whether we leave it open what becomes of the packet. */
export function isOpenAnswer(answer: Answer): boolean {
  return allows(answer, true) && allows(answer, false);
}
