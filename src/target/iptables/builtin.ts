import type { ChainHook } from '../../ir/index.ts';
import type { Entry } from '../netfilter/entries.ts';
import type { Backend, TableName } from './ast.ts';
import { lookup } from './lookup.ts';

/** What a chain that is always there is called, and where packets come to it. */
const HOOKS: Readonly<Record<string, ChainHook>> = {
  PREROUTING: 'prerouting',
  INPUT: 'input',
  FORWARD: 'forward',
  OUTPUT: 'output',
  POSTROUTING: 'postrouting',
};

/**
 * The built-in chains of each table with their priorities (NF_IP_PRI_*, include/uapi/linux/netfilter_ipv4.h, the same for IPv6), which
 * iptables-nft gives its chains too, all but those of `security`.
 */
const BUILTIN: Readonly<Record<TableName, Readonly<Record<string, number>>>> = {
  raw: { PREROUTING: -300, OUTPUT: -300 },
  mangle: { PREROUTING: -150, INPUT: -150, FORWARD: -150, OUTPUT: -150, POSTROUTING: -150 },
  nat: { PREROUTING: -100, INPUT: 100, OUTPUT: -100, POSTROUTING: 100 },
  filter: { INPUT: 0, FORWARD: 0, OUTPUT: 0 },
  security: { INPUT: 50, FORWARD: 50, OUTPUT: 50 },
};

/** Seen with iptables-nft 1.8.9: behind the translation of sources at `input`, where that of iptables-legacy comes before it. */
const SECURITY_OF_NFT = 150;

/**
 * Where packets enter a table by a chain of that name; `undefined` for chains that somebody made. What does not say by which
 * backend it was saved is taken to be loaded by the one that distributions have by now.
 */
export function builtinEntry(table: TableName, chain: string, backend: Backend = 'nf_tables'): Entry | undefined {
  const chains = BUILTIN[table];
  const hook = lookup(HOOKS, chain);
  const priority = lookup(chains, chain);
  if (hook === undefined || priority === undefined) return undefined;
  const own = table === 'security' && backend === 'nf_tables' ? SECURITY_OF_NFT : priority;
  return { hook, priority: own, isNat: table === 'nat' };
}
