import type { Action, BaseChain, Chain, Field, Match, Range, Rule, Ruleset, Table } from '../../src/ir/index.ts';
import { all, field, not } from '../../src/ir/index.ts';
import { addressBits } from '../../src/net/index.ts';
import type { Random } from './random.ts';

/** A mistake that a reader or the semantics could make, planted in what was read. */
export interface Fault {
  readonly name: string;
  /** The ruleset with the mistake at a random place; `undefined` where it has no place for it. */
  readonly plant: (random: Random, ruleset: Ruleset) => Ruleset | undefined;
}

const NUMBER_FIELDS: readonly Field[] = ['protocol', 'sport', 'dport', 'icmpType', 'icmpCode', 'srcAccount'];

export const FAULTS: readonly Fault[] = [
  { name: 'a rule lost', plant: inSomeChain((random, rules) => without(rules, random.below(rules.length)), 1) },
  { name: 'two rules exchanged', plant: inSomeChain(exchanged, 2) },
  {
    name: 'a condition lost',
    plant: inSomeMatch((match) => (match.kind === 'all' ? all(...match.of.slice(1)) : undefined)),
  },
  { name: 'a condition negated', plant: inSomeMatch((match) => (isLeaf(match) ? not(match) : undefined)) },
  { name: 'a negation lost', plant: inSomeMatch((match) => (match.kind === 'not' ? match.of : undefined)) },
  { name: 'a port one higher', plant: inSomeMatch(ofFields(['sport', 'dport'], higher)) },
  { name: 'a range one too long', plant: inSomeMatch(ofFields(NUMBER_FIELDS, longer)) },
  { name: 'a range one too short', plant: inSomeMatch(ofFields(NUMBER_FIELDS, shorter)) },
  { name: 'source port for destination port', plant: inSomeMatch(otherPort) },
  { name: 'source for destination', plant: inSomeMatch(otherSide) },
  { name: 'a prefix one bit longer', plant: inSomeMatch(halfPrefix) },
  { name: 'an address one too many', plant: inSomeMatch(oneAddressMore) },
  { name: 'the other family', plant: inSomeTable(otherFamily) },
  {
    name: 'an address of any family',
    plant: inSomeMatch((match) => (match.kind === 'field' && match.field === 'family' ? all() : undefined)),
  },
  {
    name: 'half of the flags lost',
    plant: inSomeMatch(ofFields(['tcpFlags'], (ranges) => ranges.slice(ranges.length >> 1))),
  },
  { name: 'a state lost', plant: inSomeMatch(ofFields(['state'], (ranges) => ranges.slice(1))) },
  { name: 'a wildcard taken for a name', plant: inSomeMatch(exactName) },
  { name: 'the other direction of an interface', plant: inSomeMatch(otherDirection) },
  {
    name: 'a mark one higher',
    plant: inSomeMatch(ofQuantity((match) => ({ ...match, ranges: higher(match.ranges) }))),
  },
  {
    name: 'a bit of a mask lost',
    plant: inSomeMatch(ofQuantity((match) => ({ ...match, mask: match.mask & (match.mask - 1) }))),
  },
  {
    name: 'a change of the packet lost',
    plant: inSomeRule((_, { effects, ...rule }) => (effects === undefined || effects.length === 0 ? undefined : rule)),
  },
  {
    name: 'return for continue',
    plant: inSomeAction((action) => (action.kind === 'return' ? { kind: 'continue' } : undefined)),
  },
  {
    name: 'continue for return',
    plant: inSomeAction((action) => (action.kind === 'continue' ? { kind: 'return' } : undefined)),
  },
  {
    name: 'jump for goto',
    plant: inSomeAction((action) => (action.kind === 'goto' ? { ...action, kind: 'jump' } : undefined)),
  },
  {
    name: 'goto for jump',
    plant: inSomeAction((action) => (action.kind === 'jump' ? { ...action, kind: 'goto' } : undefined)),
  },
  { name: 'the other verdict', plant: inSomeAction(otherVerdict) },
  {
    name: 'an element of a map lost',
    plant: inSomeAction((action) =>
      action.kind === 'dispatch' && action.cases.length > 0 ? { ...action, cases: action.cases.slice(1) } : undefined,
    ),
  },
  { name: 'priorities exchanged', plant: withPrioritiesExchanged },
  { name: 'an accept that is final', plant: withoutLaterChains },
  {
    name: 'the other policy',
    plant: inSomeBase((base) => ({ ...base, policy: base.policy === 'accept' ? 'drop' : 'accept' })),
  },
  {
    name: 'another hook',
    plant: inSomeBase((base) => ({ ...base, hook: base.hook === 'input' ? 'forward' : 'input' })),
  },
];

