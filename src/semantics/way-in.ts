import { atHook, type Chain, field, PASSING, type Rule, type Ruleset } from '../ir/index.ts';
import type { HeaderSpace, PacketSet } from '../packetset/index.ts';
import { ACCEPT, type ChainFunctions, UNDECIDED, verdictTerminal } from './chain-functions.ts';
import { baseChains } from './chains.ts';
import type { Continuation, Denoter } from './denote.ts';
import type { PacketFlow } from './packet-flow.ts';
import { packetsOf, possiblePackets } from './space.ts';

/** Packets that enter a chain, and what becomes of those of them that leave it. */
interface Way extends Continuation {
  readonly packets: PacketSet;
}

/** What is known of a chain from all that call it. */
export class WayIn {
  readonly #space: HeaderSpace;
  readonly #isPure: boolean;
  readonly #callers: Rule[] = [];
  #packets: PacketSet;
  #conceivable: PacketSet;
  #continuation: Continuation | undefined = { accepted: UNDECIDED, ended: UNDECIDED };

  /** @param isPure whether packets leave the chain as they came: only then can decisions be confined to those that come */
  constructor(space: HeaderSpace, isPure: boolean) {
    this.#space = space;
    this.#isPure = isPure;
    this.#packets = space.nothing();
    this.#conceivable = space.nothing();
  }

  /** Packets that enter. */
  get packets(): PacketSet {
    return this.#packets;
  }

  /** Packets that would enter if no rule on the way decided anything: at least all that do. */
  get conceivable(): PacketSet {
    return this.#conceivable;
  }

  /** The rules that lead here. */
  get callers(): readonly Rule[] {
    return this.#callers;
  }

  /** `undefined` where a packet may pass the chain more than once, so that nothing simple can be said. */
  get continuation(): Continuation | undefined {
    return this.#continuation;
  }

  call(rule: Rule, conceivable: PacketSet): void {
    this.#callers.push(rule);
    this.expect(conceivable);
  }

  /** Two callers with a packet in common: it may come twice. */
  expect(conceivable: PacketSet): void {
    if (this.#conceivable.intersects(conceivable)) this.#continuation = undefined;
    this.#conceivable = this.#conceivable.union(conceivable);
  }

  /** @param then `undefined`: as above */
  enter(packets: PacketSet, then: Continuation | undefined): void {
    if (packets.isEmpty()) return;
    this.#continuation = this.#joined({ packets, ...then });
    this.#packets = this.#packets.union(packets);
  }

  #joined(next: Partial<Way> & Pick<Way, 'packets'>): Continuation | undefined {
    const { accepted, ended } = next;
    if (this.#continuation === undefined || accepted === undefined || ended === undefined) return undefined;
    if (this.#packets.isEmpty()) return { accepted, ended };
    const isSame = this.#continuation.accepted === accepted && this.#continuation.ended === ended;
    if (isSame) return this.#continuation;
    if (!this.#isPure) return undefined;
    const { store } = this.#space;
    const join = (a: number, b: number): number =>
      a === b
        ? a
        : store.substitute(
            UNDECIDED,
            store.substitute(1, this.#packets.node, a),
            store.substitute(1, next.packets.node, b),
          );
    return { accepted: join(this.#continuation.accepted, accepted), ended: join(this.#continuation.ended, ended) };
  }
}

/**
 * The ways into the base chains: forward, which packets meet each; backward, what becomes of those that it accepts.
 * @param changeable dimensions in which rules may change a packet before it comes
 */
export function waysIntoBaseChains(
  space: HeaderSpace,
  ruleset: Ruleset,
  functions: ChainFunctions,
  denoter: Denoter,
  flow: PacketFlow,
  changeable: ReadonlySet<number>,
): Map<Chain, WayIn> {
  const chains = baseChains(ruleset);
  const continuations: Continuation[] = [];
  let accepted = ACCEPT;
  for (const hooked of chains.toReversed()) {
    const { policy } = hooked.base;
    continuations.unshift({ accepted, ended: policy === 'accept' ? accepted : verdictTerminal(policy) });
    accepted = denoter.base(hooked, accepted);
  }
  const ways = new Map<Chain, WayIn>();
  const possible = possiblePackets(space);
  let alive = possible;
  for (const [at, { table, chain, base }] of chains.entries()) {
    const here = packetsOf(space, atHook(...PASSING[base.hook])).intersect(
      packetsOf(space, field('family', ...table.families)),
    );
    const packets = alive.intersect(here);
    const into = new WayIn(space, functions.isPure(table, chain));
    into.expect(space.without(possible.intersect(here), changeable));
    into.enter(packets, continuations[at]);
    ways.set(chain, into);
    if (at === chains.length - 1) break; // nobody comes after it
    const exits = flow.chain(table, chain, packets);
    const passed = base.policy === 'accept' ? exits.accepted.union(exits.ended) : exits.accepted;
    alive = alive.subtract(packets).union(passed);
  }
  return ways;
}
