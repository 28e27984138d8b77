import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Isolation } from '../../src/host/index.ts';
import { assertSchema } from '../cli/cli.ts';
import { Place } from '../enforcer/place.ts';
import { isolationOrReason } from '../lab/support.ts';
import { Command, POLICY, portcullis } from './command.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : false;
const isolation: Isolation = 'isolation' in found ? found.isolation : 'root';

const APPLY = ['apply', '-', '--console', '--confirm-by', 'reconnect'];
const ON_TRIAL = /on trial for/;
const MORE_SSH = POLICY.replace('192.0.2.0/24', '198.51.0.0/16');

async function listing(place: Place): Promise<string> {
  return place.checked('nft', ['-s', 'list', 'ruleset']);
}

describe('apply, confirm and rollback on a machine of their own', { skip }, () => {
  test('silence takes a change back, and leaves nothing of it', async () => {
    await using place = await Place.open(isolation);
    const ended = await portcullis(place, [...APPLY, '--trial', '5s', '--json'], POLICY);
    assert.equal(ended.exitCode, 1, ended.stderr);
    const document = JSON.parse(ended.stdout);
    assertSchema(document, 'apply');
    assert.equal(document.outcome, 'reverted');
    assert.equal(await listing(place), '');
  });

  test('a new session confirms, the one that began it does not', async () => {
    await using place = await Place.open(isolation);
    const apply = new Command(place, [...APPLY, '--trial', '60s'], POLICY);
    await apply.says(ON_TRIAL);
    const second = await portcullis(place, [...APPLY, '--trial', '5s'], POLICY);
    assert.equal(second.exitCode, 3, second.stderr);
    assert.match(second.stderr, /another change is on trial \(by \S+, since 20\S+Z, \d+ s left\)/);
    const confirmed = await portcullis(place, ['confirm', '--json']);
    assert.equal(confirmed.exitCode, 0, confirmed.stderr);
    assertSchema(JSON.parse(confirmed.stdout), 'outcome');
    const ended = await apply.ended;
    assert.equal(ended.exitCode, 0, ended.stderr);
    assert.match(ended.stdout, /permanent: change 1, loaded at boot\n$/);
    const again = await portcullis(place, ['confirm']);
    assert.equal(again.exitCode, 3, 'nothing is on trial any more');
  });

  test('rollback takes back what is on trial, goes to an earlier change, and to none', async () => {
    await using place = await Place.open(isolation);
    const at = ['--console', '--confirm-by', 'none'];
    for (const policy of [POLICY, MORE_SSH]) {
      const applied = await portcullis(place, ['apply', '-', ...at], policy);
      assert.equal(applied.exitCode, 0, applied.stderr);
    }
    const first = await place.checked('cat', ['/var/lib/portcullis/changes/1/ruleset.nft']);
    const second = await listing(place);

    const apply = new Command(place, [...APPLY, '--trial', '60s'], POLICY);
    await apply.says(ON_TRIAL);
    const taken = await portcullis(place, ['rollback']);
    assert.equal(taken.exitCode, 0, taken.stderr);
    assert.match(taken.stdout, /taken back: you took it back/);
    assert.equal((await apply.ended).exitCode, 1);
    assert.equal(await listing(place), second);

    const back = await portcullis(place, ['rollback', ...at]);
    assert.equal(back.exitCode, 0, back.stderr);
    assert.equal(await place.checked('cat', ['/var/lib/portcullis/current/ruleset.nft']), first);
    assert.equal((await portcullis(place, ['drift'])).exitCode, 0);
    assert.equal((await portcullis(place, ['plan', '-', '--console'], MORE_SSH)).exitCode, 0);
    const ledger = await place.checked('cat', ['/var/lib/portcullis/ledger.jsonl']);
    assert.match(ledger, /"event":"plan".*"outcome":"nobody is locked out"/);

    const none = await portcullis(place, ['rollback', '0', ...at]);
    assert.equal(none.exitCode, 0, none.stderr);
    assert.equal(await listing(place), '');
    assert.equal((await portcullis(place, ['rollback', '0', ...at])).exitCode, 2);
    assert.equal((await portcullis(place, ['rollback', '9', ...at])).exitCode, 3);
  });

  test('a probe decides at once', async () => {
    await using place = await Place.open(isolation);
    const probed = (...args: string[]) =>
      portcullis(place, ['apply', '-', '--console', '--confirm-by', 'probe', ...args], POLICY);
    const failed = await probed('--', 'false');
    assert.equal(failed.exitCode, 1, failed.stderr);
    assert.match(failed.stdout, /taken back: the probe failed: `false` ended with 1/);
    const refused = await probed('--probe-flow', 'tcp host -> 127.0.0.1:9');
    assert.equal(refused.exitCode, 1, refused.stderr);
    const passed = await probed('--', 'true');
    assert.equal(passed.exitCode, 0, passed.stderr);
    const wrong = await probed();
    assert.equal(wrong.exitCode, 2);
    assert.match(wrong.stderr, /a probe is either a program or a flow/);
  });

  test('whoever would be locked out is told which flow keeps them in', async () => {
    await using place = await Place.open(isolation);
    await using session = await Session.open(place, '203.0.113.9');
    const refused = await portcullis(place, [...APPLY.filter((each) => each !== '--console'), '--trial', '5s'], POLICY);
    assert.equal(refused.exitCode, 3, refused.stderr);
    assert.match(refused.stdout, /203\.0\.113\.9:\d+ could not log in anew/);
    assert.equal(await listing(place), '');
    const [repair] = /- \{ name: ssh.*\}/.exec(refused.stdout) ?? [];
    assert.ok(repair !== undefined, refused.stdout);
    const mended = await portcullis(place, ['apply', '-', '--confirm-by', 'none'], `${POLICY}  ${repair}\n`);
    assert.equal(mended.exitCode, 0, mended.stderr + mended.stdout);
    assert.ok(await session.answers(), 'the session that was open goes on');
  });

  test('what is not ours under our name is left alone', async () => {
    await using place = await Place.open(isolation);
    await place.checked('nft', ['-f', '-'], 'table inet portcullis { chain mine { }\n }\n');
    const before = await listing(place);
    const refused = await portcullis(place, ['apply', '-', '--console', '--confirm-by', 'none'], POLICY);
    assert.equal(refused.exitCode, 3, refused.stderr);
    assert.match(refused.stderr, /not ours to change/);
    assert.equal(await listing(place), before);
  });
});

