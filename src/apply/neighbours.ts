import { CHAIN_HOOKS, type Chain, type ChainHook, type Rule, type Table, type Verdict } from '../ir/index.ts';
import { type HostRules, isOurs } from './host-rules.ts';
import { softwareOf } from './software.ts';

/** A table that is not ours, and stays as it is. */
export interface Neighbour {
  readonly table: string; // `ip filter`
  readonly software: readonly string[]; // that is known by its chains and its names: `Docker`, `UFW`
  readonly rules: number;
  readonly chains: readonly NeighbourChain[]; // where packets enter it, in the order in which they do
}

/** What packets may meet there, before or after ours. */
export interface NeighbourChain {
  readonly chain: string;
  readonly hook: ChainHook;
  readonly priority: number;
  readonly order: 'before' | 'after'; // than our chain at the same place of a packet's way
  readonly policy: Verdict;
  readonly stops: boolean; // it, or a chain that it leads to, drops or rejects some packet
  readonly translates: boolean; // addresses or ports
  readonly marks: boolean;
}

/** Our chains stand at `filter - 5`; of hooks where we have none, those of the way in come before, those of the way out after. */
const OUR_PRIORITY = -5;

export function neighbours({ ruleset }: HostRules): Neighbour[] {
  return ruleset.tables
    .filter(({ name }) => !isOurs(name) && name !== PSEUDO)
    .map((table) => ({
      table: table.name,
      software: softwareOf(table),
      rules: table.chains.reduce((sum, { rules }) => sum + rules.filter(isWritten).length, 0),
      chains: table.chains
        .flatMap((chain) => (chain.base === undefined ? [] : [neighbourChain(table, chain, chain.base)]))
        .toSorted((a, b) => CHAIN_HOOKS.indexOf(a.hook) - CHAIN_HOOKS.indexOf(b.hook) || a.priority - b.priority),
    }));
}

/** What the kernel does by itself, which readers put as a table. */
const PSEUDO = 'connection tracking';

function isWritten({ origin }: Rule): boolean {
  return origin.span !== undefined;
}

function neighbourChain(
  table: Table,
  chain: Chain,
  { hook, priority, policy }: NonNullable<Chain['base']>,
): NeighbourChain {
  const rules = [...reached(table, chain)].flatMap((each) => each.rules);
  const effects = rules.flatMap((rule) => rule.effects ?? []);
  return {
    chain: chain.name,
    hook,
    priority: Math.round(priority),
    order: orderOf(hook, priority),
    policy,
    stops: policy !== 'accept' || rules.some((rule) => verdicts(rule).some((verdict) => verdict !== 'accept')),
    translates: effects.some(({ kind }) => kind === 'translate'),
    marks: effects.some((effect) => effect.kind === 'assign' && MARKS.includes(effect.quantity)),
  };
}

const MARKS: readonly string[] = ['mark', 'ctmark'];

function orderOf(hook: ChainHook, priority: number): NeighbourChain['order'] {
  switch (hook) {
    case 'ingress':
    case 'prerouting':
      return 'before';
    case 'postrouting':
    case 'egress':
      return 'after';
    case 'input':
    case 'forward':
    case 'output':
      return priority < OUR_PRIORITY ? 'before' : 'after';
  }
}

function verdicts({ action }: Rule): Verdict[] {
  const actions = action.kind === 'dispatch' ? action.cases.map((each) => each.action) : [action];
  return actions.flatMap((each) => (each.kind === 'verdict' ? [each.verdict] : []));
}

/** The chain and all that it leads to. */
function reached(table: Table, from: Chain): ReadonlySet<Chain> {
  const chains = new Map(table.chains.map((chain) => [chain.name, chain]));
  const found = new Set([from]);
  for (const chain of found) {
    for (const { action } of chain.rules) {
      for (const each of action.kind === 'dispatch' ? action.cases.map((of) => of.action) : [action]) {
        const next = each.kind === 'jump' || each.kind === 'goto' ? chains.get(each.chain) : undefined;
        if (next !== undefined) found.add(next);
      }
    }
  }
  return found;
}
