import {
  all,
  atHook,
  CHAIN_HOOKS,
  type ChainHook,
  everything,
  field,
  type Match,
  nothing,
  PASSING,
} from '../../ir/index.ts';
import type { Family } from '../../net/index.ts';
import { isFirstPacket } from './connection.ts';

/** A place where packets enter a table. */
export interface Entry {
  readonly hook: ChainHook;
  readonly priority: number;
  readonly isNat: boolean; // only first packets enter
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

/** Whether packets come here where they leave a device, in the frame that they leave in. */
export function atEgress(entries: readonly Entry[]): 'yes' | 'no' | 'either' {
  const leaving = entries.filter(({ hook }) => hook === 'egress').length;
  if (leaving === 0) return 'no';
  return leaving === entries.length ? 'yes' : 'either';
}

/** Whether a packet can come to the one after it was at the other; `orSame`: or to the same. */
export function isLater(later: Entry, earlier: Entry, orSame: boolean): boolean {
  const meets = PASSING[later.hook].some((hook) => PASSING[earlier.hook].includes(hook));
  if (!meets) return false;
  if (later.hook === earlier.hook && later.priority === earlier.priority) return orSame;
  if (later.hook === earlier.hook) return later.priority > earlier.priority;
  return CHAIN_HOOKS.indexOf(later.hook) > CHAIN_HOOKS.indexOf(earlier.hook);
}

/** A chain with the chains that it may enter. */
export interface CallingChain {
  readonly name: string;
  readonly entry: Entry | undefined; // of a base chain
  readonly calls: Iterable<string>;
}

/** The entries of every chain of a table, by following its jumps. */
export function chainEntries(chains: readonly CallingChain[]): ReadonlyMap<string, readonly Entry[]> {
  const calls = new Map(chains.map((chain) => [chain.name, [...chain.calls]]));
  const entries = new Map<string, Entry[]>();
  for (const { name: base, entry } of chains) {
    if (entry === undefined) continue;
    const seen = new Set<string>();
    const open = [base];
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

/** At most the packets that come to a chain, by where they enter its table. */
export function comingTo(entries: readonly Entry[], families: readonly Family[]): Match {
  if (entries.length === 0) return nothing;
  const hooks = [...new Set(entries.flatMap(({ hook }) => PASSING[hook]))];
  const isFirstOnly = entries.every(({ isNat }) => isNat);
  return all(atHook(...hooks), field('family', ...families), isFirstOnly ? isFirstPacket() : everything);
}
