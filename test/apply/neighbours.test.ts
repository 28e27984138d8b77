import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { describe, test } from 'node:test';
import { findProgram } from '../../src/host/index.ts';
import { Place } from '../enforcer/place.ts';
import { isolationOrReason } from '../lab/support.ts';
import { POLICY, portcullis } from './command.ts';

const found = await isolationOrReason();
const isRoot = 'isolation' in found && found.isolation === 'root';

function skipWithout(...programs: readonly string[]): string | false {
  if ('skip' in found) return found.skip;
  if (!isRoot) return 'SKIPPED, nothing was loaded: these firewalls work for root only';
  const missing = programs.filter((program) => findProgram(program) === undefined);
  return missing.length === 0 ? false : `SKIPPED, nothing was loaded: \`${missing.join('`, `')}\` is not installed`;
}

/** All that is not ours, as each tool saves it: to the byte, but for counters and the time. */
async function others(place: Place): Promise<Readonly<Record<string, string>>> {
  const saved = async (program: string): Promise<string> =>
    (await place.checked(program, [])).replaceAll(/^#.*\n/gm, '').replaceAll(/ \[\d+:\d+\]$/gm, '');
  const tables = (await place.checked('nft', ['list', 'tables'])).trim().split('\n');
  const listed = await Promise.all(
    tables
      .filter((table) => table !== '' && !table.startsWith('table inet portcullis'))
      .map((table) => place.checked('nft', ['-s', 'list', ...table.split(' ')])),
  );
  return { iptables: await saved('iptables-save'), ip6tables: await saved('ip6tables-save'), nft: listed.join('') };
}

/** Through a trial that expires, an apply that stays, another one, and our rules gone again. */
async function unchanged(place: Place): Promise<void> {
  const before = await others(place);
  assert.match(before.iptables ?? '', /^-A /m, 'there is something that could be changed');
  const forgotten = await portcullis(
    place,
    ['apply', '-', '--console', '--trial', '5s', '--confirm-by', 'reconnect'],
    POLICY,
  );
  assert.equal(forgotten.exitCode, 1, forgotten.stderr);
  for (const args of [
    ['apply', '-'],
    ['apply', '-'],
    ['rollback', '0'],
  ]) {
    const ended = await portcullis(place, [...args, '--console', '--confirm-by', 'none'], POLICY);
    assert.equal(ended.exitCode, 0, ended.stderr);
    assert.deepEqual(await others(place), before, args.join(' '));
  }
}

const RULES = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.1.0.2:80
-A POSTROUTING -s 10.1.0.0/16 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m comment --comment "the way in" -j ACCEPT
-A FORWARD -p tcp -m multiport --dports 80,443 -j ACCEPT
COMMIT
`;

describe('a change leaves what others have loaded as it is', () => {
  test('rules of iptables', { skip: skipWithout('iptables-restore', 'ip6tables-restore') }, async () => {
    await using place = await Place.open('root');
    await place.checked('iptables-restore', [], RULES);
    await place.checked('ip6tables-restore', [], RULES.slice(RULES.indexOf('*filter')));
    await unchanged(place);
  });

  test('UFW, enabled', { skip: skipWithout('ufw', 'iptables-save') }, async () => {
    await using place = await Place.open('root');
    // Its own files are the machine's: a copy of them stands in their place here.
    await place.checked('cp', ['-a', '/etc/ufw', '/run/ufw']);
    await place.checked('mount', ['--bind', '/run/ufw', '/etc/ufw']);
    await place.checked('mkdir', ['-p', '/var/lib/ufw']);
    await place.checked('ufw', ['allow', '22/tcp']);
    await place.checked('ufw', ['--force', 'enable']);
    assert.match(await place.checked('ufw', ['status']), /Status: active/);
    await unchanged(place);
    assert.match(await place.checked('ufw', ['status']), /22\/tcp +ALLOW/);
  });

  test('Docker, with a network of its own', { skip: skipWithout('dockerd', 'docker', 'iptables-save') }, async () => {
    await using place = await Place.open('root');
    await using docker = await Docker.start(place);
    await docker.checked('network', 'create', 'agents');
    await unchanged(place);
    await docker.checked('network', 'create', 'more'); // it goes on as it did
  });
});

/** The real daemon, with all that it keeps in the place's own file systems. */
class Docker {
  readonly #place: Place;
  readonly #ended: Promise<void>;

  private constructor(place: Place, ended: Promise<void>) {
    this.#place = place;
    this.#ended = ended;
  }

  static async start(place: Place): Promise<Docker> {
    await place.checked('mkdir', ['-p', '/run/docker', '/var/lib/docker']);
    const [program, args] = place.commandLine('dockerd', [
      ...['--data-root', '/var/lib/docker', '--exec-root', '/run/docker', '--pidfile', '/run/dockerd.pid'],
      ...['-H', 'unix:///run/docker.sock', '--storage-driver', 'vfs', '--bip', '172.30.0.1/24'],
      ...['--default-address-pool', 'base=172.31.0.0/16,size=24', '--exec-opt', 'native.cgroupdriver=cgroupfs'],
    ]);
    let said = '';
    const daemon = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    daemon.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-2_000);
    });
    const ended = new Promise<void>((resolve) => daemon.on('close', () => resolve()));
    const docker = new Docker(place, ended);
    for (let tries = 0; tries < 300; tries++) {
      if ((await docker.run('version')).exitCode === 0) return docker;
      if (daemon.exitCode !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`dockerd did not start: ${said}`);
  }

  run(...args: readonly string[]) {
    return this.#place.run('docker', ['-H', 'unix:///run/docker.sock', ...args]);
  }

  async checked(...args: readonly string[]): Promise<void> {
    const { exitCode, stderr } = await this.run(...args);
    assert.equal(exitCode, 0, stderr);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#place.run('pkill', ['-KILL', 'dockerd|containerd']);
    await this.#ended;
  }
}