/** An SSH session, as far as the kernel and `/proc` show one: a program called `sshd` that has accepted a connection. */
class Session {
  readonly #child: Promise<unknown>;
  readonly #place: Place;

  private constructor(place: Place, child: Promise<unknown>) {
    this.#place = place;
    this.#child = child;
  }

  static async open(place: Place, client: string): Promise<Session> {
    // Another machine at the end of a wire: between addresses of one machine a connection would be no session from outside.
    await place.checked('ip', ['netns', 'add', 'client']);
    await place.checked('ip', ['link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'up0', 'netns', 'client']);
    await place.checked('ip', ['address', 'add', `${SERVER}/24`, 'dev', 'eth0']);
    await place.checked('ip', ['link', 'set', 'eth0', 'up']);
    await place.checked('ip', ['-n', 'client', 'address', 'add', `${client}/24`, 'dev', 'up0']);
    await place.checked('ip', ['-n', 'client', 'link', 'set', 'up0', 'up']);
    const server = place.run(process.execPath, ['--input-type=module', '-e', SERVING]);
    const visit = ['netns', 'exec', 'client', process.execPath, '--input-type=module', '-e', VISITING];
    const child = Promise.all([server, place.run('ip', visit)]);
    for (let tries = 0; tries < 200; tries++) {
      const { exitCode } = await place.run('test', ['-e', '/run/session-is-open']);
      if (exitCode === 0) return new Session(place, child);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('the session did not open');
  }

  async answers(): Promise<boolean> {
    await this.#place.checked('touch', ['/run/session-asked']);
    for (let tries = 0; tries < 100; tries++) {
      if ((await this.#place.run('test', ['-e', '/run/session-answered'])).exitCode === 0) return true;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#place.run('pkill', ['-KILL', 'sshd|visitor']);
    await this.#child;
  }
}

const SERVER = '203.0.113.1';

const SERVING = `
import { createServer } from 'node:net';
process.title = 'sshd';
createServer((socket) => socket.pipe(socket).on('error', () => socket.destroy())).listen(22, '0.0.0.0');
`;

const VISITING = `
import { connect } from 'node:net';
import { existsSync, writeFileSync } from 'node:fs';
process.title = 'visitor';
const knock = () => {
  const client = connect({ host: '${SERVER}', port: 22 }, () => writeFileSync('/run/session-is-open', ''));
  client.on('data', () => writeFileSync('/run/session-answered', ''));
  client.on('error', () => setTimeout(knock, 50));
  const asking = setInterval(() => existsSync('/run/session-asked') && client.write('?'), 50);
  client.on('close', () => clearInterval(asking));
};
knock();
`;
