import type { Chain, Flow, Rule, Table } from '../ir/index.ts';
import type { PacketSet } from '../packetset/index.ts';

/**
 * A rule that could go without any packet noticing:
 *
 * - `unreachable`: no packet arrives at its chain at all; `by` are the rules that lead there.
 * - `impossible`: no packet fits its match, or none that the rules `by` send to its chain.
 * - `shadowed`: earlier rules (`by`, where they can be told) decide every packet that it would match.
 * - `redundant`: what comes behind it does the same with every packet that it decides: the rules `by`, the end of the chain.
 */
export interface RuleFault {
  readonly kind: 'unreachable' | 'impossible' | 'shadowed' | 'redundant';
  readonly table: Table;
  readonly chain: Chain;
  readonly rule: Rule;
  readonly index: number; // of the rule in its chain, from 0
  readonly by: readonly Rule[]; // at most `MOST_REASONS`, in the order in which packets meet them
  readonly contradicts: boolean; // shadowed: some packets fare otherwise than its author wanted
  readonly atEnd: boolean; // redundant: with some of its packets it is the end of the chain that does the same
  readonly packets: PacketSet; // that it would match, or does decide, as they are when they stand before it
  /** A packet that shows it, as it enters the machine; where `contradicts`, one that fares otherwise. */
  readonly witness?: Flow;
}