type Sites<T> = (ruleset: Ruleset) => readonly T[];
type Plant = Fault['plant'];

/** One of the places of a ruleset, changed. */
function somewhere<T>(sites: Sites<T>, change: (random: Random, site: T, ruleset: Ruleset) => Ruleset): Plant {
  return (random, ruleset) => {
    const found = sites(ruleset);
    return found.length === 0 ? undefined : change(random, random.pick(found), ruleset);
  };
}

const chainsOf = (ruleset: Ruleset): { table: Table; chain: Chain }[] =>
  ruleset.tables.flatMap((table) => table.chains.map((chain) => ({ table, chain })));

function replaced(ruleset: Ruleset, before: Chain, after: Chain): Ruleset {
  return {
    ...ruleset,
    tables: ruleset.tables.map((table) => ({
      ...table,
      chains: table.chains.map((chain) => (chain === before ? after : chain)),
    })),
  };
}

function inSomeChain(change: (random: Random, rules: readonly Rule[]) => readonly Rule[], least: number): Plant {
  return somewhere(
    (ruleset) => chainsOf(ruleset).filter(({ chain }) => chain.rules.length >= least),
    (random, { chain }, ruleset) => replaced(ruleset, chain, { ...chain, rules: change(random, chain.rules) }),
  );
}

function without<T>(items: readonly T[], index: number): T[] {
  return items.filter((_, at) => at !== index);
}

function exchanged(random: Random, rules: readonly Rule[]): Rule[] {
  const index = random.below(rules.length - 1);
  return rules.toSpliced(index, 2, rules[index + 1]!, rules[index]!);
}

function inSomeRule(change: (random: Random, rule: Rule) => Rule | undefined): Plant {
  return (random, ruleset) => {
    const sites = chainsOf(ruleset).flatMap(({ chain }) => chain.rules.map((rule, index) => ({ chain, rule, index })));
    const changed = sites.flatMap(({ chain, rule, index }) => {
      const after = change(random, rule);
      return after === undefined ? [] : [{ chain, rules: chain.rules.with(index, after) }];
    });
    if (changed.length === 0) return undefined;
    const { chain, rules } = random.pick(changed);
    return replaced(ruleset, chain, { ...chain, rules });
  };
}

function inSomeAction(change: (action: Action) => Action | undefined): Plant {
  return inSomeRule((random, rule) => {
    const { action } = rule;
    const after = change(action);
    if (after !== undefined) return { ...rule, action: after };
    if (action.kind !== 'dispatch' || action.cases.length === 0) return undefined;
    const index = random.below(action.cases.length);
    const one = action.cases[index]!;
    const changed = change(one.action);
    if (changed === undefined || changed.kind === 'dispatch') return undefined;
    return { ...rule, action: { ...action, cases: action.cases.with(index, { ...one, action: changed }) } };
  });
}

/** One part of one rule's match, or of one element of its verdict map. */
function inSomeMatch(change: (match: Match, random: Random) => Match | undefined): Plant {
  return inSomeRule((random, rule) => {
    const match = rewritten(random, rule.match, change);
    if (match !== undefined) return { ...rule, match };
    if (rule.action.kind !== 'dispatch' || rule.action.cases.length === 0) return undefined;
    const index = random.below(rule.action.cases.length);
    const one = rule.action.cases[index]!;
    const changed = rewritten(random, one.match, change);
    return changed === undefined
      ? undefined
      : { ...rule, action: { ...rule.action, cases: rule.action.cases.with(index, { ...one, match: changed }) } };
  });
}

function rewritten(
  random: Random,
  match: Match,
  change: (match: Match, random: Random) => Match | undefined,
): Match | undefined {
  const here = change(match, random);
  if (here !== undefined) return here;
  if (match.kind === 'not') {
    const of = rewritten(random, match.of, change);
    return of === undefined ? undefined : not(of);
  }
  if (match.kind !== 'all' && match.kind !== 'any') return undefined;
  const changed = match.of.flatMap((part, index) => {
    const after = rewritten(random, part, change);
    return after === undefined ? [] : [match.of.with(index, after)];
  });
  return changed.length === 0 ? undefined : { kind: match.kind, of: random.pick(changed) };
}

