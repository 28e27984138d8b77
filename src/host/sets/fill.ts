import { formatAddress } from '../../net/index.ts';
import type { Elements, Entry } from './protocol.ts';

/** A set of addresses of one family in a table of nftables, whose elements time out. */
export interface AddressSetName {
  readonly name: string;
  readonly family: 4 | 6;
}

/** ENFILE, which the kernel answers where a set holds as much as its size says (nft_add_set_elem, net/netfilter/nf_tables_api.c). */
const SET_IS_FULL = /Too many open files in system/;

const ENTRIES_AT_ONCE = 1_000; // of one transaction; one request is never split

/** Something that carries out lines of nft's commands, each whole or not at all. */
export interface Transactions {
  readonly transact: (line: string) => Promise<void>;
}

interface Waiting {
  readonly request: Elements;
  readonly done: (problem: string | undefined) => void;
}

/**
 * Puts addresses into sets. What arrives while a transaction is under way goes together into the next; where that fails, each request of it is
 * tried by itself, so that one set that is full stops only those who need it.
 */
export class SetFiller {
  readonly #table: string; // with its family: `inet portcullis`
  readonly #sets: readonly AddressSetName[];
  readonly #nft: Transactions;
  readonly #waiting: Waiting[] = [];
  #isBusy = false;

  constructor(table: string, sets: readonly AddressSetName[], nft: Transactions) {
    this.#table = table;
    this.#sets = sets;
    this.#nft = nft;
  }

  /** @returns what went wrong, or `undefined` when all of it is in force. */
  put(request: Elements): Promise<string | undefined> {
    return new Promise((done) => {
      this.#waiting.push({ request, done });
      void this.#work();
    });
  }

  async #work(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    while (this.#waiting.length > 0) {
      const batch = this.#take();
      const problem = await this.#transact(batch.flatMap(({ request }) => request.entries));
      for (const { request, done } of batch) {
        const isAlone = problem === undefined || batch.length === 1;
        done(isAlone ? problem : await this.#transact(request.entries));
      }
    }
    this.#isBusy = false;
  }

  #take(): Waiting[] {
    let entries = 0;
    const fits = this.#waiting.findIndex(({ request }, index) => {
      entries += request.entries.length;
      return index > 0 && entries > ENTRIES_AT_ONCE;
    });
    return this.#waiting.splice(0, fits === -1 ? this.#waiting.length : fits);
  }

  async #transact(entries: readonly Entry[]): Promise<string | undefined> {
    try {
      await this.#nft.transact(this.#line(entries));
      return undefined;
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      return SET_IS_FULL.test(said) ? 'the set is full' : said;
    }
  }

  /**
   * An element that is there keeps the time that it has when it is added again, on all but the newest kernels: so it is added, whether it was there or not,
   * deleted, and added. Packets see the first or the last, never the middle.
   */
  #line(entries: readonly Entry[]): string {
    return this.#sets
      .flatMap(({ name }, index) => {
        const wanted = new Map<string, number>();
        for (const { set, address, seconds } of entries) {
          if (set !== index) continue;
          const text = formatAddress(address);
          wanted.set(text, Math.max(seconds, wanted.get(text) ?? 0));
        }
        if (wanted.size === 0) return [];
        const timed = [...wanted].map(([text, seconds]) => `${text} timeout ${seconds}s`).join(', ');
        const set = `element ${this.#table} ${name}`;
        return [
          `add ${set} { ${timed} }`,
          `delete ${set} { ${[...wanted.keys()].join(', ')} }`,
          `add ${set} { ${timed} }`,
        ];
      })
      .join('; ');
  }
}
