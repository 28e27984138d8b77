import type { Family } from '../../../src/net/index.ts';
import type { Style } from './styles.ts';

/** A ruleset in the making: nft's text, with the parts apart that can be left out one by one. */
export interface RulesetDraft {
  readonly style: Style;
  readonly tables: readonly TableDraft[];
}

export interface TableDraft {
  readonly family: TableFamily;
  readonly name: string;
  readonly dormant?: true; // kept by the kernel, and hooked nowhere
  readonly objects: string[]; // declarations of sets, maps and counters, one line each, each name once
  readonly chains: ChainDraft[];
}

export interface ChainDraft {
  readonly name: string;
  readonly base?: string; // `type filter hook input priority 0; policy drop;`
  readonly rules: string[]; // one line each
}

export type TableFamily = 'ip' | 'ip6' | 'inet' | 'netdev' | 'arp' | 'bridge';

export const FAMILIES: Readonly<Record<TableFamily, readonly Family[]>> = {
  ip: [4],
  ip6: [6],
  inet: [4, 6],
  netdev: [4, 6],
  arp: [],
  bridge: [],
};

/** The draft with only those rules whose text passes; `keep` is asked once for each rule. */
export function withRules(
  { tables, style }: RulesetDraft,
  keep: (rule: string, chain: ChainDraft) => boolean,
): RulesetDraft {
  return {
    style,
    tables: tables.map((table) => ({
      ...table,
      chains: table.chains.map((chain) => ({ ...chain, rules: chain.rules.filter((rule) => keep(rule, chain)) })),
    })),
  };
}
