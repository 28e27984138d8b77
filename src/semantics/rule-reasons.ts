import type { Chain, Rule } from '../ir/index.ts';
import { type DiagramStore, type HeaderSpace, PacketSet, TERMINALS, valueAt } from '../packetset/index.ts';
import { ACCEPT, DROP, END, indicator, REJECT, type Run, UNDECIDED } from './chain-functions.ts';

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
    if (part.first >= from && !store.intersects(rest.node, part.function_)) return;
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

/** Ways in which packets may be decided, as bits, 1 << t for each terminal t. */
export interface Alike {
  readonly always: number;
  readonly perhaps: number;
  /** Whether all of these packets, which are decided in a way of `perhaps`, are after all. */
  readonly ask: (terminal: number, packets: number) => boolean;
}

/**
 * Whether the rules of a run from a position on decide all of the packets alike, and those that none of them decides are alike at END. Nothing
 * is made that one packet can refute.
 */
export function allAlike(run: Run, from: number, packets: PacketSet, { always, perhaps, ask }: Alike): boolean {
  const { store } = packets.space;
  const never = ~(always | perhaps | (1 << UNDECIDED)) & ((1 << TERMINALS) - 1);
  const isAlike = (terminal: number, decided: number): boolean => {
    const there = store.remap(decided, indicator([terminal]));
    return there === 0 || ask(terminal, there);
  };
  let rest = packets.node;
  const visit = (part: Run): boolean => {
    if (rest === 0 || part.first + part.count <= from) return true;
    if (part.first < from) return part.halves === undefined || part.halves.every(visit);
    if (store.someReach(rest, part.function_, never)) return false;
    if (store.someReach(rest, part.function_, perhaps)) {
      const decided = store.substitute(1, rest, part.function_);
      for (let terminal = 0; terminal < TERMINALS; terminal++)
        if ((perhaps & (1 << terminal)) !== 0 && !isAlike(terminal, decided)) return false;
    }
    rest = store.minus(rest, part.function_);
    return true;
  };
  if (!visit(run)) return false;
  return rest === 0 || ((1 << END) & always) !== 0 || (((1 << END) & perhaps) !== 0 && ask(END, rest));
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
  return space.union(
    verdicts.map((verdict) => {
      const decided = where(a, [verdict]);
      return decided.isEmpty()
        ? decided
        : decided.intersect(
            where(
              b,
              verdicts.filter((each) => each !== verdict),
            ),
          );
    }),
  );
}
