import type { Chain, Rule } from '../ir/index.ts';
import { type DiagramStore, type HeaderSpace, PacketSet, valueAt } from '../packetset/index.ts';
import { ACCEPT, DROP, indicator, REJECT, type Run, UNDECIDED } from './chain-functions.ts';

/** More reasons than this are not sought: people read the first few. */
export const MOST_REASONS = 4;

export interface Deciders {
  readonly rules: readonly Rule[]; // in order, each the first to decide some of the packets
  readonly rest: PacketSet; // that none of them decides
}

/** The rules of a run at the positions from `from` up to, not including, `to` that decide some of the packets. */
export function deciders(chain: Chain, run: Run, from: number, to: number, packets: PacketSet): Deciders {
  const { store } = packets.space;
  const rules: Rule[] = [];
  let rest = packets;
  const visit = (part: Run): void => {
    if (rules.length >= MOST_REASONS || rest.isEmpty() || part.first >= to || part.first + part.count <= from) return;
    if (part.first >= from && store.substitute(1, rest.node, part.function_) === UNDECIDED) return;
    if (part.halves === undefined) {
      rules.push(chain.rules[part.first]!);
      rest = new PacketSet(packets.space, store.minus(rest.node, part.function_));
      return;
    }
    for (const half of part.halves) visit(half);
  };
  visit(run);
  return { rules, rest };
}

/** What the rules of a run before a position do with the packets; UNDECIDED for all others. */
export function outcomeBefore(run: Run, before: number, packets: PacketSet): number {
  const { store } = packets.space;
  if (run.first >= before || packets.isEmpty()) return UNDECIDED;
  if (run.first + run.count <= before) return store.substitute(1, packets.node, run.function_);
  if (run.halves === undefined) return UNDECIDED;
  const [left, right] = run.halves;
  return store.substitute(UNDECIDED, outcomeBefore(left, before, packets), outcomeBefore(right, before, packets));
}

/** What the rules of a run from a position on do with the packets; UNDECIDED for all others. */
export function outcomeFrom(run: Run, from: number, packets: PacketSet): number {
  const { store } = packets.space;
  if (run.first + run.count <= from || packets.isEmpty()) return UNDECIDED;
  if (run.first >= from) return store.substitute(1, packets.node, run.function_);
  if (run.halves === undefined) return UNDECIDED;
  const [left, right] = run.halves;
  return store.substitute(UNDECIDED, outcomeFrom(left, from, packets), outcomeFrom(right, from, packets));
}

/** The same for one packet. */
export function valueFrom(store: DiagramStore, run: Run, from: number, packet: ReadonlyMap<number, number>): number {
  if (run.first + run.count <= from) return UNDECIDED;
  if (run.first >= from) return valueAt(store, run.function_, packet);
  if (run.halves === undefined) return UNDECIDED;
  const left = valueFrom(store, run.halves[0], from, packet);
  return left === UNDECIDED ? valueFrom(store, run.halves[1], from, packet) : left;
}

/** The packets that both functions decide, and not alike. */
export function disagreement(a: number, b: number, space: HeaderSpace): PacketSet {
  const verdicts = [ACCEPT, DROP, REJECT];
  const where = (function_: number, wanted: readonly number[]): PacketSet =>
    new PacketSet(space, space.store.remap(function_, indicator(wanted)));
  const alike = space.union(verdicts.map((verdict) => where(a, [verdict]).intersect(where(b, [verdict]))));
  return where(a, verdicts).intersect(where(b, verdicts)).subtract(alike);
}
