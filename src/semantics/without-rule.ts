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
import type { Arrivals, Meeting } from './meeting.ts';
import { type Alike, allAlike, outcomeFrom, valueFrom } from './rule-reasons.ts';

/** What follows a part of a chain. */
export interface Ends extends Continuation {
  readonly after: number; // the decision on packets that leave the part at its end
}

/** A part of a chain and the packets before it. */
export interface Stage<Part extends ChainPart = ChainPart> extends Arrivals {
  readonly table: Table;
  readonly chain: Chain;
  readonly part: Part;
  readonly earlier: readonly Stage[]; // of the same chain
  readonly ends: Ends | undefined; // undefined: a packet may come more than once
  /** What chain terminals come to in the end, where that is the same for all packets; they stand for themselves where `ends` is unknown. */
  readonly fates: ReadonlyMap<number, number>;
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
    if (ends === undefined) return new Map(OUTCOMES.map((each) => [each, each]));
    const fates = new Map([DROP, REJECT].map((each) => [each, each]));
    for (const [terminal, decision] of [
      [ACCEPT, ends.accepted],
      [RETURN, ends.ended],
      [END, ends.after],
    ] as const) {
      const only = VERDICTS.find((verdict) => this.#allLeadTo(verdict, decision, arriving.node));
      if (only !== undefined) fates.set(terminal, only);
    }
    return fates;
  }

  #allLeadTo(verdict: number, decision: number, packets: number): boolean {
    return !this.#space.store.someReach(packets, decision, ALL & ~(1 << verdict));
  }

  /** What becomes in the end of packets that come behind a rule of a run; UNDECIDED for all others. */
  behind({ part }: RunStage, run: Run, packets: PacketSet, ends: Ends): number {
    return this.#ofAll(outcomeFrom(part.run, run.first + 1, packets), packets, ends);
  }

  /** A function of some packets with its ends replaced by what they lead to, and UNDECIDED by what leaving the part leads to. */
  #ofAll(function_: number, packets: PacketSet, ends: Ends): number {
    const { store } = this.#space;
    const after = store.substitute(1, packets.node, ends.after);
    return store.substitute(UNDECIDED, this.#denoter.finish(function_, ends, UNDECIDED), after);
  }

  /** Whether what comes behind does the same: as the chain sees it, or as it turns out in the end. */
  isRedundant(stage: RunStage, run: Run, decided: Meeting): boolean {
    const { part, ends, fates } = stage;
    const { store } = this.#space;
    const own = ownTerminal(stage, run);
    if (own === undefined && this.#somePacketTells(stage, run, decided.packets)) return false;
    const fate = own === undefined ? undefined : fates.get(own);
    if (fate !== undefined) {
      const alike = this.#alike(fate, stage);
      const stays = (packets: PacketSet): boolean => allAlike(part.run, run.first + 1, packets, alike);
      return stays(decided.wider) || stays(decided.packets); // what holds of more packets holds of those that come
    }
    const deciding = decided.packets;
    const does = this.own(stage, run, deciding);
    const behind = outcomeFrom(part.run, run.first + 1, deciding);
    if (store.substitute(UNDECIDED, does, behind) === behind) return true;
    if (ends === undefined) return false;
    const with_ = store.substitute(UNDECIDED, does, behind);
    return this.#ofAll(with_, deciding, ends) === this.#ofAll(behind, deciding, ends);
  }

  /** Chain terminals that come to the same in the end as one whose fate is known. */
  #alike(fate: number, { fates, ends }: RunStage): Alike {
    return {
      always: bitsOf(OUTCOMES.filter((each) => fates.get(each) === fate)),
      perhaps: bitsOf(OUTCOMES.filter((each) => !fates.has(each))),
      ask: (terminal, packets) => ends !== undefined && this.#allLeadTo(fate, this.#finalOf(terminal, ends), packets),
    };
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

const VERDICTS = [ACCEPT, DROP, REJECT];
const ENDS = [...VERDICTS, RETURN];
const OUTCOMES = [...ENDS, END];
const ALL = (1 << TERMINALS) - 1;

function bitsOf(terminals: readonly number[]): number {
  return terminals.reduce((bits, terminal) => bits | (1 << terminal), 0);
}
