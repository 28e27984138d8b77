import type { ChainHook } from '../../ir/index.ts';
import type { Entry } from '../netfilter/entries.ts';
import type { TableName } from './ast.ts';
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
 * iptables-nft gives its chains too.
 */
const BUILTIN: Readonly<Record<TableName, Readonly<Record<string, number>>>> = {
  raw: { PREROUTING: -300, OUTPUT: -300 },
  mangle: { PREROUTING: -150, INPUT: -150, FORWARD: -150, OUTPUT: -150, POSTROUTING: -150 },
  nat: { PREROUTING: -100, INPUT: 100, OUTPUT: -100, POSTROUTING: 100 },
  filter: { INPUT: 0, FORWARD: 0, OUTPUT: 0 },
  security: { INPUT: 50, FORWARD: 50, OUTPUT: 50 },
};

/** Where packets enter a table by a chain of that name; `undefined` for chains that somebody made. */
export function builtinEntry(table: TableName, chain: string): Entry | undefined {
  const chains = BUILTIN[table];
  const hook = lookup(HOOKS, chain);
  const priority = lookup(chains, chain);
  if (hook === undefined || priority === undefined) return undefined;
  return { hook, priority, isNat: table === 'nat' };
}
