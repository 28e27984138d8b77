import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Isolation } from '../../src/host/index.ts';
import { openPlace } from '../enforcer/iptables-place.ts';
import type { Place } from '../enforcer/place.ts';
import { isolationOrReason } from '../lab/support.ts';
import { Command, POLICY, portcullis } from './command.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : false;
const isolation: Isolation = 'isolation' in found ? found.isolation : 'root';

const APPLY = ['apply', '-', '--with', 'iptables', '--console', '--confirm-by', 'reconnect'];
const AT_ONCE = ['--console', '--confirm-by', 'none'];
const ON_TRIAL = /on trial for/;
const MORE_SSH = POLICY.replace('192.0.2.0/24', '198.51.0.0/16');

/** The rules of both families, without what packets count. */
async function saved(place: Place): Promise<string> {
  const script =
    'for each in iptables ip6tables; do $each-save -t filter | grep -v "^#" | sed "s/ \\[.*//"; done; ipset list -n';
  return place.checked('sh', ['-c', script]);
}

test('with iptables, rollback takes back what is on trial, goes to an earlier change, and to none', {
  skip,
}, async () => {
  await using place = await openPlace(isolation, 'nft');
  for (const policy of [POLICY, MORE_SSH]) {
    const applied = await portcullis(place, ['apply', '-', '--with', 'iptables', ...AT_ONCE], policy);
    assert.equal(applied.exitCode, 0, applied.stderr);
  }
  const first = await place.checked('cat', ['/var/lib/portcullis/changes/1/ruleset.v6']);
  const second = await saved(place);
  const apply = new Command(place, [...APPLY, '--trial', '60s'], POLICY);
  await apply.says(ON_TRIAL);
  const taken = await portcullis(place, ['rollback']);
  assert.equal(taken.exitCode, 0, taken.stderr);
  assert.equal((await apply.ended).exitCode, 1);
  assert.equal(await saved(place), second);
  const other = await portcullis(place, ['apply', '-', ...AT_ONCE], POLICY);
  assert.equal(other.exitCode, 3, other.stderr);
  assert.match(other.stderr, /that iptables holds, and the change would be made with nftables/);
  const back = await portcullis(place, ['rollback', ...AT_ONCE]);
  assert.equal(back.exitCode, 0, back.stderr);
  assert.equal(await place.checked('cat', ['/var/lib/portcullis/current/ruleset.v6']), first);
  const none = await portcullis(place, ['rollback', '0', ...AT_ONCE]);
  assert.equal(none.exitCode, 0, none.stderr);
  assert.doesNotMatch(await saved(place), /PORTCULLIS|PC-|portcullis/);
});
