import { type Caught, plantFaults, unnoticed } from '../../test/judge/planting.ts';
import { Random } from '../../test/judge/random.ts';
import { type Counted, sorted, Tally } from '../../test/judge/tally.ts';
import { JudgeWorld } from '../../test/judge/world/client.ts';
import { useNft } from '../../test/nft/release.ts';
import type { SoakOptions } from './options.ts';
import { circumstances, tellResult } from './result.ts';

const LANES = 2; // worlds at work at the same time
const MOST_BROKEN = 20;
const PROGRESS_MS = 5_000;
const REPORTS = 5; // disagreements that are told in full
const FAULTS_EVERY = 5; // rulesets
const OFTEN = 5; // in so many of them a kind of planted fault may change verdicts before some packet must have noticed it

/** A ruleset as it was judged, by its number. */
interface SoakCase extends Counted {
  readonly index: number;
}

/** What makes one soak another than the next. */
export interface Soak<C extends SoakCase> {
  readonly name: string; // of its result
  readonly judge: (world: JudgeWorld, index: number, onRefused: (rule: string, said: string) => void) => Promise<C>;
  readonly report: (world: JudgeWorld, one: C) => Promise<string>;
  readonly note?: (one: C) => void;
  readonly facts: () => Readonly<Record<string, unknown>>; // for the result
}

/**
 * Judges one ruleset after the other, and tells the result. An interrupt (Ctrl-C) ends it after the rulesets at work, with the result so far. The
 * exit status is 1 where the kernel and we differ, and where a kind of planted fault has changed verdicts in several rulesets and no packet
 * of the whole run has noticed.
 */
export async function soak<C extends SoakCase>(options: SoakOptions, soaked: Soak<C>): Promise<void> {
  const skip = options.nft === undefined ? undefined : await useNft(options.nft);
  if (skip !== undefined) {
    process.stderr.write(`${skip}\n`);
    process.exit(4);
  }
  const run = new Run(options, soaked);
  process.once('SIGINT', () => run.stop());
  await Promise.all(Array.from({ length: LANES }, () => run.lane()));
  await run.tell();
}

class Run<C extends SoakCase> {
  readonly #options: SoakOptions;
  readonly #soak: Soak<C>;
  readonly #tally = new Tally();
  readonly #faults = new Map<string, Caught>();
  readonly #differing: C[] = [];
  readonly #started = performance.now();
  readonly #circumstances = circumstances();
  #toldAt = this.#started;
  #next: number;
  #to: number;
  #brokenWorlds = 0;

  constructor(options: SoakOptions, soaked: Soak<C>) {
    this.#options = options;
    this.#soak = soaked;
    this.#next = options.from;
    this.#to = options.to;
  }

  stop(): void {
    this.#to = this.#next;
  }

  /** Takes the next ruleset, again and again: while one lane sends packets, another's are judged. */
  async lane(): Promise<void> {
    let world = await openWorld();
    while (this.#next < this.#to) {
      const index = this.#next++;
      for (let isJudged = false; !isJudged; ) {
        try {
          this.#note(await this.#soak.judge(world, index, (_, said) => this.#tally.refuse(said)));
          isJudged = true;
        } catch (error) {
          // On a machine that does much else, `nft` now and then does not end: its world is left, and the ruleset judged in a new one.
          if (++this.#brokenWorlds > MOST_BROKEN) throw error;
          process.stderr.write(`ruleset ${index} again: ${error instanceof Error ? error.message : String(error)}\n`);
          world.close();
          world = await openWorld();
        }
      }
      if (performance.now() - this.#toldAt > PROGRESS_MS) this.#tellProgress();
    }
    world.close();
  }

  async tell(): Promise<void> {
    const telling = await openWorld();
    for (const one of this.#differing.sort((a, b) => a.index - b.index).slice(0, REPORTS))
      process.stdout.write(`${await this.#soak.report(telling, one)}\n`);
    telling.close();
    const { seed, from, packets, write, nft } = this.#options;
    const result = {
      seed,
      from,
      to: this.#to,
      packetsEach: packets,
      ...this.#circumstances,
      brokenWorlds: this.#brokenWorlds,
      seconds: Math.round((performance.now() - this.#started) / 1000),
      ...this.#tally.summary(),
      faults: sorted(Object.fromEntries(this.#faults)),
      ...this.#soak.facts(),
    };
    const name = nft === undefined ? this.#soak.name : `${this.#soak.name}-nft-${nft}`;
    tellResult(`test/judge/results/${name}.json`, result, write);
    const missed = unnoticed(this.#faults, OFTEN);
    for (const name of missed)
      process.stderr.write(`a planted fault was never noticed, though it changed verdicts: ${name}\n`);
    process.exitCode = this.#tally.disagreements > 0 || missed.length > 0 ? 1 : 0;
  }

  #note(one: C): void {
    this.#tally.add(one);
    this.#soak.note?.(one);
    const { outcome, index } = one;
    if (outcome.kind !== 'judged') return;
    const { length } = outcome.judgement.disagreements;
    if (length > 0) {
      this.#differing.push(one);
      process.stderr.write(`ruleset ${index}: the kernel and we differ about ${length} packets\n`);
    }
    if (index % FAULTS_EVERY === 0) plantFaults(new Random(this.#options.seed, index), outcome, this.#faults);
  }

  #tellProgress(): void {
    this.#toldAt = performance.now();
    const { packets, disagreements } = this.#tally;
    const rate = Math.round((packets / (this.#toldAt - this.#started)) * 1000);
    process.stderr.write(
      `ruleset ${this.#next} of ${this.#to}: ${packets} packets, ${rate}/s, ${disagreements} disagreements\n`,
    );
  }
}

async function openWorld(): Promise<JudgeWorld> {
  const opened = await JudgeWorld.open();
  if (!('skip' in opened)) return opened;
  process.stderr.write(`${opened.skip}\n`);
  process.exit(4);
}
