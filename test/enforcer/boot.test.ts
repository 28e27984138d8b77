import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findProgram } from '../../src/host/index.ts';
import { isolationOrReason } from '../lab/support.ts';
import { Place } from './place.ts';
import { now, Probe } from './probe.ts';
import type { Seen } from './seen.ts';
import { atOnceTexts, OLD_PORT, persisted } from './texts.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : false;
const CURRENT = '/var/lib/portcullis/current';
const ruleset = `${CURRENT}/ruleset.nft`;
const sums = `${CURRENT}/SHA256SUMS`;

/** The old policy, confirmed; the machine boots by systemd or by init scripts. */
async function confirmedPlace(boots: 'systemd' | 'init-script'): Promise<Place> {
  assert.ok('isolation' in found);
  const place = await Place.open(found.isolation);
  if (boots === 'systemd') await place.checked('mkdir', ['-p', '/run/systemd/system']);
  const { reply } = await place.begin({ texts: atOnceTexts(OLD_PORT), persist: persisted(OLD_PORT) });
  assert.ok(reply?.ok, JSON.stringify(reply));
  assert.equal(reply.answer.outcome, 'permanent');
  return place;
}

interface Damage {
  readonly what: string;
  readonly script: string; // of our own words only
  readonly comesUp: Seen;
}

const DAMAGES: readonly Damage[] = [
  { what: 'the file is whole', script: 'true', comesUp: 'old' },
  { what: 'the file is torn', script: `truncate -s -40 ${ruleset}`, comesUp: 'lockdown' },
  { what: 'the file is gone', script: `rm ${ruleset}`, comesUp: 'lockdown' },
  { what: 'another port was written into it', script: `sed -i s/1001/1002/ ${ruleset}`, comesUp: 'lockdown' },
  {
    what: 'the kernel refuses it',
    script: `echo 'table inet portcullis { chain x { iif "absent0" accept; }; }' >> ${ruleset}; sha256sum ${ruleset} > ${sums}`,
    comesUp: 'lockdown',
  },
  { what: 'the checksums are gone', script: `rm ${sums}`, comesUp: 'lockdown' },
  { what: 'the lock-down is torn', script: `truncate -s 30 ${CURRENT}/lockdown.nft`, comesUp: 'old' },
];

describe('after a restart', { skip }, () => {
  for (const boots of ['systemd', 'init-script'] as const) {
    for (const { what, script, comesUp } of DAMAGES) {
      test(`by ${boots}, ${what}: ${comesUp}, and never open once the first line has run`, async () => {
        await using place = await confirmedPlace(boots);
        await place.checked('sh', ['-c', script]);
        using probe = new Probe(place);
        await probe.until('old', 20_000);
        await place.powerCycle('00000000-0000-4000-8000-000000000002');
        await probe.until('open', 20_000);
        const from = now();
        const failed = boots === 'systemd' ? await place.boot() : await bootByScript(place);
        assert.equal(failed === undefined, comesUp === 'old', failed);
        await probe.until(comesUp, 20_000);
        const order = probe.since(from).flatMap(({ seen }) => seen);
        const firstClosed = order.findIndex((each) => each !== 'open');
        assert.ok(!order.slice(firstClosed).includes('open'), order.join(' '));
        const listing = await place.checked('nft', ['list', 'tables']);
        assert.equal(listing.includes('portcullis-lockdown'), comesUp === 'lockdown', listing);
      });
    }
  }

  test('a change that was on trial is gone, told so, and nothing of it is left', async () => {
    await using place = await confirmedPlace('systemd');
    using probe = new Probe(place);
    assert.equal((await place.begin({ trialSeconds: 60 })).reply?.ok, true);
    await probe.until('new', 20_000);
    await place.powerCycle('00000000-0000-4000-8000-000000000002');
    assert.equal(await place.boot(), undefined);
    await probe.until('old', 20_000);
    const { reply } = await place.ask('confirm', { by: { name: 'alice' }, sameSession: true });
    assert.deepEqual(reply, { ok: true, answer: { outcome: 'reverted', warnings: [] } });
    assert.match(await place.checked('cat', ['/var/lib/portcullis/ledger.jsonl']), /restarted before it was confirmed/);
    assert.equal(await place.checked('find', ['/var/lib/portcullis', '-name', 'pending*']), '');
  });
});

async function bootByScript(place: Place): Promise<string | undefined> {
  const links = await place.checked('sh', ['-c', 'ls /etc/rcS.d/S*portcullis']);
  const { exitCode } = await place.run(links.trim(), ['start']);
  return exitCode === 0 ? undefined : links;
}

describe('what boot is told', { skip }, () => {
  test('the unit is one that systemd takes', async (t) => {
    if (findProgram('systemd-analyze') === undefined) {
      return t.skip('SKIPPED, the unit was not looked at: `systemd-analyze` is not installed');
    }
    await using place = await confirmedPlace('systemd');
    const done = await place.run('systemd-analyze', ['verify', '--man=no', '/etc/systemd/system/portcullis.service']);
    const ours = done.stderr.split('\n').filter((line) => line.includes('portcullis'));
    assert.deepEqual(ours, []);
    await place.checked('sed', ['-i', 's/^Type=.*/Type=nonsense/', '/etc/systemd/system/portcullis.service']);
    const spoilt = await place.run('systemd-analyze', ['verify', '--man=no', '/etc/systemd/system/portcullis.service']);
    assert.match(spoilt.stderr, /portcullis/, 'it takes anything');
    return undefined;
  });

  test('stopping it opens nothing, and it comes before the network', async () => {
    await using place = await confirmedPlace('systemd');
    const unit = await place.checked('cat', ['/etc/systemd/system/portcullis.service']);
    assert.doesNotMatch(unit, /ExecStop|\bsh\b/);
    assert.match(unit, /^Before=network-pre\.target/m);
    assert.match(unit, /^DefaultDependencies=no$/m);
    await place.checked('systemctl', ['--root=/', 'is-enabled', 'portcullis.service']);
  });

  test('without anything persisted, nothing of ours is loaded', async () => {
    for (const boots of ['systemd', 'init-script'] as const) {
      await using place = await confirmedPlace(boots);
      assert.deepEqual((await bootOf(place)).enabled, true);
      const { reply } = await place.begin({
        texts: { mechanism: 'nftables', begin: 'delete table inet portcullis\n', confirm: '', revert: '' },
        persist: 'nothing',
      });
      assert.ok(reply?.ok, JSON.stringify(reply));
      assert.deepEqual((await bootOf(place)).enabled, false);
      const left = await place.checked('find', ['/etc/systemd', '/etc/init.d', '/etc/rcS.d', '-name', '*portcullis*']);
      assert.equal(left, '');
    }
  });
});

async function bootOf(place: Place) {
  const { reply } = await place.ask('snapshot', { callerPid: 1, connections: false });
  assert.ok(reply?.ok, JSON.stringify(reply));
  return reply.answer.state.boot;
}
