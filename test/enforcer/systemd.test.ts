import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { run } from '../../src/host/index.ts';
import { isolationOrReason } from '../lab/support.ts';
import { systemctlCommand, systemdCommand, systemdMissing } from '../lab/systemd.ts';
import { Place } from './place.ts';
import { now, Probe } from './probe.ts';
import { atOnceTexts, OLD_PORT, persisted } from './texts.ts';

const found = await isolationOrReason();
const why = await systemdMissing();
const skip =
  'skip' in found
    ? found.skip
    : found.isolation !== 'root'
      ? 'SKIPPED, no systemd was started: it takes root'
      : why !== undefined && `SKIPPED, no systemd was started: ${why}`;

const UNIT = 'portcullis.service';
/** Whoever brings a network up does so behind this (systemd.special(7)). */
const NETWORK = 'network-pre.target';

/** What `boot.test.ts` plays line by line, by a real systemd. */
describe('a machine that systemd starts', { skip }, () => {
  test('has what was confirmed, before there is a network', async () => {
    await using place = await confirmed();
    using probe = new Probe(place);
    await using systemd = await restarted(place, probe);
    await probe.until('old', 60_000);
    systemd.assertNeverOpenAgain();
    assert.equal(await systemd.asked('is-enabled', UNIT), 'enabled');
    assert.equal(
      await systemd.asked('show', '--property=ActiveState,Result', UNIT),
      'Result=success ActiveState=active',
    );
    const [loaded, network] = await Promise.all([UNIT, NETWORK].map((unit) => systemd.activeSince(unit)));
    assert.ok(
      loaded !== undefined && network !== undefined && loaded <= network,
      `${loaded} µs, network ${network} µs`,
    );
  });

  test('is locked down, and says so, where the file is torn', async () => {
    await using place = await confirmed();
    await place.checked('truncate', ['-s', '-40', '/var/lib/portcullis/current/ruleset.nft']);
    using probe = new Probe(place);
    await using systemd = await restarted(place, probe);
    await probe.until('lockdown', 60_000);
    systemd.assertNeverOpenAgain();
    const state = await systemd.asked('show', '--property=ActiveState,Result', UNIT);
    assert.equal(state, 'Result=exit-code ActiveState=failed');
  });
});

async function confirmed(): Promise<Place> {
  assert.ok('isolation' in found);
  const place = await Place.open(found.isolation);
  await place.checked('mkdir', ['-p', '/run/systemd/system']);
  const { reply } = await place.begin({ texts: atOnceTexts(OLD_PORT), persist: persisted(OLD_PORT) });
  assert.ok(reply?.ok, JSON.stringify(reply));
  return place;
}

/** Off and on: everything passes, until systemd has come to the unit. */
async function restarted(place: Place, probe: Probe): Promise<Systemd> {
  await probe.until('old', 20_000);
  await place.powerCycle('00000000-0000-4000-8000-000000000002');
  await probe.until('open', 20_000);
  return new Systemd(place, probe);
}

class Systemd {
  readonly #child: ChildProcess;
  readonly #probe: Probe;
  readonly #from = now();

  constructor(place: Place, probe: Probe) {
    const [program, ...args] = systemdCommand(`${UNIT} ${NETWORK}`, []);
    const [inside, commandLine] = place.commandLine(program, args);
    this.#probe = probe;
    this.#child = spawn(inside, commandLine, { stdio: 'ignore' });
  }

  assertNeverOpenAgain(): void {
    const seen = this.#probe.since(this.#from).map((sight) => sight.seen.join());
    const closed = seen.findIndex((each) => each !== 'open,open');
    assert.ok(!seen.slice(closed + 1).some((each) => each.includes('open')), seen.join(' '));
  }

  /** What `systemctl` says, once systemd has nothing left to do. */
  async asked(...args: readonly string[]): Promise<string> {
    await this.#systemctl('is-system-running', '--wait');
    return (await this.#systemctl(...args)).trim().replaceAll('\n', ' ');
  }

  /** Microseconds of the monotonic clock. */
  async activeSince(unit: string): Promise<number> {
    return Number((await this.asked('show', '--value', '--property=ActiveEnterTimestampMonotonic', unit)).trim());
  }

  async #systemctl(...args: readonly string[]): Promise<string> {
    const [program, ...all] = systemctlCommand(this.#child.pid ?? 0, args);
    return (await run(program, all)).stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
  }
}
