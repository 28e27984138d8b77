/**
 * Throws mutated and hostile rulesets, in nft's text and its JSON, at the reader. Whatever the bytes, there must be an error with a place,
 * or a ruleset in which every rule of the text is still there; no exception, no endless work. Where there is an nft, it is asked too: of
 * what it takes, we must have read as many rules as it lists, and its listings must mean to us what the ruleset itself means.
 */

import { Mutator } from './mutation.ts';
import { compareReading, type Excuse } from './nft/compare.ts';
import { Mutants } from './nft/mutants.ts';
import type { Load } from './nft/protocol.ts';
import { readOne } from './nft/read-one.ts';
import type { NftWorld } from './nft/world.ts';

export interface FuzzResult {
  readonly seed: number;
  readonly inputs: number;
  readonly json: number; // of them, the others are text
  readonly read: number; // became a ruleset
  readonly opaque: number; // of those, with parts that are not understood
  readonly tooLarge: number; // of those, refused by `denote` for their size
  readonly slowestMs: number; // of processor time, to read one and to denote it
  readonly peakMemoryMiB: number; // resident, of the whole process
  readonly nft: NftFigures | undefined; // absent: there is no nft here
  readonly failures: readonly Failure[];
}

/** What nft said to the same rulesets. */
interface NftFigures {
  asked: number;
  taken: number;
  same: number; // as many rules, and the same meaning in text and JSON
  opaque: number; // as many rules, and parts that we say not to understand
  large: number; // as many rules, the meaning not compared for its size
  excused: Partial<Record<Excuse, number>>; // nft lists another thing than it loaded
  refusedByUsAlone: number;
  takenByUsAlone: number;
}

export interface Failure {
  readonly input: string;
  readonly what: string;
}

export interface FuzzOptions {
  readonly count: number;
  readonly seed: number;
  readonly world?: NftWorld;
  readonly nftEvery?: number; // one of so many is shown to nft; absent: all
  readonly progress?: (done: number) => void;
  readonly refused?: (said: string) => void; // by us, although nft takes it
}

const FAILURES_KEPT = 100;
/**
 * Processor time after which we call it a hang. Two hundred conditions of different kinds can make sets that grow until the memory bound ends them, which takes
 * some fifteen seconds on a busy machine; rulesets that people write take a fraction of one.
 */
const SLOW_MS = 30_000;

export async function fuzzRulesets({
  count,
  seed,
  world,
  nftEvery = 1,
  progress,
  refused,
}: FuzzOptions): Promise<FuzzResult> {
  const mutants = new Mutants(new Mutator(seed));
  const failures: Failure[] = [];
  const figures = { json: 0, read: 0, opaque: 0, tooLarge: 0, slowestMs: 0, peakMemoryMiB: 0 };
  const nft: NftFigures = {
    asked: 0,
    taken: 0,
    same: 0,
    opaque: 0,
    large: 0,
    excused: {},
    refusedByUsAlone: 0,
    takenByUsAlone: 0,
  };
  const fail = (input: string, what: string): void => {
    if (failures.length < FAILURES_KEPT) failures.push({ input, what });
  };
  for (let number = 0; number < count; number++) {
    const load = mutants.next();
    if (load.format === 'json') figures.json++;
    const started = process.cpuUsage();
    try {
      const outcome = readOne(load.text);
      if (outcome !== 'refused') figures.read++;
      if (outcome === 'opaque') figures.opaque++;
      if (outcome === 'too large') figures.tooLarge++;
    } catch (error) {
      fail(load.text, wordsOf(error));
    }
    const { user, system } = process.cpuUsage(started); // a busy machine makes nobody slow
    const took = (user + system) / 1000;
    if (took > SLOW_MS) fail(load.text, `took ${Math.round(took)} ms`);
    figures.slowestMs = Math.max(figures.slowestMs, Math.round(took));
    if (number % 64 === 0) {
      figures.peakMemoryMiB = Math.max(figures.peakMemoryMiB, Math.round(process.memoryUsage.rss() / 2 ** 20));
      progress?.(number);
    }
    // nft is handed the text as one of C, which ends where a zero is.
    if (world !== undefined && number % nftEvery === 0 && !load.text.includes('\0'))
      await askNft(world, load, mutants, nft, fail, refused);
  }
  return { seed, inputs: count, ...figures, nft: world === undefined ? undefined : nft, failures };
}

async function askNft(
  world: NftWorld,
  load: Load,
  mutants: Mutants,
  figures: NftFigures,
  fail: (input: string, what: string) => void,
  refused: FuzzOptions['refused'],
): Promise<void> {
  const loaded = await world.load(load);
  figures.asked++;
  if (loaded.kind === 'listed') {
    figures.taken++;
    if (load.text.length < 4000) mutants.learn(loaded.json);
  }
  try {
    const comparison = compareReading(load, loaded);
    switch (comparison.kind) {
      case 'both refuse':
        break;
      case 'only nft refuses':
        figures.takenByUsAlone++;
        break;
      case 'only we refuse':
        figures.refusedByUsAlone++;
        refused?.(comparison.said);
        break;
      case 'excused':
        figures.excused[comparison.excuse] = (figures.excused[comparison.excuse] ?? 0) + 1;
        break;
      case 'differs':
        fail(load.text, comparison.what);
        break;
      case 'same':
      case 'opaque':
      case 'large':
        figures[comparison.kind]++;
    }
  } catch (error) {
    fail(load.text, wordsOf(error));
  }
}

function wordsOf(error: unknown): string {
  return String(error instanceof Error ? error.stack : error);
}