function isLeaf({ kind }: Match): boolean {
  return kind === 'field' || kind === 'address' || kind === 'interface' || kind === 'quantity';
}

function ofFields(names: readonly Field[], change: (ranges: readonly Range[]) => readonly Range[]) {
  return (match: Match): Match | undefined =>
    match.kind === 'field' && names.includes(match.field) && match.ranges.length > 0
      ? field(match.field, ...change(match.ranges))
      : undefined;
}

function ofQuantity(change: (match: Extract<Match, { kind: 'quantity' }>) => Match) {
  return (match: Match): Match | undefined =>
    match.kind === 'quantity' && match.ranges.length > 0 && match.mask !== 0 ? change(match) : undefined;
}

function higher([first, ...others]: readonly Range[]): Range[] {
  return first === undefined ? [] : [{ first: first.first + 1, last: first.last + 1 }, ...others];
}

function longer(ranges: readonly Range[]): Range[] {
  const last = ranges.at(-1);
  return last === undefined ? [] : [...ranges.slice(0, -1), { first: last.first, last: last.last + 1 }];
}

function shorter([first, ...others]: readonly Range[]): Range[] {
  return first === undefined ? [] : [{ first: first.first + 1, last: first.last }, ...others];
}

function otherPort(match: Match): Match | undefined {
  if (match.kind !== 'field' || (match.field !== 'sport' && match.field !== 'dport')) return undefined;
  return { ...match, field: match.field === 'sport' ? 'dport' : 'sport' };
}

function otherSide(match: Match): Match | undefined {
  return match.kind === 'address' ? { ...match, side: match.side === 'src' ? 'dst' : 'src' } : undefined;
}

function halfPrefix(match: Match): Match | undefined {
  if (match.kind !== 'address') return undefined;
  const wide = match.ranges.find(({ first, last }) => last > first);
  if (wide === undefined) return undefined;
  const half = { ...wide, last: wide.first + (wide.last - wide.first) / 2n };
  return { ...match, ranges: match.ranges.map((range) => (range === wide ? half : range)) };
}

function oneAddressMore(match: Match): Match | undefined {
  if (match.kind !== 'address') return undefined;
  const highest = (family: 4 | 6): bigint => (1n << BigInt(addressBits(family))) - 1n;
  const bounded = match.ranges.find(({ family, last }) => last < highest(family));
  if (bounded === undefined) return undefined;
  const more = { ...bounded, last: bounded.last + 1n };
  return { ...match, ranges: match.ranges.map((range) => (range === bounded ? more : range)) };
}

function inSomeTable(change: (table: Table) => Table): Plant {
  return somewhere(
    ({ tables }) => tables,
    (_, site, ruleset) => ({
      ...ruleset,
      tables: ruleset.tables.map((table) => (table === site ? change(table) : table)),
    }),
  );
}

function otherFamily(table: Table): Table {
  return { ...table, families: table.families.length === 2 ? [4] : table.families[0] === 4 ? [6] : [4] };
}

function exactName(match: Match): Match | undefined {
  if (match.kind !== 'interface' || !match.names.some(({ wildcard }) => wildcard)) return undefined;
  return { ...match, names: match.names.map((pattern) => ({ ...pattern, wildcard: false })) };
}

function otherDirection(match: Match): Match | undefined {
  return match.kind === 'interface' ? { ...match, side: match.side === 'in' ? 'out' : 'in' } : undefined;
}

function otherVerdict(action: Action): Action | undefined {
  return action.kind === 'verdict'
    ? { kind: 'verdict', verdict: action.verdict === 'accept' ? 'drop' : 'accept' }
    : undefined;
}

function inSomeBase(change: (base: BaseChain) => BaseChain): Plant {
  return somewhere(
    (ruleset) => chainsOf(ruleset).filter(({ chain }) => chain.base !== undefined),
    (_, { chain }, ruleset) =>
      chain.base === undefined ? ruleset : replaced(ruleset, chain, { ...chain, base: change(chain.base) }),
  );
}

/** Two base chains of one hook in the other order. */
function withPrioritiesExchanged(random: Random, ruleset: Ruleset): Ruleset | undefined {
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
function withoutLaterChains(_: Random, ruleset: Ruleset): Ruleset | undefined {
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
