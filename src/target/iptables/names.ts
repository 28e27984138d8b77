import { createHash } from 'node:crypto';
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

/** What Docker asks first of what it forwards, and leaves to others (docs/decisions/0007-how-iptables-is-written.md). */
export const DOCKERS_CHAIN = 'DOCKER-USER';

/**
 * Chains without rules, by which a change that a process keeps tells how far it has come (docs/decisions/0009-a-trial-kept-by-a-process.md):
 * from the first text to the last; while packets meet it on trial; when it was confirmed.
 */
export const MARKS = { begun: 'PC-trial', on: 'PC-on', kept: 'PC-kept' } as const;

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

export function isMark(name: string): boolean {
  return Object.values(MARKS).some((mark) => mark === name);
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

/**
 * The set of the addresses that a group's names now stand for, one for each family; the resolver keeps it. Where the group's own name
 * cannot be a set's, it is a digest, and the rule says the group in a comment.
 */
export function nameSet(group: string, family: Family): string {
  const name = `pcn${family}-${group}`;
  return /^[\w.:-]+$/.test(name) && name.length <= MAX_SET_NAME ? name : `pcn${family}-%${digestOf(group)}`;
}

/** What a rule says beside the flow where it asks for a set whose name does not tell the group. */
export function groupComment(group: string, family: Family): string | undefined {
  return nameSet(group, family).includes('%') ? GROUP_COMMENT + group : undefined;
}

const GROUP_COMMENT = 'names:';

/** The flow or piece of the baseline that one of our rules stands for. @param comments of the rule */
export function flowOfComments(comments: readonly string[]): string | undefined {
  return comments.find((comment) => !comment.startsWith(GROUP_COMMENT));
}

/** @param comments of the rule that asks for the set */
export function groupOfNameSet(name: string, family: Family, comments: readonly string[]): string | undefined {
  const groups = [name.slice(`pcn${family}-`.length), ...comments.map((each) => each.slice(GROUP_COMMENT.length))];
  return groups.find((group) => group !== '' && nameSet(group, family) === name);
}

/** A set of addresses that never change, named by what it holds: two policies with the same addresses share it. */
export function addressSet(elements: readonly string[], family: Family): string {
  return `pca${family}-${digestOf(elements.join('\n'))}`;
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
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
