import { setTimeout as sleep } from 'node:timers/promises';
import type { Loaded } from './loading.ts';
import type { IptablesStep } from './protocol.ts';

/** What a keeper holds in its memory. */
export interface KeeperJob {
  readonly seconds: number; // of the trial
  readonly on: IptablesStep;
  readonly off: IptablesStep;
}

/** What a keeper does to the machine. */
export interface KeeperHands {
  readonly load: (step: IptablesStep) => Promise<Loaded>;
  readonly markKept: () => Promise<Loaded>;
  readonly isKept: () => Promise<boolean>;
}

const AGAIN_MS = 500;

/**
 * Keeps the time of a change with iptables where the kernel cannot: brings it into force, and takes it out of force when its time is over.
 * It alone does either and it alone hears of a confirmation, one after the other, so that there is no moment at which both win. What it
 * needs is in its memory, and the time is the monotonic clock's.
 */
export class Keeper {
  readonly #job: KeeperJob;
  readonly #hands: KeeperHands;
  #until: number | undefined; // by `performance.now()`, while the change is on trial
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  readonly #ended = Promise.withResolvers<void>();

  constructor(job: KeeperJob, hands: KeeperHands) {
    this.#job = job;
    this.#hands = hands;
  }

  /** Settles when there is nothing left to keep. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Nobody asked for the change any more, before it came into force. */
  dismiss(): void {
    this.#ended.resolve();
  }

  /** Brings the change into force. What is not taken whole is taken out again. Its time begins with the first of the two families. */
  on(): Promise<Loaded> {
    return this.#next(async () => {
      const milliseconds = this.#job.seconds * 1_000;
      this.#until = performance.now() + milliseconds;
      const loaded = await this.#tried(() => this.#hands.load(this.#job.on));
      if (loaded.kind !== 'taken') await this.#offAtLast();
      else this.#timer = setTimeout(() => this.#next(() => this.#offAtLast()), this.#until - performance.now());
      return loaded;
    });
  }

  /** Of the trial, in seconds; 0 where none runs. */
  async left(): Promise<number> {
    return this.#until === undefined ? 0 : Math.max(0, (this.#until - performance.now()) / 1_000);
  }

  /** It was confirmed. Refused where its time is over. */
  keep(): Promise<Loaded> {
    return this.#next(async () => {
      if ((await this.left()) === 0) return { kind: 'refused', said: 'its time is over' };
      const loaded = await this.#tried(() => this.#hands.markKept());
      if (loaded.kind === 'taken') this.#end();
      return loaded;
    });
  }

  /** Takes the change out of force before its time. Where that fails, it goes on to its time. */
  back(): Promise<Loaded> {
    return this.#next(() => this.#off());
  }

  async #off(): Promise<Loaded> {
    if (this.#until === undefined) return { kind: 'taken' };
    // A mark whose program was interrupted may stand all the same.
    const loaded = await this.#tried(async () =>
      (await this.#hands.isKept()) ? { kind: 'taken' } : this.#hands.load(this.#job.off),
    );
    if (loaded.kind === 'taken') this.#end();
    return loaded;
  }

  /** There is nobody else to do it: it is tried until it is done. */
  async #offAtLast(): Promise<void> {
    while ((await this.#off()).kind !== 'taken') await sleep(AGAIN_MS);
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#until = undefined;
    this.#ended.resolve();
  }

  async #tried(work: () => Promise<Loaded>): Promise<Loaded> {
    try {
      return await work();
    } catch (error) {
      return { kind: 'unclear', why: error instanceof Error ? error.message : String(error) };
    }
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done;
    return done;
  }
}
