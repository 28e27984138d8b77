import type { Action, Chain, Rule, Table } from '../ir/index.ts';
import { type HeaderSpace, PacketSet } from '../packetset/index.ts';
import { ACCEPT, type ChainFunctions, indicator, partsOf, RETURN } from './chain-functions.ts';
import { findChain } from './chains.ts';
import { imageOf } from './effects-image.ts';
import { packetsOf } from './space.ts';

/** How packets leave a chain that does not stop them, changed as its rules change them. */
export interface Exits {
  readonly accepted: PacketSet;
  readonly ended: PacketSet; // after the last rule, or by a return
}

/** How packets leave a rule; `next` go on to the rule behind it. */
interface RuleExits extends Exits {
  readonly next: PacketSet;
}

/** `evaluate` for all packets of a set at once, from the first rule to the last. */
export class PacketFlow {
  readonly #space: HeaderSpace;
  readonly #functions: ChainFunctions;
  readonly #known = new Map<Chain, Map<number, Exits>>(); // by the packets that enter

  constructor(space: HeaderSpace, functions: ChainFunctions) {
    this.#space = space;
    this.#functions = functions;
  }

  chain(table: Table, chain: Chain, entering: PacketSet): Exits {
    const known = this.#known.get(chain)?.get(entering.node);
    if (known !== undefined) return known;
    let last: RuleExits = { ...this.#nowhere(), next: entering };
    let { accepted, ended } = last;
    for (const part of partsOf(this.#functions, table, chain)) {
      const { next } = last;
      if (next.isEmpty()) break;
      last = part.kind === 'run' ? this.run(part.run.function_, next) : this.rule(table, part.rule, next);
      accepted = accepted.union(last.accepted);
      ended = ended.union(last.ended);
    }
    const exits: Exits = {
      accepted,
      get ended() {
        return ended.union(last.next);
      },
    };
    const ofChain = this.#known.get(chain) ?? new Map<number, Exits>();
    this.#known.set(chain, ofChain.set(entering.node, exits));
    return exits;
  }

  /** Packets that meet rules which change nothing, by what those do together. */
  run(function_: number, packets: PacketSet): RuleExits {
    const space = this.#space;
    const fate = space.store.substitute(1, packets.node, function_);
    return {
      accepted: this.#where(fate, ACCEPT),
      ended: this.#where(fate, RETURN),
      get next() {
        return new PacketSet(space, space.store.minus(packets.node, function_)); // often nobody asks
      },
    };
  }

  rule(table: Table, rule: Rule, packets: PacketSet): RuleExits {
    const matching = packets.intersect(packetsOf(this.#space, rule.match));
    const exits = this.#act(table, rule.action, imageOf(rule.effects ?? [], matching));
    return { ...exits, next: exits.next.union(packets.subtract(matching)) };
  }

  #act(table: Table, action: Action, packets: PacketSet): RuleExits {
    const nowhere = this.#nowhere();
    switch (action.kind) {
      case 'verdict':
        return action.verdict === 'accept' ? { ...nowhere, accepted: packets } : nowhere;
      case 'jump': {
        const { accepted, ended } = this.chain(table, findChain(table, action.chain), packets);
        return { accepted, ended: nowhere.ended, next: ended };
      }
      case 'goto':
        return { ...this.chain(table, findChain(table, action.chain), packets), next: nowhere.next };
      case 'return':
        return { ...nowhere, ended: packets };
      case 'continue':
        return { ...nowhere, next: packets };
      case 'dispatch': {
        let { accepted, ended, next } = nowhere;
        let rest = packets;
        for (const { match, action: of } of action.cases) {
          const hit = rest.intersect(packetsOf(this.#space, match));
          const exits = this.#act(table, of, hit);
          accepted = accepted.union(exits.accepted);
          ended = ended.union(exits.ended);
          next = next.union(exits.next);
          rest = rest.subtract(hit);
        }
        return { accepted, ended, next: next.union(rest) };
      }
    }
  }

  #nowhere(): RuleExits {
    const none = this.#space.nothing();
    return { accepted: none, ended: none, next: none };
  }

  #where(function_: number, terminal: number): PacketSet {
    return new PacketSet(this.#space, this.#space.store.remap(function_, indicator([terminal])));
  }
}
