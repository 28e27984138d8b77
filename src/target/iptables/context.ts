import type { Family } from '../../net/index.ts';
import type { Entry } from '../netfilter/entries.ts';
import type { Host } from '../netfilter/host.ts';
import type { IpSet } from './ast.ts';

/** What a rule needs to know of where it stands. */
export interface ChainContext {
  readonly family: Family;
  readonly table: string; // `ip filter`
  readonly chain: string;
  readonly entries: readonly Entry[]; // built-in chains from which packets come here; none: the chain is not used
  readonly host: Host;
  readonly sets: SetsContext;
}

export interface SetsContext {
  readonly given: ReadonlyMap<string, IpSet>;
  readonly changed: ReadonlySet<string>; // by rules, while packets pass
  readonly emptied: ReadonlySet<string>; // of those: some rule takes elements out, or gives them a time anew
}

/** What the rest of a rule tells of one of its matches. */
export interface RuleContext extends ChainContext {
  readonly comments: readonly string[];
  readonly decides: boolean; // whether the rule does anything to packets: a limit before a mere log changes no verdict
}
