import {
  all,
  any,
  anyOf,
  CONNTRACK_STATES,
  type Effect,
  everything,
  field,
  type Match,
  not,
  nothing,
  type Quantity,
  quantity,
} from '../../ir/index.ts';
import { beforeFlip, toIntervals, toRanges } from '../netfilter/bits.ts';
import { inRanges } from './lift-value.ts';

type Assign = Extract<Effect, { kind: 'assign' }>;

/** What a quantity is now, by what quantities were when the rule began: `(from & keep) ^ flip`. */
export type Formula = Pick<Assign, 'from' | 'keep' | 'flip'>;

const ALL = 0xffff_ffff;

/**
 * What the statements of one rule have done to a packet so far. A rule of the IR first matches and then changes; where nft matches after
 * a change, the condition is asked of the packet as it was before, with what the changes make of it.
 */
export class Changes {
  readonly effects: readonly Effect[];
  readonly #formulas: ReadonlyMap<Quantity, Formula>;

  constructor(effects: readonly Effect[] = [], formulas: ReadonlyMap<Quantity, Formula> = new Map()) {
    this.effects = effects;
    this.#formulas = formulas;
  }

  and(effect: Effect): Changes {
    const effects = [...this.effects, effect];
    if (effect.kind !== 'assign') return new Changes(effects, this.#formulas);
    const formulas = new Map(this.#formulas);
    formulas.set(effect.quantity, after(this.#formulas, effect));
    return new Changes(effects, formulas);
  }

  /** Whether doing all of it twice is doing it once. */
  get isIdempotent(): boolean {
    for (const [name, formula] of this.#formulas) {
      const twice = after(this.#formulas, formula);
      const same =
        twice.keep === formula.keep && twice.flip === formula.flip && (twice.keep === 0 || twice.from === formula.from);
      if (!same) return false;
      if (formula.keep !== 0 && formula.from !== name && this.#formulas.has(formula.from)) return false;
    }
    return true;
  }

  /** A condition on the changed packet as one on the packet before. */
  before(match: Match): Match {
    if (this.effects.length === 0) return match;
    switch (match.kind) {
      case 'all':
        return all(...match.of.map((part) => this.before(part)));
      case 'any':
        return anyOf(match.of.map((part) => this.before(part)));
      case 'not':
        return not(this.before(match.of));
      case 'quantity':
        return this.#quantityBefore(match);
      case 'field':
      case 'address':
        return this.effects.reduceRight<Match>((later, effect) => beforeEffect(effect, later), match);
      case 'everything':
      case 'nothing':
      case 'interface':
      case 'symbol':
        return match;
    }
  }

  #quantityBefore(match: Extract<Match, { kind: 'quantity' }>): Match {
    const formula = this.#formulas.get(match.quantity);
    if (formula === undefined) return match;
    const { from, keep, flip } = formula;
    const kept = (keep & match.mask) >>> 0;
    const flipped = (flip & match.mask) >>> 0;
    if (kept === 0) return inRanges(match.ranges, flipped) ? everything : nothing;
    const ranges = toRanges(beforeFlip(toIntervals(match.ranges), BigInt(flipped)));
    return quantity(from, kept, ...ranges);
  }
}

/** A formula over the present quantities as one over those before. */
function after(formulas: ReadonlyMap<Quantity, Formula>, { from, keep, flip }: Formula): Formula {
  const now = formulas.get(from) ?? { from, keep: ALL, flip: 0 };
  return { from: now.from, keep: (now.keep & keep) >>> 0, flip: ((now.flip & keep) ^ flip) >>> 0 };
}

function beforeEffect(effect: Effect, match: Match): Match {
  if (match.kind !== 'field' && match.kind !== 'address') return match;
  switch (effect.kind) {
    case 'assign':
      return match;
    case 'untrack':
      if (match.kind !== 'field' || match.field !== 'state') return match;
      return inRanges(match.ranges, CONNTRACK_STATES.indexOf('untracked')) ? everything : nothing;
    case 'translate': {
      const { address, port, side } = effect;
      if (match.kind === 'address') {
        if (match.side !== side || address === undefined) return match;
        const fits = match.ranges.some(
          ({ family, first, last }) => family === address.family && first <= address.value && address.value <= last,
        );
        const others = match.ranges.filter(({ family }) => family !== address.family);
        return any(
          fits ? field('family', address.family) : nothing,
          others.length === 0 ? nothing : { ...match, ranges: others },
        );
      }
      const name = side === 'src' ? 'sport' : 'dport';
      if (match.field !== name || port === undefined) return match;
      return inRanges(match.ranges, port) ? field(name, { first: 0, last: 65535 }) : nothing;
    }
  }
}
