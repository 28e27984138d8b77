const TROUBLES_KEPT = 20;
const SHOWN_MS = 3_600_000; // an hour: what has not come again by then is over

interface Trouble {
  readonly sentence: string;
  readonly at: number; // the last time
}

/** What went wrong lately, each sentence once. */
export class Troubles {
  readonly #now: () => number;
  #kept: readonly Trouble[] = []; // the latest last

  /** @param now milliseconds since 1970 */
  constructor(now: () => number) {
    this.#now = now;
  }

  note(sentence: string): void {
    const others = this.#kept.filter((each) => each.sentence !== sentence);
    this.#kept = [...others, { sentence, at: this.#now() }].slice(-TROUBLES_KEPT);
  }

  /** Those of the last hour, with their time. */
  get lately(): readonly string[] {
    const since = this.#now() - SHOWN_MS;
    return this.#kept
      .filter(({ at }) => at > since)
      .map(({ sentence, at }) => `${sentence} (${new Date(at).toISOString()})`);
  }

  forget(): void {
    this.#kept = [];
  }
}
