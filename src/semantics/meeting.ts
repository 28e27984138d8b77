import { commonPacket, type PacketSet } from '../packetset/index.ts';

/** The packets that come to a place. */
export interface Arrivals {
  readonly arriving: PacketSet;
  /**
   * Of them those by which a fault is told, where they show it: the first ones of connections, as no author means others, and those without a
   * condition that nobody can know.
   */
  readonly usual: PacketSet;
}

/**
 * Those of some packets that come to a place. What comes is told apart by many values of dimensions about which a rule says nothing (a list of
 * refused senders, say), and with these the set would be made anew for each rule: it is made where somebody needs all of it.
 */
export class Meeting {
  /** All that come, and others. */
  readonly wider: PacketSet;
  readonly #at: Arrivals;
  #packets: PacketSet | undefined;

  constructor(wider: PacketSet, at: Arrivals) {
    this.wider = wider;
    this.#at = at;
  }

  get packets(): PacketSet {
    this.#packets ??= this.wider.intersect(this.#at.arriving);
    return this.#packets;
  }

  /** One of them, as the values of dimensions; `undefined` where there is none. */
  somePacket(): ReadonlyMap<number, number> | undefined {
    return commonPacket(this.wider.space.store, this.wider.node, this.#at.arriving.node);
  }

  /** Those by which a fault is told: the usual ones; all of them, where there are none of these. */
  telling(): PacketSet {
    const usual = this.wider.intersect(this.#at.usual);
    return usual.isEmpty() ? this.packets : usual;
  }
}
