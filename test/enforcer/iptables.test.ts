import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Isolation } from '../../src/host/index.ts';
import { isolationOrReason } from '../lab/support.ts';
import { BACKENDS, openConfirmed, openPlace } from './iptables-place.ts';
import { firstTexts, persisted, replaceTexts } from './iptables-texts.ts';
import type { Asked, Place } from './place.ts';
import { now, Probe, violations } from './probe.ts';
import { NEW_PORT, OLD_PORT } from './texts.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : false;
const isolation: Isolation = 'isolation' in found ? found.isolation : 'root';
const ALICE = { name: 'alice' };
const CHANGE = { texts: replaceTexts(NEW_PORT), persist: persisted(NEW_PORT) };
const LIVE = 'iptables-save -t filter; ip6tables-save -t filter; ipset list -n';

async function rules(place: Place): Promise<string> {
  const saved = await place.checked('sh', ['-c', LIVE]);
  return saved.replaceAll(/^#.*\n/gm, '').replaceAll(/ \[\d+:\d+\]$/gm, '');
}

function codeOf({ reply }: Asked<'begin' | 'confirm' | 'revert'>): string {
  assert.ok(reply !== undefined);
  return reply.ok ? reply.answer.outcome : reply.problem.code;
}

for (const backend of BACKENDS) {
  describe(`a change with iptables-${backend}`, { skip }, () => {
    test('goes by itself, in both families at once and within a second, with every process of ours gone', async () => {
      await using place = await openConfirmed(isolation, backend);
      using probe = new Probe(place);
      await probe.until('old', 20_000);
      const from = now();
      assert.equal(codeOf(await place.begin({ ...CHANGE, trialSeconds: 3 })), 'on-trial');
      await place.endProcesses();
      await probe.until('old', 20_000);
      const sights = probe.since(from);
      const first = sights.find(({ seen }) => seen.includes('new'));
      const last = sights.findLast(({ seen }) => seen.includes('new'));
      assert.ok(first !== undefined && last !== undefined, 'it was never in force');
      assert.ok(last.at - first.at < 3_000 + 1_000, `${last.at - first.at} ms in force`);
      assert.deepEqual(violations(sights, ['old', 'new']), []);
      assert.equal(codeOf(await place.ask('confirm', { by: ALICE, sameSession: true })), 'reverted');
      assert.doesNotMatch(await rules(place), /PC-b-|portcullis-trial/);
    });

    test('confirmed too late changes nothing; a second one is refused; a kept one stays', async () => {
      await using place = await openConfirmed(isolation, backend);
      const before = await rules(place);
      assert.equal(codeOf(await place.begin({ ...CHANGE, trialSeconds: 1 })), 'on-trial');
      await place.endProcesses();
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      assert.equal(codeOf(await place.ask('confirm', { by: ALICE, sameSession: true })), 'reverted');
      assert.equal(await rules(place), before);
      assert.equal(codeOf(await place.begin({ ...CHANGE, trialSeconds: 600 })), 'on-trial');
      assert.equal(codeOf(await place.begin({ ...CHANGE, trialSeconds: 600 })), 'E0005');
      assert.equal(codeOf(await place.ask('confirm', { by: ALICE, sameSession: true })), 'permanent');
      assert.doesNotMatch(await rules(place), /PC-a-|portcullis-trial/);
    });

    test('is loaded at boot, after a lock-down that stays where the rules are damaged in either family', async () => {
      const damages = [
        ['true', 'old'],
        ['truncate -s -40 /var/lib/portcullis/current/ruleset.v6', 'lockdown'],
        ['rm /var/lib/portcullis/current/ruleset.v4', 'lockdown'],
        ['truncate -s 40 /var/lib/portcullis/current/lockdown.v4', 'old'],
      ] as const;
      await using place = await openConfirmed(isolation, backend);
      await place.checked('cp', ['-a', '/var/lib/portcullis', '/run/place/whole']);
      using probe = new Probe(place);
      for (const [script, comesUp] of damages) {
        await place.checked('sh', [
          '-ec',
          'rm -rf /var/lib/portcullis/*; cp -a /run/place/whole/. /var/lib/portcullis/',
        ]);
        await place.checked('sh', ['-ec', script]);
        await place.powerCycle('00000000-0000-4000-8000-000000000002');
        await probe.until('open', 20_000);
        const from = now();
        await place.boot();
        await probe.until(comesUp, 20_000);
        const order = probe.since(from).flatMap(({ seen }) => seen.slice(0, 1));
        assert.ok(!order.slice(order.findIndex((each) => each !== 'open')).includes('open'), `${script}: ${order}`);
      }
    });
  });
}

describe('a change with iptables is not begun', { skip }, () => {
  test('without `ipset`, for nothing would take it back', async () => {
    await using place = await openPlace(isolation, 'nft');
    const path = (await place.checked('sh', ['-c', 'command -v ipset'])).trim();
    await place.checked('sh', ['-c', 'touch /run/place/none; mount --bind /run/place/none "$1"', 'sh', path]);
    const before = await place.checked('iptables-save', []);
    const asked = await place.begin({ texts: firstTexts(NEW_PORT), persist: persisted(NEW_PORT), trialSeconds: 60 });
    assert.equal(codeOf(asked), 'E0019');
    assert.equal((await place.checked('iptables-save', [])).includes('PORTCULLIS'), before.includes('PORTCULLIS'));
    assert.equal((await place.ask('state', {})).reply?.ok, true);
  });

  test('that would write over the rules in force', async () => {
    await using place = await openConfirmed(isolation, 'nft');
    const before = await rules(place);
    const asked = await place.begin({ texts: firstTexts(NEW_PORT), persist: persisted(NEW_PORT), trialSeconds: 60 });
    assert.equal(codeOf(asked), 'E0006');
    assert.equal(await rules(place), before);
  });

  test('with lines about what is not ours, or without the switch', async () => {
    await using place = await openPlace(isolation, 'nft');
    const texts = firstTexts(OLD_PORT);
    const stray = { ...texts.revert, v6: texts.revert.v6.replace('COMMIT', '-A INPUT -j DROP\nCOMMIT') };
    const asked = await place.begin({ texts: { ...texts, revert: stray }, trialSeconds: 60 });
    assert.equal(codeOf(asked), 'E0001', 'what is persisted is of the other mechanism');
    const persist = persisted(OLD_PORT);
    assert.equal(codeOf(await place.begin({ texts: { ...texts, revert: stray }, persist, trialSeconds: 60 })), 'E0002');
    const plain = { ...texts.begin, v4: texts.begin.v4.replaceAll(/-m set --match-set portcullis-trial src /g, '') };
    assert.equal(codeOf(await place.begin({ texts: { ...texts, begin: plain }, persist, trialSeconds: 60 })), 'E0015');
    assert.doesNotMatch(await rules(place), /PORTCULLIS/);
  });
});
