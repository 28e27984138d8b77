import type { ChainHook } from '../../ir/index.ts';
import { type Entry, isLater } from './entries.ts';
import { Unknowns } from './unknowns.ts';

/**
 * What rules change in a packet that others may read: the fields that are translated, with them what the routing table says of its addresses, its
 * connection's status; and its frame.
 */
export const ENDS = ['saddr', 'daddr', 'sport', 'dport', 'saddr type', 'daddr type', 'status', 'frame'] as const;
export type End = (typeof ENDS)[number];

/** What the rules of one reader do that the meaning of others depends on, whichever language those are written in. */
export interface Facts {
  readonly translates: boolean; // some rule translates addresses or ports
  readonly rewrites: boolean; // some rule writes them into packets without the connection's knowledge
  readonly reads: readonly { readonly end: End; readonly entry: Entry }[]; // where some rule reads that part of packets
  readonly natHooks: readonly ChainHook[]; // of each chain of type nat
  readonly untracksAtIngress: boolean; // some rule there says `notrack`
  readonly givesTemplates: boolean; // some rule says `CT` with more than `--notrack`, or `ct zone set`
}

/** The rules of one machine together. */
export class Host {
  readonly unknowns = new Unknowns();
  readonly translates: boolean;
  readonly rewrites: boolean;
  readonly givesTemplates: boolean;
  readonly #reads: ReadonlyMap<End, readonly Entry[]>;
  readonly #natHooks: readonly ChainHook[];
  readonly #untracksAtIngress: boolean;

  constructor(...facts: readonly Facts[]) {
    this.translates = facts.some(({ translates }) => translates);
    this.rewrites = facts.some(({ rewrites }) => rewrites);
    this.givesTemplates = facts.some(({ givesTemplates }) => givesTemplates);
    const reads = Map.groupBy(
      facts.flatMap((each) => each.reads),
      ({ end }) => end,
    );
    this.#reads = new Map([...reads].map(([end, readers]) => [end, readers.map(({ entry }) => entry)]));
    this.#natHooks = facts.flatMap(({ natHooks }) => natHooks);
    this.#untracksAtIngress = facts.some(({ untracksAtIngress }) => untracksAtIngress);
  }

  /** Whether a rule that packets meet later reads that part of them; `here`: or one of the same chains. */
  readsLater(end: End, entries: readonly Entry[], here?: 'here'): boolean {
    const readers = this.#reads.get(end) ?? [];
    return readers.some((reader) => entries.some((entry) => isLater(reader, entry, here === 'here')));
  }

  /** Whether a packet that comes here before it is tracked may be untracked already: before ingress there are no rules. */
  mayBeUntracked(entries: readonly Entry[]): boolean {
    return this.#untracksAtIngress || entries.some(({ hook }) => hook !== 'ingress');
  }

  /** How many chains of type nat there are at a hook. */
  natChains(hook: ChainHook): number {
    return this.#natHooks.filter((each) => each === hook).length;
  }
}
