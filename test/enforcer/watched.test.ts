import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Isolation } from '../../src/host/index.ts';
import { isolationOrReason } from '../lab/support.ts';
import { BACKENDS, openConfirmed } from './iptables-place.ts';
import { persisted, watchedTexts } from './iptables-texts.ts';
import type { Asked, Place } from './place.ts';
import { now, Probe } from './probe.ts';
import { NEW_PORT } from './texts.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : false;
const isolation: Isolation = 'isolation' in found ? found.isolation : 'root';
const ALICE = { name: 'alice' };
const CHANGE = { texts: watchedTexts(NEW_PORT), persist: persisted(NEW_PORT) };
const LIVE = 'iptables-save -t filter; ip6tables-save -t filter; ipset list -n';

async function rules(place: Place): Promise<string> {
  const saved = await place.checked('sh', ['-c', LIVE]);
  return saved.replaceAll(/^#.*\n/gm, '').replaceAll(/ \[\d+:\d+\]$/gm, '');
}

function codeOf({ reply, stderr }: Asked<'begin' | 'confirm' | 'revert'>): string {
  assert.ok(reply !== undefined, stderr);
  return reply.ok ? reply.answer.outcome : `${reply.problem.code} ${reply.problem.message}`;
}

for (const backend of BACKENDS) {
  describe(`a process keeps a change with iptables-${backend}`, { skip }, () => {
    test('goes by itself', async () => {
      await using place = await openConfirmed(isolation, backend);
      using probe = new Probe(place);
      await probe.until('old', 20_000);
      const before = await rules(place);
      const from = now();
      const asked = await place.begin({ ...CHANGE, trialSeconds: 2 });
      assert.equal(codeOf(asked), 'on-trial');
      await probe.until('new', 2_000);
      await probe.until('old', 20_000);
      console.log('apart', probe.since(from).filter(({seen}) => seen[0] !== seen[1]).length);
      await new Promise((r) => setTimeout(r, 1500));
      assert.equal(await rules(place), before);
      assert.equal(codeOf(await place.begin({ ...CHANGE, trialSeconds: 600 })), 'on-trial');
      assert.match(codeOf(await place.begin({ ...CHANGE, trialSeconds: 600 })), /E0005/);
      assert.equal(codeOf(await place.ask('revert', { by: ALICE })), 'reverted');
      assert.equal(await rules(place), before);
      assert.equal(codeOf(await place.begin({ ...CHANGE, trialSeconds: 600 })), 'on-trial');
      assert.equal(codeOf(await place.ask('confirm', { by: ALICE, sameSession: true })), 'permanent');
      assert.doesNotMatch(await rules(place), /PC-a-|PC-trial|PC-on|PC-kept/);
      console.log(await place.checked('sh', ['-c', 'ps ax; ls -la /run/portcullis; ls /run/portcullis /var/lib/portcullis']));
    });
  });
}
