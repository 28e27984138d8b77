/**
 * Lets the kernel judge what we say about iptables, for long: random rules of both families, by turns loaded by iptables-nft and
 * iptables-legacy, and what our own target writes; packets on the borders of their values, the verdicts compared.
 *
 *     node scripts/soak-iptables.ts [--seed N] [--rulesets N] [--packets N] [--from N] [--only N] [--write]
 *
 * The options are those of soak-judge.ts. Exits with 1 where the kernel and we differ, and says over what.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { restoreReport } from '../test/judge/iptables/report.ts';
import { judgeOwnRestore, judgeRestoreOf, type RestoreCase } from '../test/judge/iptables/run.ts';
import { type Caught, plantFaults } from '../test/judge/planting.ts';
import { Random } from '../test/judge/random.ts';
import { JudgeWorld } from '../test/judge/world/client.ts';

const OWN_EVERY = 10; // every tenth ruleset is one that our own target has written
const FAULTS_EVERY = 10;
const PROGRESS_MS = 5_000;
const REPORTS = 5; // disagreements that are told in full

const root = resolve(import.meta.dirname, '..');
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    rulesets: { type: 'string', default: '2000' },
    packets: { type: 'string', default: '1200' },
    from: { type: 'string', default: '0' },
    only: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
const [seed, packetsEach] = [whole('seed', values.seed), whole('packets', values.packets)];
const from = whole('only', values.only ?? values.from);
const to = values.only === undefined ? whole('rulesets', values.rulesets) : from + 1;

const opened = await JudgeWorld.open();
if ('skip' in opened) {
  process.stderr.write(`${opened.skip}\n`);
  process.exit(4);
}
const world = opened;
const counts = { rulesets: {}, features: {}, verdicts: {}, left: {}, refused: {} } satisfies Record<
  string,
  Record<string, number>
>;
let [packets, disagreements] = [0, 0];
const faults = new Map<string, Caught>();
const differing: RestoreCase[] = [];
const started = performance.now();
let toldAt = started;
for (let index = from; index < to; index++) {
  const isOwn = index % OWN_EVERY === OWN_EVERY - 1;
  const one = isOwn
    ? await judgeOwnRestore(world, index, { seed, packets: packetsEach })
    : await judgeRestoreOf(world, index, { seed, packets: packetsEach }, (_, said) =>
        count(counts.refused, said.split('\n')[0] ?? ''),
      );
  const { outcome } = one;
  const whose = isOwn ? 'own' : 'judged';
  count(counts.rulesets, outcome.kind === 'judged' ? `${whose}, iptables-${one.backend}` : outcome.kind);
  if (outcome.kind === 'judged') {
    const { judgement } = outcome;
    packets += judgement.compared.length;
    disagreements += judgement.disagreements.length;
    for (const name of one.used) count(counts.features, name);
    for (const { flow, passed } of judgement.compared)
      count(counts.verdicts, `${flow.hook} IPv${flow.family} ${passed ? 'passed' : 'stopped'}`);
    for (const [why, number] of Object.entries(judgement.left)) count(counts.left, why, number);
    if (judgement.disagreements.length > 0) differing.push(one);
    if (index % FAULTS_EVERY === 0) plantFaults(new Random(seed, index), outcome, faults);
  }
  if (performance.now() - toldAt > PROGRESS_MS) {
    toldAt = performance.now();
    process.stderr.write(`ruleset ${index + 1} of ${to}: ${packets} packets, ${disagreements} disagreements\n`);
  }
}
for (const one of differing.slice(0, REPORTS)) process.stdout.write(`${await restoreReport(world, one)}\n`);
world.close();

const result = {
  seed,
  from,
  to,
  packetsEach,
  kernel: release(),
  iptables: output('iptables', ['--version']),
  commit: output('git', ['-C', root, 'describe', '--always', '--dirty']),
  seconds: Math.round((performance.now() - started) / 1000),
  packets,
  disagreements,
  ...Object.fromEntries(Object.entries(counts).map(([name, each]) => [name, sorted(each)])),
  faults: Object.fromEntries(faults),
};
process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
if (values.write) {
  const folder = resolve(root, 'test/judge/results');
  mkdirSync(folder, { recursive: true });
  writeFileSync(resolve(folder, 'soak-iptables.json'), `${JSON.stringify(result, undefined, 2)}\n`);
}
process.exitCode = disagreements > 0 ? 1 : 0;

function count(into: Record<string, number>, name: string, by = 1): void {
  into[name] = (into[name] ?? 0) + by;
}

function sorted(each: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)));
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
