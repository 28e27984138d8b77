import type { Address } from '../net/index.ts';
import type { Span } from '../source/index.ts';
import type { ChainHook, Match, Quantity, Side } from './match.ts';

/** What becomes of a packet. A reject is a drop that tells the sender. */
export type Verdict = 'accept' | 'drop' | 'reject';

/** Where a rule comes from: for people, never for equality. */
export interface Origin {
  readonly span?: Span;
  readonly flow?: string; // the policy flow or baseline piece that asked for it
  readonly text?: string; // the rule as its own language writes it, one line
  readonly handle?: number; // by which the kernel knows the rule, where it was read from a live host
}

export type Action =
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  | { readonly kind: 'jump'; readonly chain: string }
  | { readonly kind: 'goto'; readonly chain: string }
  | { readonly kind: 'return' }
  /** Counts, logs or marks only: the packet goes on to the next rule. */
  | { readonly kind: 'continue' }
  /** A verdict map: the first case that matches acts; where none does, the packet goes on to the next rule. */
  | { readonly kind: 'dispatch'; readonly cases: readonly DispatchCase[] };

export interface DispatchCase {
  readonly match: Match;
  readonly action: Exclude<Action, { kind: 'dispatch' }>;
  readonly origin?: Origin;
}

/** What a rule does to a packet that it matches, before it acts; later rules see the packet so changed. */
export type Effect =
  /**
   * `quantity` becomes `from` and `keep`, bit by bit, with the bits of `flip` inverted: `mark set 5` keeps 0 and flips 5. With `bits`
   * only those of the quantity change, and the others stay.
   */
  | {
      readonly kind: 'assign';
      readonly quantity: Quantity;
      readonly from: Quantity;
      readonly keep: number;
      readonly flip: number;
      readonly bits?: number; // absent: all
    }
  /** Connection tracking leaves the packet alone: its state is `untracked` from here on. */
  | { readonly kind: 'untrack' }
  /** The destination (or source) is translated; what is absent stays. */
  | { readonly kind: 'translate'; readonly side: Side; readonly address?: Address; readonly port?: number };

export interface Rule {
  readonly match: Match;
  readonly effects?: readonly Effect[]; // in this order
  readonly logs?: true; // it also writes about the packets that it matches, or sends them to who does
  readonly action: Action;
  readonly origin: Origin;
}

/** A chain with a hook is where packets enter; one without is reached by jump and goto only. */
export interface Chain {
  readonly name: string;
  readonly base?: BaseChain;
  readonly rules: readonly Rule[];
}

export interface BaseChain {
  readonly hook: ChainHook;
  readonly priority: number; // lower runs earlier; equal priorities run in the order of the tables
  readonly policy: Verdict; // what befalls a packet that no rule decides
}

/** Chain names are local to their table. */
export interface Table {
  readonly name: string;
  readonly families: readonly (4 | 6)[]; // packets of other families never enter
  readonly chains: readonly Chain[];
}

/**
 * Everything that decides at the hooks of one machine. A packet meets the base chains of its hook by priority: a drop or
 * reject is final, an accept ends only its own chain. With no base chain at a hook, the kernel accepts.
 */
export interface Ruleset {
  readonly layer: string; // the firewall that it was read from or written for: `policy`, `nftables`, ...
  readonly tables: readonly Table[];
}
