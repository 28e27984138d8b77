import type { Chain, Program, Rule, Statement, Table } from './ast.ts';
import { slotOfName, TABLE_NAME, TRIAL_SET } from './names.ts';
import { asOf, type Moment } from './stage-assume.ts';
import { type Naming, nameElement, nameRule, reachOf } from './stage-names.ts';
import { ownTable } from './stage-slot.ts';

/**
 * What of our table decides at a moment, as plain rules: the switch is followed, what the base chains lead to stands in them, nothing is
 * there that no packet meets, and names say no slot. Whatever led there, the same rules have the same text.
 */
export function effective(program: Program, moment: Moment): Program {
  const table = ownTable(asOf(program, moment));
  if (table === undefined) return { commands: [] };
  const chains = new Map(table.chains.map((chain) => [chain.name, chain]));
  const bases = table.chains
    .filter(({ base }) => base !== undefined)
    .map((chain) => ({ ...chain, rules: inlined(followed(chain.rules, table), chains) }));
  return { commands: [{ kind: 'table', table: withoutSlots(used(table, bases)) }] };
}

/** A trial that all packets are in, or none, is no question. */
function followed(rules: readonly Rule[], table: Table): readonly Rule[] {
  const [first, ...rest] = rules;
  const [asks, ...then] = first?.statements ?? [];
  if (first === undefined || asks === undefined || !asksForTrial(asks)) return rules;
  const families = new Set(
    table.sets
      .find(({ name }) => name === TRIAL_SET)
      ?.elements.map(({ key }) => (key.kind === 'word' ? key.text : undefined)),
  );
  if (families.size === 0) return rest;
  const isFinal = then.length === 1 && then[0]?.kind === 'verdict' && ['goto', 'accept'].includes(then[0].verdict.kind);
  return families.has('ipv4') && families.has('ipv6') && isFinal ? [{ ...first, statements: then }] : rules;
}

function asksForTrial(statement: Statement): boolean {
  return (
    statement.kind === 'match' &&
    statement.operator === '==' &&
    statement.left.kind === 'meta' &&
    statement.left.key === 'nfproto' &&
    statement.right.kind === 'set-reference' &&
    statement.right.name === TRIAL_SET
  );
}

/** At the end of the chain that a base chain goes to, the policy of the base chain holds, as at its own end. */
function inlined(rules: readonly Rule[], chains: ReadonlyMap<string, Chain>): readonly Rule[] {
  const [only, ...others] = rules;
  const [verdict, ...more] = only?.statements ?? [];
  if (others.length > 0 || more.length > 0 || verdict?.kind !== 'verdict' || verdict.verdict.kind !== 'goto')
    return rules;
  return chains.get(verdict.verdict.chain)?.rules ?? rules;
}

function used(table: Table, bases: readonly Chain[]): Table {
  const reach = reachOf(
    table,
    bases.flatMap(({ rules }) => rules),
  );
  return {
    ...table,
    counters: table.counters.filter(({ name }) => reach.counters.has(name)),
    sets: table.sets.filter(({ name }) => reach.sets.has(name)),
    chains: [...bases, ...table.chains.filter(({ name, base }) => base === undefined && reach.chains.has(name))],
  };
}

/** Where two names would become one, all stay. */
function withoutSlots(table: Table): Table {
  const inner = (name: string): string => slotOfName(name)?.inner ?? name;
  const names = [table.sets, table.chains].map((all) => all.map(({ name }) => name));
  const areApart = names.every((all) => new Set(all.map(inner)).size === all.length);
  const plain = (name: string): string => (areApart ? inner(name) : name);
  const naming: Naming = { chain: plain, set: plain, counter: (name) => name };
  return {
    family: 'inet',
    name: TABLE_NAME,
    counters: table.counters.toSorted(byName),
    sets: table.sets
      .map((set) => ({
        ...set,
        name: plain(set.name),
        elements: set.elements.map((element) => nameElement(element, naming)),
      }))
      .toSorted(byName),
    chains: table.chains
      .map((chain) => ({
        ...chain,
        name: plain(chain.name),
        rules: chain.rules.map((rule) => nameRule(rule, naming)),
      }))
      .toSorted(byName),
  };
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}
