import { type ChainHook, type Match, symbol } from '../../ir/index.ts';
import type { BaseChainSpec, SetDeclaration, Table, TableFamily } from './ast.ts';
import type { End } from './lift-reads.ts';

/** What a rule needs to know of where it stands. */
export interface ChainContext {
  readonly family: TableFamily;
  readonly table: string; // `inet filter`
  readonly chain: string;
  readonly isOurs: boolean; // whether names in this table have a meaning that we gave them
  readonly sets: ReadonlyMap<string, SetDeclaration>;
  readonly overObjects: ReadonlySet<string>; // `limit x`: those that hold for what exceeds them
  readonly learnt: ReadonlyMap<string, SetLearning>;
  readonly entries: readonly Entry[]; // base chains from which packets come here; none: the chain is not used
  readonly program: ProgramContext;
}

/** A place where packets enter a table. */
export interface Entry {
  readonly hook: ChainHook;
  readonly priority: number;
  readonly isNat: boolean; // only first packets enter
}

/** What all rules together do. */
export interface ProgramContext {
  readonly translates: boolean; // some rule translates addresses or ports
  readonly unknowns: Unknowns;
  /** Whether a rule that packets meet later reads that part of them; `here`: or one of the same chains. */
  readonly readsLater: (end: End, entries: readonly Entry[], here?: 'here') => boolean;
}

/** Conditions that nobody can know, told apart by their text and place. */
export class Unknowns {
  readonly #counts = new Map<string, number>();

  /** One that is a question of its own each time it is asked: two limits are two. */
  occurrence(text: string, { table, chain }: ChainContext): Match {
    const place = `${table} ${chain}`;
    const key = `${place}\n${text}`;
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    return symbol({ kind: 'unknown', text, place: count === 1 ? place : `${place} (${count})` });
  }

  /** One that has the same answer wherever it is asked of the same packet. */
  property(text: string): Match {
    return symbol({ kind: 'unknown', text, place: 'the packet' });
  }

  /** Membership in a set whose elements come and go: the same until a rule may have changed the set. */
  membership(text: string, set: string, { table, chain }: ChainContext, changes: number): Match {
    const place = `set ${table} ${set}${changes === 0 ? '' : `, in ${chain} after ${changes}`}`;
    return symbol({ kind: 'unknown', text, place });
  }
}

/** How rules change a set while packets pass. */
export interface SetLearning {
  /** For each chain that changes the set, or calls one that may: its rules that do so, by their position. */
  readonly changes: ReadonlyMap<string, readonly number[]>;
}

/** CONNTRACK runs at -200 (NF_IP_PRI_CONNTRACK, include/uapi/linux/netfilter_ipv4.h) in prerouting and output. */
export const CONNTRACK_PRIORITY = -200;

/** Whether packets that come here have been looked up among the connections yet. */
export function tracking(entries: readonly Entry[]): 'before' | 'after' | 'either' {
  const before = entries.filter(isBeforeTracking).length;
  if (before === 0) return 'after';
  return before === entries.length ? 'before' : 'either';
}

function isBeforeTracking({ hook, priority }: Entry): boolean {
  switch (hook) {
    case 'ingress':
      return true;
    case 'prerouting':
    case 'output':
      return priority < CONNTRACK_PRIORITY;
    case 'input':
    case 'forward':
    case 'postrouting':
    case 'egress':
      return false;
  }
}

/**
 * Whether packets that come here have an interface on that side: where it is not known yet, or not any more, the kernel shows an empty
 * name. At output there is none to come in by, and the packet itself says so.
 */
export function interfaceKnown(side: 'in' | 'out', entries: readonly Entry[]): 'yes' | 'no' | 'either' {
  const unknown = entries.filter(({ hook }) => NAMELESS[side].includes(hook)).length;
  if (unknown === 0) return 'yes';
  return unknown === entries.length ? 'no' : 'either';
}

/** Where the kernel does not say which interface (nf_hook_egress, include/linux/netfilter_netdev.h, hands over the way out alone). */
const NAMELESS: Readonly<Record<'in' | 'out', readonly ChainHook[]>> = {
  in: ['egress'],
  out: ['ingress', 'prerouting'],
};

/**
 * Where a base chain runs. Those of type nat run where translation itself stands, whatever their own priority, which only orders them among
 * each other (NF_IP_PRI_NAT_DST and NF_IP_PRI_NAT_SRC, include/uapi/linux/netfilter_ipv4.h; net/netfilter/nf_nat_core.c).
 */
export function priorityAt(hook: ChainHook, { type, priority }: BaseChainSpec): number {
  if (type !== 'nat') return priority;
  const among = priority / 2 ** 33; // less than one half
  return (hook === 'prerouting' || hook === 'output' ? -100 : 100) + among;
}

/** The entries of every chain of a table, by following its jumps. */
export function chainEntries(
  table: Table,
  hookOf: (hook: string) => ChainHook | undefined,
): ReadonlyMap<string, readonly Entry[]> {
  const calls = chainCalls(table);
  const entries = new Map<string, Entry[]>();
  for (const chain of table.chains) {
    const hook = chain.base === undefined ? undefined : hookOf(chain.base.hook);
    if (chain.base === undefined || hook === undefined) continue;
    const entry: Entry = { hook, priority: priorityAt(hook, chain.base), isNat: chain.base.type === 'nat' };
    const seen = new Set<string>();
    const open = [chain.name];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (seen.has(name)) continue;
      seen.add(name);
      const known = entries.get(name);
      if (known === undefined) entries.set(name, [entry]);
      else known.push(entry);
      for (const next of calls.get(name) ?? []) open.push(next);
    }
  }
  return entries;
}

/** The chains that each chain may enter. */
export function chainCalls(table: Table): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(
    table.chains.map((chain) => [chain.name, new Set(chain.rules.flatMap((rule) => ruleCalls(rule, table)))] as const),
  );
}

export function ruleCalls(rule: Table['chains'][number]['rules'][number], table: Table): string[] {
  return rule.statements.flatMap((statement) => {
    if (statement.kind === 'verdict') return verdictCalls(statement.verdict);
    if (statement.kind !== 'vmap') return [];
    const { data } = statement;
    const elements =
      data.kind === 'set' ? data.elements : (table.sets.find((set) => set.name === data.name)?.elements ?? []);
    return elements.flatMap((element) => (element.data?.kind === 'verdict' ? verdictCalls(element.data.verdict) : []));
  });
}

function verdictCalls(
  verdict: Extract<Table['chains'][number]['rules'][number]['statements'][number], { kind: 'verdict' }>['verdict'],
): string[] {
  return verdict.kind === 'jump' || verdict.kind === 'goto' ? [verdict.chain] : [];
}
