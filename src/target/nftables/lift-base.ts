import { type BaseChain, CHAIN_HOOKS, type ChainHook } from '../../ir/index.ts';
import type { Entry } from '../netfilter/entries.ts';
import { natPriority } from '../netfilter/translation.ts';
import type * as nft from './ast.ts';

/** `undefined` of a hook that is not known. */
export function liftBase(base: nft.BaseChainSpec): BaseChain | undefined {
  const hook = hookOf(base.hook);
  return hook === undefined ? undefined : { hook, priority: priorityAt(hook, base), policy: base.policy };
}

/** Where packets enter a table by a base chain. */
export function baseEntry(base: nft.BaseChainSpec): Entry | undefined {
  const hook = hookOf(base.hook);
  return hook === undefined ? undefined : { hook, priority: priorityAt(hook, base), isNat: base.type === 'nat' };
}

export function hookOf(hook: string): ChainHook | undefined {
  return CHAIN_HOOKS.find((each) => each === hook);
}

function priorityAt(hook: ChainHook, { type, priority }: nft.BaseChainSpec): number {
  return type === 'nat' ? natPriority(hook, priority) : priority;
}
