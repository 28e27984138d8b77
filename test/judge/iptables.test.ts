import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { findProgram } from '../../src/host/index.ts';
import { FEATURES } from './iptables/features.ts';
import { restoreReport } from './iptables/report.ts';
import { judgeOwnRestore, judgeRestoreOf, type RestoreCase } from './iptables/run.ts';
import { type Caught, plantFaults } from './planting.ts';
import { Random } from './random.ts';
import { JudgeWorld } from './world/client.ts';

/** The same rules and packets every time; `JUDGE_SEED` and `JUDGE_RULESETS` ask for others and for more. */
const SEED = Number(process.env.JUDGE_SEED ?? '1');
const RULESETS = Number(process.env.JUDGE_RULESETS ?? '14');
const OWN_RULESETS = 6;
const PACKETS = 600;

const missing = ['iptables-nft-restore', 'iptables-legacy-restore', 'ipset'].filter(
  (name) => findProgram(name) === undefined,
);
const opened =
  missing.length > 0
    ? { skip: `SKIPPED, the kernel judged nothing: ${missing.join(', ')} missing; install iptables and ipset` }
    : await JudgeWorld.open();
const skip = 'skip' in opened ? opened.skip : false;

describe('the kernel agrees with what we say about iptables', { skip }, () => {
  if ('skip' in opened) return;
  const world = opened;
  after(() => world.close());
  const faults = new Map<string, Caught>();

  test('about random rules of both families and both backends, as they were written and as they are saved', async (t) => {
    const counts: Record<string, number> = {};
    const used = new Set<string>();
    const notJudged: string[] = [];
    const differing: RestoreCase[] = [];
    let [judged, packets] = [0, 0];
    for (let index = 0; index < RULESETS; index++) {
      const one = await judgeRestoreOf(world, index, { seed: SEED, packets: PACKETS });
      const { outcome } = one;
      if (outcome.kind !== 'judged') {
        notJudged.push(
          `ruleset ${index}: ${outcome.kind === 'refused by the kernel' ? outcome.said : outcome.constructs.join('; ')}`,
        );
        continue;
      }
      judged++;
      packets += outcome.judgement.compared.length;
      for (const name of one.used) used.add(name);
      for (const { flow, passed } of outcome.judgement.compared) {
        const key = `${flow.hook} IPv${flow.family} ${passed ? 'passed' : 'stopped'}`;
        counts[key] = (counts[key] ?? 0) + 1;
      }
      if (outcome.judgement.disagreements.length > 0) differing.push(one);
      plantFaults(new Random(SEED, index), outcome, faults);
    }
    t.diagnostic(JSON.stringify({ judged, packets, counts }));
    assert.deepEqual(await Promise.all(differing.slice(0, 3).map((one) => restoreReport(world, one))), []);
    assert.ok(judged > 0.9 * RULESETS, notJudged.join('\n'));
    assert.ok(packets > 0.3 * PACKETS * RULESETS, `only ${packets} packets were compared`);
    for (const hook of ['input', 'output', 'forward']) {
      for (const family of [4, 6]) {
        for (const fate of ['passed', 'stopped']) {
          const found = counts[`${hook} IPv${family} ${fate}`] ?? 0;
          assert.ok(found > 0.01 * packets, `too few packets: ${hook} IPv${family} ${fate}: ${found}`);
        }
      }
    }
    const unused = FEATURES.map(({ name }) => name).filter((name) => !used.has(name));
    assert.ok(unused.length <= 0.1 * FEATURES.length, `never asked for: ${unused.join(', ')}`);
  });

  test('about what our own target writes', async (t) => {
    let packets = 0;
    const fates = new Set<string>();
    for (let index = 0; index < OWN_RULESETS; index++) {
      const one = await judgeOwnRestore(world, index, { seed: SEED, packets: PACKETS });
      const { outcome } = one;
      assert.ok(outcome.kind === 'judged', `ruleset ${index} was ${outcome.kind}`);
      const { compared, disagreements } = outcome.judgement;
      packets += compared.length;
      for (const { flow, passed } of compared) fates.add(`${flow.hook} ${flow.family} ${passed}`);
      assert.deepEqual(disagreements.length === 0 ? '' : await restoreReport(world, one), '');
    }
    t.diagnostic(JSON.stringify({ packets, fates: fates.size }));
    assert.ok(packets > 0.3 * PACKETS * OWN_RULESETS, `only ${packets} packets were compared`);
    assert.equal(fates.size, 12, 'each hook and family passes some packets and stops others');
  });

  test('and would not agree with a mistake: planted faults are caught', (t) => {
    const sums = [...faults.values()].reduce(
      (sum, row) => ({ visible: sum.visible + row.visible, caught: sum.caught + row.caught }),
      { visible: 0, caught: 0 },
    );
    t.diagnostic(JSON.stringify(sums));
    assert.ok(sums.visible >= 20, `only ${sums.visible} of the planted faults change a verdict`);
    assert.ok(sums.caught > 0.33 * sums.visible, `${sums.caught} of ${sums.visible} were caught`);
  });
});
