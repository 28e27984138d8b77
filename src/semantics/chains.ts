import { type BaseChain, CHAIN_HOOKS, type Chain, type Ruleset, type Table } from '../ir/index.ts';

export interface HookedChain {
  readonly table: Table;
  readonly chain: Chain;
  readonly base: BaseChain;
}

/** The base chains in the order in which a packet meets them: by hook, then priority, then as they stand. */
export function baseChains(ruleset: Ruleset): readonly HookedChain[] {
  let chains = hooked.get(ruleset);
  if (chains === undefined) {
    chains = sortedBaseChains(ruleset);
    hooked.set(ruleset, chains);
  }
  return chains;
}

const hooked = new WeakMap<Ruleset, readonly HookedChain[]>();

function sortedBaseChains(ruleset: Ruleset): HookedChain[] {
  return ruleset.tables
    .flatMap((table) =>
      table.chains.flatMap((chain) => (chain.base === undefined ? [] : [{ table, chain, base: chain.base }])),
    )
    .sort(
      (a, b) =>
        CHAIN_HOOKS.indexOf(a.base.hook) - CHAIN_HOOKS.indexOf(b.base.hook) || a.base.priority - b.base.priority,
    );
}

export function ruleCount(ruleset: Ruleset): number {
  return ruleset.tables.reduce(
    (sum, { chains }) => chains.reduce((within, { rules }) => within + rules.length, sum),
    0,
  );
}

const indexes = new WeakMap<Table, ReadonlyMap<string, Chain>>();

/** The chain that a jump names. @throws Error where the table has none: readers refuse such a ruleset, as the kernel does. */
export function findChain(table: Table, name: string): Chain {
  let index = indexes.get(table);
  if (index === undefined) {
    index = new Map(table.chains.map((chain) => [chain.name, chain]));
    indexes.set(table, index);
  }
  const chain = index.get(name);
  if (chain === undefined) throw ambiguousChain(table, name, 'does not exist');
  return chain;
}

export function ambiguousChain(table: Table, chain: string, problem: string): Error {
  return new Error(`chain \`${chain}\` of table \`${table.name}\` ${problem}`);
}
