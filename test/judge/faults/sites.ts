import type { Action, BaseChain, Chain, Match, Rule, Ruleset, Table } from '../../../src/ir/index.ts';
import { not } from '../../../src/ir/index.ts';
import type { Random } from '../random.ts';

/** A mistake that a reader or the semantics could make, planted in what was read. */
export interface Fault {
  readonly name: string;
  readonly plant: Plant;
}

/** The ruleset with the mistake at a random place; `undefined` where it has no place for it. `text` is what was read. */
export type Plant = (random: Random, ruleset: Ruleset, text: string) => Ruleset | undefined;

type Sites<T> = (ruleset: Ruleset) => readonly T[];

/** One of the places of a ruleset, changed. */
function somewhere<T>(sites: Sites<T>, change: (random: Random, site: T, ruleset: Ruleset) => Ruleset): Plant {
  return (random, ruleset) => {
    const found = sites(ruleset);
    return found.length === 0 ? undefined : change(random, random.pick(found), ruleset);
  };
}

export const chainsOf = (ruleset: Ruleset): { table: Table; chain: Chain }[] =>
  ruleset.tables.flatMap((table) => table.chains.map((chain) => ({ table, chain })));

export function replaced(ruleset: Ruleset, before: Chain, after: Chain): Ruleset {
  return {
    ...ruleset,
    tables: ruleset.tables.map((table) => ({
      ...table,
      chains: table.chains.map((chain) => (chain === before ? after : chain)),
    })),
  };
}

export function inSomeChain(change: (random: Random, rules: readonly Rule[]) => readonly Rule[], least: number): Plant {
  return somewhere(
    (ruleset) => chainsOf(ruleset).filter(({ chain }) => chain.rules.length >= least),
    (random, { chain }, ruleset) => replaced(ruleset, chain, { ...chain, rules: change(random, chain.rules) }),
  );
}

export function without<T>(items: readonly T[], index: number): T[] {
  return items.filter((_, at) => at !== index);
}

export function exchanged(random: Random, rules: readonly Rule[]): Rule[] {
  const index = random.below(rules.length - 1);
  return rules.toSpliced(index, 2, rules[index + 1]!, rules[index]!);
}

export function inSomeRule(change: (random: Random, rule: Rule) => Rule | undefined): Plant {
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

export function inSomeAction(change: (action: Action) => Action | undefined): Plant {
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
export function inSomeMatch(change: (match: Match, random: Random) => Match | undefined): Plant {
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

export function inSomeTable(change: (table: Table) => Table): Plant {
  return somewhere(
    ({ tables }) => tables,
    (_, site, ruleset) => ({
      ...ruleset,
      tables: ruleset.tables.map((table) => (table === site ? change(table) : table)),
    }),
  );
}

export function inSomeBase(change: (base: BaseChain) => BaseChain): Plant {
  return somewhere(
    (ruleset) => chainsOf(ruleset).filter(({ chain }) => chain.base !== undefined),
    (_, { chain }, ruleset) =>
      chain.base === undefined ? ruleset : replaced(ruleset, chain, { ...chain, base: change(chain.base) }),
  );
}
