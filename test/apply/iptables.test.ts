import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Isolation } from '../../src/host/index.ts';
import { assertSchema } from '../cli/cli.ts';
import { BACKENDS, openPlace } from '../enforcer/iptables-place.ts';
import type { Place } from '../enforcer/place.ts';
import { isolationOrReason } from '../lab/support.ts';
import { Command, POLICY, portcullis } from './command.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : false;
const isolation: Isolation = 'isolation' in found ? found.isolation : 'root';

const APPLY = ['apply', '-', '--with', 'iptables', '--console', '--confirm-by', 'reconnect'];
const ON_TRIAL = /on trial for/;

/** The rules of both families, without what packets count. */
async function saved(place: Place): Promise<string> {
  const script =
    'for each in iptables ip6tables; do $each-save -t filter | grep -v "^#" | sed "s/ \\[.*//"; done; ipset list -n';
  return place.checked('sh', ['-c', script]);
}

/** As Docker does when it starts, in IPv4. */
async function leadToDockers(place: Place): Promise<void> {
  await place.checked('iptables', ['-N', 'DOCKER-USER']);
  await place.checked('iptables', ['-I', 'FORWARD', '-j', 'DOCKER-USER']);
}

for (const backend of BACKENDS) {
  describe(`apply and confirm with iptables-${backend}`, { skip }, () => {
    test('silence takes a change back, and leaves nothing of it', async () => {
      await using place = await openPlace(isolation, backend);
      await place.checked('iptables', ['-A', 'INPUT', '-s', '203.0.113.66', '-j', 'DROP']);
      await place.checked('ip6tables', ['-N', 'DOCKER-USER']);
      await leadToDockers(place);
      const before = await saved(place);
      const ended = await portcullis(place, [...APPLY, '--trial', '5s', '--json'], POLICY);
      assert.equal(ended.exitCode, 1, ended.stderr);
      const document = JSON.parse(ended.stdout);
      assertSchema(document, 'apply');
      assert.equal(document.outcome, 'reverted');
      assert.equal(await saved(place), before);
    });

    test('a new session confirms, the one that began it does not; what stands is told and has not drifted', async () => {
      await using place = await openPlace(isolation, backend);
      await leadToDockers(place);
      const apply = new Command(place, [...APPLY, '--trial', '60s'], POLICY);
      await apply.says(ON_TRIAL);
      const second = await portcullis(place, [...APPLY, '--trial', '5s'], POLICY);
      assert.equal(second.exitCode, 3, second.stderr);
      assert.match(second.stderr, /another change is on trial \(by \S+, since 20\S+Z, \d+ s left\)/);
      const trial = await portcullis(place, ['status']);
      assert.match(trial.stdout, /^on trial, \d+ s left, since .*\n.*goes back to no rules of ours/);
      const confirmed = await portcullis(place, ['confirm']);
      assert.equal(confirmed.exitCode, 0, confirmed.stderr);
      assert.equal((await apply.ended).exitCode, 0);
      const status = await portcullis(place, ['status']);
      assert.match(status.stdout, /^enforced: confirmed, change 1, since /, status.stderr);
      const hooks = (await saved(place)).match(/^-A \S+ -j PORTCULLIS-FORWARD$/gm);
      assert.deepEqual(
        hooks,
        ['-A DOCKER-USER -j PORTCULLIS-FORWARD', '-A FORWARD -j PORTCULLIS-FORWARD'],
        'IPv4, IPv6',
      );
      const drift = await portcullis(place, ['drift']);
      assert.equal(drift.exitCode, 0, drift.stdout + drift.stderr);
      await place.checked('ip6tables', ['-I', 'PC-a-input', '-p', 'tcp', '--dport', '8080', '-j', 'RETURN']);
      const drifted = await portcullis(place, ['drift']);
      assert.equal(drifted.exitCode, 1);
      assert.match(drifted.stdout, /8080/);
    });
  });
}
