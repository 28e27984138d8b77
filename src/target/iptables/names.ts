import type { Hook, Rate } from '../../ir/index.ts';
import type { Family } from '../../net/index.ts';

/**
 * Names of what we write, and back: whoever reads saved rules (the proof, the resolver that fills sets, a change of a live host)
 * recognises what is ours by its name alone. Every chain of ours begins with `PORTCULLIS-` or `PC-`.
 */

/** The chains that built-in chains lead to; they lead on to a policy's own chains, which are replaced as a whole. */
export const FRAMES: Readonly<Record<Hook, string>> = {
  input: 'PORTCULLIS-INPUT',
  output: 'PORTCULLIS-OUTPUT',
  forward: 'PORTCULLIS-FORWARD',
};

export const BUILTINS: Readonly<Record<Hook, string>> = { input: 'INPUT', output: 'OUTPUT', forward: 'FORWARD' };

const POLICY_PREFIX = 'PC-';

/** XT_EXTENSION_MAXNAMELEN less its NUL (include/uapi/linux/netfilter/x_tables.h): letters of a chain's name at most. */
export const MAX_CHAIN_NAME = 28;

/** Two policies can stand in a table at once; the names of the chains of each begin with its slot. */
export const SLOTS = ['a', 'b'] as const;
export type Slot = (typeof SLOTS)[number];

/** A chain of a policy: `PC-input`, `PC-output-tcp-443`. */
export function policyChain(hook: Hook, ...parts: readonly (string | number)[]): string {
  return POLICY_PREFIX + [hook, ...parts].join('-');
}

export function isPolicyChain(name: string): boolean {
  return name.startsWith(POLICY_PREFIX);
}

export function isOwnChain(name: string): boolean {
  return isPolicyChain(name) || Object.values(FRAMES).includes(name);
}

/** A policy's chain under its name in a slot: `PC-input` is `PC-a-input`. Other names stay. */
export function chainInSlot(name: string, slot: Slot): string {
  return isPolicyChain(name) ? `${POLICY_PREFIX}${slot}-${name.slice(POLICY_PREFIX.length)}` : name;
}

/** The slot that a chain belongs to; `undefined` for one of no slot, and for chains that are no policy's. */
export function slotOfChain(name: string): Slot | undefined {
  return SLOTS.find((slot) => name.startsWith(`${POLICY_PREFIX}${slot}-`));
}

/** IPSET_MAXNAMELEN less its NUL (include/uapi/linux/netfilter/ipset/ip_set.h). */
const MAX_SET_NAME = 31;

/** The set of the addresses that a group's names now stand for; the resolver keeps it. `undefined` where no set can be named so. */
export function nameSet(group: string, family: Family): string | undefined {
  const name = `pcn${family}-${group}`;
  return /^[\w.:-]+$/.test(name) && name.length <= MAX_SET_NAME ? name : undefined;
}

export function groupOfNameSet(name: string, family: Family): string | undefined {
  const prefix = `pcn${family}-`;
  return name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
}

/** A set of addresses that never change, named by what it holds: two policies with the same addresses share it. */
export function addressSet(digest: string, family: Family): string {
  return `pca${family}-${digest}`;
}

/**
 * The table of a rated flow's buckets. It keeps the limit of the rule that made it for as long as any rule names it
 * (hashlimit_mt_check_common, net/netfilter/xt_hashlimit.c), so that the rate is part of the name: another rate is another table.
 */
export function rateTable(flow: string, { count, per, perSource }: Rate): string {
  return `pc-${count}-${per}-${perSource ? 'each' : 'all'}-${flow}`;
}

export function rateOfTable(name: string): { readonly flow: string; readonly rate: Rate } | undefined {
  const [, count, per, mode, flow] = /^pc-([1-9]\d*)-(second|minute|hour|day)-(each|all)-(.+)$/.exec(name) ?? [];
  if (flow === undefined || !isPeriod(per)) return undefined;
  return { flow, rate: { count: Number(count), per, perSource: mode === 'each' } };
}

function isPeriod(text: string | undefined): text is Rate['per'] {
  return text === 'second' || text === 'minute' || text === 'hour' || text === 'day';
}
