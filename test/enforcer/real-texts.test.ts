import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NftTexts } from '../../src/enforcer/index.ts';
import { beginsTrial, foreignCommands } from '../../src/enforcer/own-tables.ts';
import { SourceFile } from '../../src/source/index.ts';
import { stageChange, standing, TARGETS } from '../../src/target/index.ts';
import { OTHERS, POLICIES, type PolicyName } from '../lab/changes.ts';
import { isolationOrReason } from '../lab/support.ts';
import { type AskOptions, Place } from './place.ts';
import { persisted } from './texts.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : false;
const ALICE = { name: 'alice' };

/** The texts as commands write them, from what the kernel lists now. */
async function staged(place: Place, policy: PolicyName | undefined, trialSeconds?: number): Promise<NftTexts> {
  const listing = await place.checked('nft', ['-j', 'list', 'ruleset']);
  const { ast, diagnostics } = TARGETS.nftables.parse([new SourceFile('listing.json', listing)]);
  assert.ok(ast !== undefined, diagnostics.map(({ message }) => message).join('\n'));
  const from = standing(ast);
  assert.ok(from.kind === 'absent' || from.kind === 'settled' || from.kind === 'expired', from.kind);
  const texts = stageChange(from, {
    ...(policy === undefined ? {} : { policy: POLICIES[policy] }),
    ...(trialSeconds === undefined ? {} : { trialSeconds }),
    alive: [],
    by: 'alice',
    at: '2026-11-25T20:00:00Z',
    policyHash: 'f'.repeat(64),
  });
  return { mechanism: 'nftables', ...texts };
}

async function rules(place: Place): Promise<string> {
  return place.checked('nft', ['-s', 'list', 'ruleset']);
}

async function begin(
  place: Place,
  policy: PolicyName | undefined,
  trialSeconds?: number,
  options?: AskOptions,
): Promise<string | undefined> {
  const texts = await staged(place, policy, trialSeconds);
  const { begin: first, confirm, revert } = texts;
  for (const [name, text] of Object.entries({ first, confirm, revert }))
    assert.deepEqual(foreignCommands(text), [], name);
  assert.equal(beginsTrial(texts.begin), trialSeconds !== undefined);
  const persist = policy === undefined ? 'nothing' : persisted(1002);
  const { reply } = await place.begin(
    { texts, persist, ...(trialSeconds === undefined ? {} : { trialSeconds }) },
    options,
  );
  assert.ok(reply === undefined || reply.ok, JSON.stringify(reply));
  return reply?.ok === true ? reply.answer.outcome : undefined;
}

async function ask(place: Place, what: 'confirm' | 'revert'): Promise<string> {
  const { reply } =
    what === 'confirm'
      ? await place.ask('confirm', { by: ALICE, sameSession: true })
      : await place.ask('revert', { by: ALICE });
  assert.ok(reply?.ok, JSON.stringify(reply));
  return reply.answer.outcome;
}

async function open(): Promise<Place> {
  assert.ok('isolation' in found);
  const place = await Place.open(found.isolation);
  await place.checked('mkdir', ['-p', '/run/systemd/system']);
  await place.checked('nft', ['-f', '-'], OTHERS);
  return place;
}

describe('with the texts that commands write', { skip }, () => {
  test('every change is begun, kept and taken back; what is taken back leaves nothing', async () => {
    await using place = await open();
    const outcomes: string[] = [];
    let last: string | undefined;
    for (const [policy, then] of [
      ['first', 'revert'],
      ['first', 'confirm'],
      ['second', 'revert'],
      ['second', 'confirm'],
      ['second', 'confirm'],
      [undefined, 'revert'],
      [undefined, 'confirm'],
    ] as const) {
      const before = await rules(place);
      assert.equal(await begin(place, policy, 600), 'on-trial');
      outcomes.push(await ask(place, then));
      const after = await rules(place);
      assert.doesNotMatch(after, /set trial/);
      if (then === 'revert') assert.equal(after, before);
      last = after;
    }
    assert.deepEqual(outcomes, [
      'reverted',
      'permanent',
      'reverted',
      'permanent',
      'permanent',
      'reverted',
      'permanent',
    ]);
    await using untouched = await open();
    assert.equal(last, await rules(untouched), 'tables of others, and nothing of ours');
  });

  test('at once, and with nobody to confirm', async () => {
    await using place = await open();
    assert.equal(await begin(place, 'first'), 'permanent');
    const before = await rules(place);
    assert.equal(await begin(place, 'second', 1), 'on-trial');
    const until = performance.now() + 30_000;
    while ((await rules(place)) !== before && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.equal(await rules(place), before);
  });

  test('killed at each start and end of `nft -f`, it is as before or as confirmed, whole', async () => {
    await using place = await open();
    assert.equal(await begin(place, 'first'), 'permanent');
    const before = await rules(place);
    await begin(place, 'second', 600, { countSteps: true });
    const steps = await place.steps();
    await ask(place, 'revert');
    const atNft = steps.flatMap((name, index) => (/^(?:start|end) nft -f/.test(name) ? [index + 1] : []));
    assert.equal(atNft.length, 2);
    for (const step of atNft) {
      const happening = { kind: 'signal', signal: 'SIGKILL', group: false } as const;
      await begin(place, 'second', 600, { at: { step, happening } });
      await ask(place, 'revert');
      assert.equal(await rules(place), before);
    }
  });
});
