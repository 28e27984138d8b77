import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { AGENT_HOST, EVERYTHING } from '../contract/intents.ts';
import { judgePackets, judgeText, type Outcome } from './case.ts';
import { boundaryPackets } from './packets.ts';
import { type Caught, plantFaults, unnoticed } from './planting.ts';
import { Random } from './random.ts';
import { readRuleset } from './read.ts';
import { disagreementReport } from './report.ts';
import { type Case, judgeOwn, judgeRandom, renderedText } from './run.ts';
import { surveyReader } from './survey.ts';
import { Tally } from './tally.ts';
import { JudgeWorld } from './world/client.ts';

/** The same rulesets and packets every time; `JUDGE_SEED` and `JUDGE_RULESETS` ask for others and for more. */
const SEED = Number(process.env.JUDGE_SEED ?? '1');
const RULESETS = Number(process.env.JUDGE_RULESETS ?? '40');
const PACKETS = 400;
const FAULTS_EVERY = 2; // rulesets

const opened = await JudgeWorld.open();
const skip = 'skip' in opened ? opened.skip : false;
const survey = surveyReader();

describe('the kernel agrees with what we say', { skip }, () => {
  if ('skip' in opened) return;
  const world = opened;
  after(() => world.close());
  const options = { seed: SEED, packets: PACKETS, ingredients: survey };
  const faults = new Map<string, Caught>();

  test('about random rulesets of anybody, read from their text and from both of nft’s listings', async (t) => {
    const tally = new Tally();
    const cases: Case[] = [];
    for (let index = 0; index < RULESETS; index++) {
      const one = await judgeRandom(world, index, options, (_, said) => tally.refuse(said));
      tally.add(one);
      if (one.outcome.kind !== 'judged') continue;
      if (one.outcome.judgement.disagreements.length > 0) cases.push(one);
      if (index % FAULTS_EVERY === 0) plantFaults(new Random(SEED, index), one.outcome, faults);
    }
    t.diagnostic(
      `${survey.features.length} constructs in use, ${survey.refused.length} that the reader does not take yet`,
    );
    t.diagnostic(JSON.stringify(tally.summary()));
    assert.deepEqual(await reports(world, cases), []);
    assert.ok(tally.rulesets > 0.95 * RULESETS, `only ${tally.rulesets} of ${RULESETS} rulesets were judged`);
    // An ordinary user can play one account only, whose packets at `output` are all there are.
    assert.ok(tally.packets > 0.4 * PACKETS * RULESETS, `only ${tally.packets} packets were compared`);
    for (const hook of ['input', 'output', 'forward']) {
      for (const family of [4, 6]) {
        for (const fate of ['passed', 'stopped']) {
          const packets = tally.verdicts[`${hook} IPv${family} ${fate}`] ?? 0;
          assert.ok(packets > 0.01 * tally.packets, `too few packets: ${hook} IPv${family} ${fate}: ${packets}`);
        }
      }
    }
  });

  test('and would not agree with a mistake: planted faults are caught', (t) => {
    for (const [name, row] of faults) {
      t.diagnostic(`${name}: ${JSON.stringify(row)}`);
    }
    const sums = [...faults.values()].reduce(
      (sum, row) => ({ visible: sum.visible + row.visible, caught: sum.caught + row.caught }),
      {
        visible: 0,
        caught: 0,
      },
    );
    // How many are caught says how well so few packets cover the rules: far less would mean that they no longer reach what the rules ask for.
    assert.ok(sums.caught > 0.55 * sums.visible, `${sums.caught} of ${sums.visible} were caught`);
    // Where a kind of fault has changed verdicts often, some packet must have noticed. Of a rarer kind, whether one of so few packets
    // falls into the difference is chance: the soak, with many more, is where each kind has to be caught.
    assert.deepEqual(unnoticed(faults, 15), []);
  });

  test('and a disagreement is told so that a person can see it again', async () => {
    const text = 'table ip t {\nchain c {\ntype filter hook input priority 0; policy drop;\n}\n}\n';
    const reading = readRuleset('text', text.replace('drop', 'accept'));
    assert.ok(reading.kind === 'understood');
    const packets = boundaryPackets(new Random(SEED), text, reading.ruleset, 50);
    const outcome = await judgePackets(world, text, reading, packets);
    const [report = ''] = await reports(world, [{ seed: SEED, index: 7, outcome, draft: undefined }]);
    assert.match(report, /^Seed \d+, ruleset 7: the kernel and we differ about \d+ packets/);
    assert.match(report, /--only 7\n/);
    assert.match(report, /The packet, at input: IPv4 \S+ > \S+; protocol/);
    assert.match(
      report,
      /The kernel let it not pass; evaluate says accept, denote accept\.\n {2}ip t, c, policy -> accept/,
    );
  });

  test('about what our own target writes for random policies', async (t) => {
    const tally = new Tally();
    const cases: Case[] = [];
    for (let index = 0; index < RULESETS / 6; index++) {
      const one = await judgeOwn(world, index, options);
      tally.add(one);
      assert.equal(whyNot(one.outcome), '');
      if (one.outcome.kind === 'judged' && one.outcome.judgement.disagreements.length > 0) cases.push(one);
    }
    t.diagnostic(JSON.stringify(tally.summary()));
    assert.deepEqual(await reports(world, cases), []);
  });

  for (const [title, policy] of [
    ['a small agent host', AGENT_HOST],
    ['everything that a policy can say', EVERYTHING],
  ] as const) {
    test(`about what our own target writes for ${title}`, async () => {
      const outcome = await judgeText(world, new Random(SEED), renderedText(policy), 1_000);
      assert.deepEqual(await reports(world, [{ seed: SEED, index: 0, outcome, draft: undefined }]), []);
      assert.equal(whyNot(outcome), '');
    });
  }
});

/** Why a ruleset was not judged; nothing where it was, in all three of its texts. */
function whyNot(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'judged':
      return [...outcome.notListed, ...outcome.notRead].join('; ');
    case 'refused by the kernel':
      return outcome.said;
    case 'refused by the reader':
      return outcome.constructs.join('; ');
  }
}

async function reports(world: JudgeWorld, cases: readonly Case[]): Promise<string[]> {
  const texts: string[] = [];
  for (const one of cases.slice(0, 3)) {
    const text = await disagreementReport(world, one);
    if (text !== '') texts.push(text);
  }
  return texts;
}
