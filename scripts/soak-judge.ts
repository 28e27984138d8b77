/**
 * Lets the kernel judge what we say about nftables, for long: random rulesets and what our own target writes, packets on
 * the borders of their values, the verdicts compared.
 *
 *     node scripts/soak-judge.ts [--seed N] [--rulesets N] [--packets N] [--from N] [--only N] [--write]
 *
 * `--packets` are those of one ruleset. `--only` judges one ruleset of a seed again, `--from` goes on where a run ended. An interrupt (Ctrl-C)
 * ends it after the rulesets at work, with the result so far.
 * `--write` keeps the result in test/judge/results/. Exits with 1 where the kernel and we differ, and says over what; and where a kind of
 * planted fault has changed verdicts and no packet of the whole run has noticed.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Caught, plantFaults } from '../test/judge/planting.ts';
import { Random } from '../test/judge/random.ts';
import { disagreementReport } from '../test/judge/report.ts';
import { type Case, judgeOwn, judgeRandom } from '../test/judge/run.ts';
import { surveyReader } from '../test/judge/survey.ts';
import { Tally } from '../test/judge/tally.ts';
import { JudgeWorld } from '../test/judge/world/client.ts';

const OWN_EVERY = 10; // every tenth ruleset is one that our own target has written
const FAULTS_EVERY = 5;
const PROGRESS_MS = 5_000;
const LANES = 2; // worlds at work at the same time
const MOST_BROKEN = 20;
const REPORTS = 5; // disagreements that are told in full

const root = resolve(import.meta.dirname, '..');
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    rulesets: { type: 'string', default: '2500' },
    packets: { type: 'string', default: '600' },
    from: { type: 'string', default: '0' },
    only: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
const [seed, packets] = [whole('seed', values.seed), whole('packets', values.packets)];
const from = whole('only', values.only ?? values.from);
let to = values.only === undefined ? whole('rulesets', values.rulesets) : from + 1;

const commit = output('git', ['-C', root, 'describe', '--always', '--dirty']);
const survey = surveyReader();
const options = { seed, packets, ingredients: survey };
const tally = new Tally();
const faults = new Map<string, Caught>();
const differing: Case[] = [];
const started = performance.now();
let toldAt = started;
let next = from;
process.once('SIGINT', () => {
  to = next;
});

let brokenWorlds = 0;
await Promise.all(Array.from({ length: LANES }, judgeOnes));
differing.sort((a, b) => a.index - b.index);
const telling = await openWorld();
for (const one of differing.slice(0, REPORTS)) process.stdout.write(`${await disagreementReport(telling, one)}\n`);
telling.close();
const missed = [...faults].flatMap(([name, { visible, caught }]) => (visible > 0 && caught === 0 ? [name] : []));

const result = {
  seed,
  from,
  to,
  packetsEach: packets,
  kernel: release(),
  nft: output('nft', ['--version']),
  commit,
  brokenWorlds,
  seconds: Math.round((performance.now() - started) / 1000),
  ...tally.summary(),
  faults: Object.fromEntries([...faults].sort(([a], [b]) => (a < b ? -1 : 1))),
  constructs: survey.features.length,
  constructsWithBothSides: byField(survey.bothSides.map(({ construct }) => construct)),
  constructsNotTaken: byField(survey.refused.map(({ construct }) => construct)),
  constructsLeftOut: survey.leftOut,
};
process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
if (values.write) {
  const folder = resolve(root, 'test/judge/results');
  mkdirSync(folder, { recursive: true });
  writeFileSync(resolve(folder, 'soak.json'), `${JSON.stringify(result, undefined, 2)}\n`);
}
for (const name of missed)
  process.stderr.write(`a planted fault was never noticed, though it changed verdicts: ${name}\n`);
process.exitCode = tally.disagreements > 0 || missed.length > 0 ? 1 : 0;

/** One lane after the other takes the next ruleset: while one sends packets, another's are judged. */
async function judgeOnes(): Promise<void> {
  let world = await openWorld();
  while (next < to) {
    const index = next++;
    for (let isJudged = false; !isJudged; ) {
      try {
        note(await judgeOne(world, index));
        isJudged = true;
      } catch (error) {
        // On a machine that does much else, `nft` now and then does not end: its world is left, and the ruleset judged in a new one.
        if (++brokenWorlds > MOST_BROKEN) throw error;
        process.stderr.write(`ruleset ${index} again: ${error instanceof Error ? error.message : String(error)}\n`);
        world.close();
        world = await openWorld();
      }
    }
    if (performance.now() - toldAt > PROGRESS_MS) tellProgress();
  }
  world.close();
}

async function openWorld(): Promise<JudgeWorld> {
  const opened = await JudgeWorld.open();
  if (!('skip' in opened)) return opened;
  process.stderr.write(`${opened.skip}\n`);
  process.exit(4);
}

async function judgeOne(world: JudgeWorld, index: number): Promise<Case> {
  return index % OWN_EVERY === OWN_EVERY - 1
    ? judgeOwn(world, index, options)
    : judgeRandom(world, index, options, (_, said) => tally.refuse(said));
}

function note(one: Case): void {
  tally.add(one);
  if (one.outcome.kind !== 'judged') return;
  const { length } = one.outcome.judgement.disagreements;
  if (length > 0) {
    differing.push(one);
    process.stderr.write(`ruleset ${one.index}: the kernel and we differ about ${length} packets\n`);
  }
  if (one.index % FAULTS_EVERY === 0) plantFaults(new Random(seed, one.index), one.outcome, faults);
}

function tellProgress(): void {
  toldAt = performance.now();
  const rate = Math.round((tally.packets / (toldAt - started)) * 1000);
  process.stderr.write(
    `ruleset ${next} of ${to}: ${tally.packets} packets, ${rate}/s, ${tally.disagreements} disagreements\n`,
  );
}

/** `ip ttl: is` and `ip ttl: set` as one line. */
function byField(constructs: readonly string[]): Record<string, string> {
  const fields = Map.groupBy(constructs, (construct) => construct.split(': ')[0] ?? construct);
  return Object.fromEntries(
    [...fields].map(([field, all]) => [field, all.map((each) => each.slice(field.length + 2)).join(', ')]),
  );
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  process.stderr.write(`--${name} takes a whole number, not \`${text}\`\n`);
  process.exit(2);
}

/** What a program says in one line; nothing where it fails (an unpacked archive has no commit). */
function output(program: string, args: readonly string[]): string | undefined {
  const done = spawnSync(program, args, { encoding: 'utf8' });
  return done.status === 0 ? done.stdout.trim() : undefined;
}
