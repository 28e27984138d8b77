import { type Address, formatAddress } from '../../net/index.ts';

/** An address that packets to the names of a group may go to, from now on, for some time. */
export interface OpenedAddress {
  readonly group: string;
  readonly address: Address;
  readonly seconds: number; // at least 1
}

/** Who makes the kernel let packets through to addresses. */
export interface AddressSink {
  /** Resolved when all of them are in force for at least as long as is said; rejected where one of them may not be. */
  readonly put: (entries: readonly OpenedAddress[]) => Promise<void>;
}

export interface FeedSettings {
  readonly sink: AddressSink;
  readonly graceSeconds: number; // that the kernel lets an address through after the answer has ended: clients connect late
  readonly mostSeconds: number; // more than this the kernel is never told; above the longest time to live and grace together
  readonly mostAddresses: number; // of all groups together, at once
  readonly now: () => number; // milliseconds that only go forward
}

/** How long what was written is relied upon. Beyond it the next answer writes it again, whatever should still be there (D9). */
const RELY_MS = 5_000;

interface Known {
  readonly until: number; // milliseconds: in the kernel at least until then
  readonly writtenAt: number;
  writing: Promise<void> | undefined; // not there yet: whoever relies on it waits, too
}

/**
 * Sees to it that the kernel knows the addresses of an answer before the answer is given (D8), for the rest of its time to live and the
 * grace (D9). An address never gets less time than another answer gave it.
 */
export class AddressFeed {
  readonly #settings: FeedSettings;
  readonly #known = new Map<string, Known>();

  constructor(settings: FeedSettings) {
    this.#settings = settings;
  }

  /**
   * Opens addresses for the groups until `until` (milliseconds) and the grace.
   * @returns when they need to be seen to again, at the earliest (milliseconds). Rejected where the kernel may not know one of them.
   */
  async open(groups: readonly string[], addresses: readonly Address[], until: number): Promise<number> {
    const { graceSeconds, mostSeconds, now } = this.#settings;
    const start = now();
    const wanted = Math.min(until + graceSeconds * 1_000, start + mostSeconds * 1_000);
    const fresh: { readonly key: string; readonly opened: OpenedAddress }[] = [];
    const others = new Set<Promise<void>>();
    let reliedUpon = start + RELY_MS;
    for (const group of groups) {
      for (const address of addresses) {
        const key = `${formatAddress(address)} ${group}`;
        const known = this.#known.get(key);
        if (known !== undefined && known.until >= wanted && start - known.writtenAt < RELY_MS) {
          reliedUpon = Math.min(reliedUpon, known.writtenAt + RELY_MS);
          if (known.writing !== undefined) others.add(known.writing);
          continue;
        }
        const seconds = Math.ceil((Math.max(wanted, known?.until ?? 0) - start) / 1_000);
        fresh.push({ key, opened: { group, address, seconds } });
      }
    }
    if (fresh.length > 0) await this.#write(fresh, start);
    await Promise.all(others);
    return reliedUpon;
  }

  async #write(
    fresh: readonly { readonly key: string; readonly opened: OpenedAddress }[],
    start: number,
  ): Promise<void> {
    const { sink, mostAddresses } = this.#settings;
    this.#dropExpired(start);
    if (this.#known.size + fresh.length > mostAddresses) throw new RangeError('too many addresses are open');
    const writing = sink.put(fresh.map(({ opened }) => opened));
    const written = fresh.map(({ key, opened: { seconds } }): readonly [string, Known] => {
      const known = { until: start + seconds * 1_000, writtenAt: start, writing };
      this.#known.set(key, known);
      return [key, known];
    });
    try {
      await writing;
      for (const [, known] of written) known.writing = undefined;
    } catch (error) {
      for (const [key, known] of written) if (this.#known.get(key) === known) this.#known.delete(key);
      throw error;
    }
  }

  /** What was written may be gone: the sets were made anew. */
  forget(): void {
    this.#known.clear();
  }

  #dropExpired(now: number): void {
    if (this.#known.size < this.#settings.mostAddresses / 2) return;
    for (const [key, { until }] of this.#known) if (until <= now) this.#known.delete(key);
  }
}
