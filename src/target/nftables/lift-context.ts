import type { Entry } from '../netfilter/entries.ts';
import type { Host } from '../netfilter/host.ts';
import type { SetDeclaration, TableFamily } from './ast.ts';

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
  readonly program: Host;
}

/** How rules change a set while packets pass. */
export interface SetLearning {
  /** For each chain that changes the set, or calls one that may: its rules that do so, by their position. */
  readonly changes: ReadonlyMap<string, readonly number[]>;
  readonly shrinks: boolean; // some rule takes elements out, those that were given too
  /** An element counts as the rule says that made it, whichever rule comes upon it (net/netfilter/nft_dynset.c): some differ. */
  readonly countsDiffer: boolean;
}
