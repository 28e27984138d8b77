import type { Action, Effect, Field, Match, Range, Rule, Ruleset, Table } from '../../../src/ir/index.ts';
import { everything, field, nothing } from '../../../src/ir/index.ts';
import { addressBits } from '../../../src/net/index.ts';
import type { Random } from '../random.ts';
import { chainsOf, replaced } from './sites.ts';

export function isLeaf({ kind }: Match): boolean {
  return kind === 'field' || kind === 'address' || kind === 'interface' || kind === 'quantity';
}

export function ofFields(names: readonly Field[], change: (ranges: readonly Range[]) => readonly Range[]) {
  return (match: Match): Match | undefined =>
    match.kind === 'field' && names.includes(match.field) && match.ranges.length > 0
      ? field(match.field, ...change(match.ranges))
      : undefined;
}

export function ofQuantity(change: (match: Extract<Match, { kind: 'quantity' }>) => Match) {
  return (match: Match): Match | undefined =>
    match.kind === 'quantity' && match.ranges.length > 0 && match.mask !== 0 ? change(match) : undefined;
}

export function higher([first, ...others]: readonly Range[]): Range[] {
  return first === undefined ? [] : [{ first: first.first + 1, last: first.last + 1 }, ...others];
}

export function longer(ranges: readonly Range[]): Range[] {
  const last = ranges.at(-1);
  return last === undefined ? [] : [...ranges.slice(0, -1), { first: last.first, last: last.last + 1 }];
}

export function shorter([first, ...others]: readonly Range[]): Range[] {
  return first === undefined ? [] : [{ first: first.first + 1, last: first.last }, ...others];
}

export function otherPort(match: Match): Match | undefined {
  if (match.kind !== 'field' || (match.field !== 'sport' && match.field !== 'dport')) return undefined;
  return { ...match, field: match.field === 'sport' ? 'dport' : 'sport' };
}

export function otherSide(match: Match): Match | undefined {
  return match.kind === 'address' ? { ...match, side: match.side === 'src' ? 'dst' : 'src' } : undefined;
}

export function halfPrefix(match: Match): Match | undefined {
  if (match.kind !== 'address') return undefined;
  const wide = match.ranges.find(({ first, last }) => last > first);
  if (wide === undefined) return undefined;
  const half = { ...wide, last: wide.first + (wide.last - wide.first) / 2n };
  return { ...match, ranges: match.ranges.map((range) => (range === wide ? half : range)) };
}

export function oneAddressMore(match: Match): Match | undefined {
  if (match.kind !== 'address') return undefined;
  const highest = (family: 4 | 6): bigint => (1n << BigInt(addressBits(family))) - 1n;
  const bounded = match.ranges.find(({ family, last }) => last < highest(family));
  if (bounded === undefined) return undefined;
  const more = { ...bounded, last: bounded.last + 1n };
  return { ...match, ranges: match.ranges.map((range) => (range === bounded ? more : range)) };
}

export function otherFamily(table: Table): Table {
  return { ...table, families: table.families.length === 2 ? [4] : table.families[0] === 4 ? [6] : [4] };
}

export function exactName(match: Match): Match | undefined {
  if (match.kind !== 'interface' || !match.names.some(({ wildcard }) => wildcard)) return undefined;
  return { ...match, names: match.names.map((pattern) => ({ ...pattern, wildcard: false })) };
}

export function otherDirection(match: Match): Match | undefined {
  return match.kind === 'interface' ? { ...match, side: match.side === 'in' ? 'out' : 'in' } : undefined;
}

export function otherVerdict(action: Action): Action | undefined {
  return action.kind === 'verdict'
    ? { kind: 'verdict', verdict: action.verdict === 'accept' ? 'drop' : 'accept' }
    : undefined;
}

/** Two base chains of one hook in the other order. */
export function withPrioritiesExchanged(random: Random, ruleset: Ruleset): Ruleset | undefined {
  const bases = chainsOf(ruleset).flatMap(({ chain }) =>
    chain.base === undefined ? [] : [{ chain, base: chain.base }],
  );
  const pairs = bases.flatMap((one) =>
    bases.flatMap((other) =>
      one.base.hook === other.base.hook && one.base.priority < other.base.priority ? [[one, other] as const] : [],
    ),
  );
  if (pairs.length === 0) return undefined;
  const [one, other] = random.pick(pairs);
  const first = replaced(ruleset, one.chain, { ...one.chain, base: { ...one.base, priority: other.base.priority } });
  return replaced(first, other.chain, { ...other.chain, base: { ...other.base, priority: one.base.priority } });
}

/** An accept of the first chain at a hook taken for the last word: what later chains there say is lost. */
export function withoutLaterChains(_: Random, ruleset: Ruleset): Ruleset | undefined {
  const bases = chainsOf(ruleset).flatMap(({ chain }) =>
    chain.base === undefined ? [] : [{ chain, base: chain.base }],
  );
  const later = bases.find(({ base, chain }) =>
    bases.some(
      (other) => other.chain !== chain && other.base.hook === base.hook && other.base.priority < base.priority,
    ),
  );
  return later === undefined
    ? undefined
    : replaced(ruleset, later.chain, { ...later.chain, base: { ...later.base, policy: 'accept' }, rules: [] });
}

/** The gates that the reader puts before the rules of a base chain, by what they say. */
export function withoutGate(text: string): (random: Random, ruleset: Ruleset) => Ruleset | undefined {
  return (random, ruleset) => {
    const found = chainsOf(ruleset).flatMap(({ chain }) => {
      const rules = chain.rules.filter(({ origin }) => origin.text !== text);
      return rules.length === chain.rules.length ? [] : [{ chain, rules }];
    });
    if (found.length === 0) return undefined;
    const { chain, rules } = random.pick(found);
    return replaced(ruleset, chain, { ...chain, rules });
  };
}

/** One effect of a rule, left out or changed. */
export function effectChanged(
  change: (effect: Effect) => Effect | 'lost' | undefined,
): (random: Random, rule: Rule) => Rule | undefined {
  return (_, rule) => {
    const { effects = [] } = rule;
    const index = effects.findIndex((effect) => change(effect) !== undefined);
    const after = index === -1 ? undefined : change(effects[index]!);
    if (after === undefined) return undefined;
    return { ...rule, effects: after === 'lost' ? effects.toSpliced(index, 1) : effects.with(index, after) };
  };
}

/** What nobody can know, taken for certain. */
export function certain(isIt: 'true' | 'false'): (match: Match) => Match | undefined {
  return (match) =>
    match.kind === 'symbol' && match.symbol.kind === 'unknown' ? (isIt === 'true' ? everything : nothing) : undefined;
}
