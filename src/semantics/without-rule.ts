import type { Chain, Table } from '../ir/index.ts';
import { type HeaderSpace, type PacketSet, packetReaching, TERMINALS, valueAt } from '../packetset/index.ts';
import {
  ACCEPT,
  type ChainPart,
  DROP,
  END,
  REJECT,
  RETURN,
  type Run,
  UNDECIDED,
  verdictTerminal,
} from './chain-functions.ts';
import type { Continuation, Denoter } from './denote.ts';
import { outcomeFrom, staysWithin, valueFrom } from './rule-reasons.ts';

/** What follows a part of a chain. */
export interface Ends extends Continuation {
  readonly after: number; // the decision on packets that leave the part at its end
}

/** A part of a chain and the packets before it. */
export interface Stage<Part extends ChainPart = ChainPart> {
  readonly table: Table;
  readonly chain: Chain;
  readonly part: Part;
  readonly arriving: PacketSet;
  readonly earlier: readonly Stage[]; // of the same chain
  readonly ends: Ends | undefined; // undefined: a packet may come more than once
  /** What chain terminals come to in the end, where that is the same for all packets; they stand for themselves where `ends` is unknown. */
  readonly fates: ReadonlyMap<number, number> | undefined;
}

export type RunStage = Stage<Extract<ChainPart, { kind: 'run' }>>;

/** What would become of a rule's packets if it were not there: what the rules behind it do, and in the end the chain, its callers and later chains. */
export class WithoutRule {
  readonly #space: HeaderSpace;
  readonly #denoter: Denoter;
  readonly #finals = new WeakMap<Ends, number[]>(); // by chain terminal

  constructor(space: HeaderSpace, denoter: Denoter) {
    this.#space = space;
    this.#denoter = denoter;
  }

  /** @param arriving packets that come to a part of a chain; @param ends what follows it */
  fates(arriving: PacketSet, ends: Ends | undefined): Stage['fates'] {
    if (ends === undefined) return new Map([ACCEPT, DROP, REJECT, RETURN, END].map((each) => [each, each]));
    const fates = new Map([DROP, REJECT].map((each) => [each, each]));
    for (const [terminal, decision] of [
      [ACCEPT, ends.accepted],
      [RETURN, ends.ended],
      [END, ends.after],
    ] as const) {
      const only = [ACCEPT, DROP, REJECT].find(
        (verdict) => !this.#space.store.someReach(arriving.node, decision, ~bitsOf([verdict]) & ALL),
      );
      if (only === undefined) return undefined;
      fates.set(terminal, only);
    }
    return fates;
  }

  /** What becomes of a rule's packets without it: chain terminals, and END for those that leave the run. */
  outcome({ part }: RunStage, run: Run, deciding: PacketSet): number {
    const { store } = this.#space;
    const end = store.substitute(1, deciding.node, END);
    return store.substitute(UNDECIDED, outcomeFrom(part.run, run.first + 1, deciding), end);
  }

  /** Whether what comes behind does the same: as the chain sees it, or as it turns out in the end. */
  isRedundant(stage: RunStage, run: Run, deciding: PacketSet): boolean {
    const { part, ends } = stage;
    const { store } = this.#space;
    if (this.#somePacketTells(stage, run, deciding)) return false;
    const own = ownTerminal(stage, run);
    const { fates } = stage;
    if (own !== undefined && fates !== undefined) {
      const same = [ACCEPT, DROP, REJECT, RETURN, END].filter((each) => fates.get(each) === fates.get(own));
      return staysWithin(part.run, run.first + 1, deciding, bitsOf(same));
    }
    const does = this.own(stage, run, deciding);
    const behind = outcomeFrom(part.run, run.first + 1, deciding);
    if (store.substitute(UNDECIDED, does, behind) === behind) return true;
    if (ends === undefined) return false;
    const without = this.outcome(stage, run, deciding);
    const with_ = store.substitute(UNDECIDED, does, without);
    return this.final(with_, ends) === this.final(without, ends);
  }

  /** Whether one packet for each end that the rule leads to, whichever comes to hand, shows that it is of use: most that call a chain are. */
  #somePacketTells(stage: RunStage, run: Run, deciding: PacketSet): boolean {
    return ENDS.some((end) => {
      const packet = packetReaching(this.#space.store, deciding.node, run.function_, bitsOf([end]));
      return packet !== undefined && this.faresOtherwise(stage, run, packet);
    });
  }

  /** What a rule does with packets that it matches. */
  own(stage: RunStage, run: Run, packets: PacketSet): number {
    return this.#space.store.substitute(1, packets.node, ownTerminal(stage, run) ?? run.function_);
  }

  /** Whether a packet that a rule decides fares otherwise without it. */
  faresOtherwise({ part, ends }: RunStage, run: Run, packet: ReadonlyMap<number, number>): boolean {
    const { store } = this.#space;
    const own = valueAt(store, run.function_, packet);
    const behind = valueFrom(store, part.run, run.first + 1, packet);
    if (own === UNDECIDED || own === behind) return false;
    if (ends === undefined) return true;
    const final = (terminal: number): number => valueAt(store, this.#finalOf(terminal, ends), packet);
    return final(own) !== final(behind === UNDECIDED ? END : behind);
  }

  /** The same for one chain terminal, kept: every rule of a chain asks. */
  #finalOf(terminal: number, ends: Ends): number {
    let finals = this.#finals.get(ends);
    if (finals === undefined) {
      finals = [];
      this.#finals.set(ends, finals);
    }
    finals[terminal] ??= this.final(terminal, ends);
    return finals[terminal];
  }

  /** Chain terminals as what they lead to in the end. */
  final(function_: number, ends: Ends): number {
    return this.#space.store.substitute(END, this.#denoter.finish(function_, ends, UNDECIDED), ends.after);
  }
}

/** What a rule does with all packets alike; `undefined` where it asks further. */
function ownTerminal({ chain }: RunStage, run: Run): number | undefined {
  const { action } = chain.rules[run.first]!;
  switch (action.kind) {
    case 'verdict':
      return verdictTerminal(action.verdict);
    case 'return':
      return RETURN;
    case 'continue':
    case 'jump':
    case 'goto':
    case 'dispatch':
      return undefined;
  }
}

const ENDS = [ACCEPT, DROP, REJECT, RETURN];
const ALL = (1 << TERMINALS) - 1;

function bitsOf(terminals: readonly number[]): number {
  return terminals.reduce((bits, terminal) => bits | (1 << terminal), 0);
}
