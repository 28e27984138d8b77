import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Place } from '../enforcer/place.ts';
import { descendants, eventually, isolationOrReason } from '../lab/support.ts';

const found = await isolationOrReason();
const isRoot = 'isolation' in found && found.isolation === 'root';
const skip =
  'skip' in found ? found.skip : isRoot ? false : 'SKIPPED, nothing was loaded: a place with one capability takes root';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** What the container of the DaemonSet may write: two folders of the node, and one of its own. All else is read-only, as `/proc/sys` is in any container. */
const ROOT = '/run/root';
const READY = '/run/portcullis-node/ready';
const READ_ONLY = `
mkdir ${ROOT}
mount --rbind / ${ROOT}
mount -t tmpfs tmpfs ${ROOT}/run
mount -t tmpfs tmpfs ${ROOT}/var/lib
for folder in run/portcullis run/portcullis-node var/lib/portcullis; do
  mkdir ${ROOT}/$folder
  mount -t tmpfs tmpfs ${ROOT}/$folder
done
mount -o remount,ro ${ROOT}/run
mount -o remount,ro ${ROOT}/var/lib
mount -t proc proc ${ROOT}/proc
mount --bind ${ROOT}/proc/sys ${ROOT}/proc/sys
mount -o remount,bind,ro ${ROOT}/proc/sys
mount -o remount,bind,ro ${ROOT}
! touch ${ROOT}/run/something ${ROOT}/etc/something 2>/dev/null`;

/** And what else it has: root's account with one capability, and nothing that could give it more. */
const AS_IN_THE_POD = ['--no-new-privs', '--bounding-set=-all,+net_admin', '--inh-caps=-all,+net_admin'];

const API_SERVER = 'http://192.0.2.10:6443/readyz';

/** A node whose control plane is 192.0.2.10. */
const POLICY = `portcullis: 1
name: node
baseline: { forwarding: true }
zones:
  control-plane: { addresses: [192.0.2.10] }
flows:
  - { name: api-server, from: host, to: control-plane, service: tcp/6443, purpose: the kubelet reports }
  - { name: kubelet, from: control-plane, to: host, service: tcp/10250, purpose: logs and exec }
`;
const WITHOUT_API_SERVER = POLICY.replace(/^.*name: api-server.*\n/m, '');

/** A node at the end of a wire to its API server. */
class Node {
  readonly #place: Place;
  readonly #server: ChildProcess;

  private constructor(place: Place, server: ChildProcess) {
    this.#place = place;
    this.#server = server;
  }

  static async open(): Promise<Node> {
    const place = await Place.open('root');
    const wire = [
      'ip netns add control',
      'ip link add eth0 type veth peer name up0 netns control',
      'ip address add 192.0.2.1/24 dev eth0',
      'ip link set eth0 up',
      'ip -n control address add 192.0.2.10/24 dev up0',
      'ip -n control link set up0 up',
    ];
    await place.checked('sh', ['-ec', [...wire, READ_ONLY].join('\n')]);
    const serve = `require('node:http').createServer((_, answer) => answer.writeHead(401).end()).listen(6443, () => process.stdout.write('ready'))`;
    const server = spawn(...place.commandLine('ip', ['netns', 'exec', 'control', process.execPath, '-e', serve]), {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(server.stdout, 'data');
    return new Node(place, server);
  }

  /** `portcullis node`, as it runs in its pod. */
  pod(policy: string, ...args: string[]): Pod {
    const quick = ['--trial', '5s', '--settle', '1s', '--healthy', API_SERVER];
    const [program, all] = this.#place.commandLine('chroot', [
      ...[ROOT, 'setpriv'],
      ...AS_IN_THE_POD,
      ...[process.execPath, MAIN, 'node', '-'],
      ...quick,
      ...args,
    ]);
    return new Pod(program, all, policy);
  }

  rules(): Promise<string> {
    return this.#place.checked('nft', ['-s', 'list', 'ruleset']);
  }

  get place(): Place {
    return this.#place;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.kill();
    await this.#place[Symbol.asyncDispose]();
  }
}

/** A container of the DaemonSet. */
class Pod {
  readonly #child: ChildProcess;
  readonly ended: Promise<number | null>;
  #said = '';

  constructor(program: string, args: readonly string[], policy: string) {
    const child = spawn(program, args, { stdio: 'pipe', env: { ...process.env, NO_COLOR: '1' } });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        this.#said += chunk.toString('utf8');
      });
    }
    child.stdin.end(policy);
    this.#child = child;
    this.ended = new Promise((resolve) => child.on('close', resolve));
  }

  async says(pattern: RegExp): Promise<void> {
    const heard = await eventually(() => pattern.test(this.#said) || this.#child.exitCode !== null, PATIENCE_MS);
    assert.ok(heard && pattern.test(this.#said), `it did not say ${pattern}: ${this.#said}`);
  }

  /** As the kubelet ends it. `nsenter` waits for the program, which `setpriv` became. */
  async end(): Promise<void> {
    const [pid] = descendants(this.#child.pid!);
    assert.ok(pid !== undefined, this.#said);
    process.kill(pid, 'SIGTERM');
    assert.equal(await this.ended, 0, this.#said);
  }
}

const PATIENCE_MS = 60_000; // on a busy machine

describe('a policy on a node of a cluster', { skip }, () => {
  test('a node that is well keeps it; what is taken away is put back; a pod that starts again does nothing', async () => {
    await using node = await Node.open();
    const first = node.pod(POLICY, '--every', '1s', '--ready-file', READY);
    await first.says(/Z enforced: change 1 now\n/);
    assert.match(await node.rules(), /policy drop/);
    await node.place.checked('nft', ['flush', 'ruleset']);
    await first.says(/Z enforced: change 2 now\n/);
    await node.place.checked('test', ['-e', `${ROOT}${READY}`]);
    await first.end();
    const standing = await node.rules();
    assert.match(standing, /policy drop/, 'nothing is taken away when the pod ends');
    const second = node.pod(POLICY, '--once');
    assert.equal(await second.ended, 0);
    await second.says(/^\S+Z enforced: well\n$/);
    assert.equal(await node.rules(), standing);
    const removing = node.pod('', '--once', '--remove');
    assert.equal(await removing.ended, 0);
    assert.equal(await node.rules(), '', 'where it is asked for');
  });

  test('a node that is not well goes back by itself, remembers it, and is not put through it again', async () => {
    await using node = await Node.open();
    const broken = node.pod(WITHOUT_API_SERVER, '--every', '1s', '--ready-file', READY);
    await broken.says(/Z taken back: http:\/\/192\.0\.2\.10:6443\/readyz: /);
    await broken.says(/Z held back: this policy was taken back here at .*; change it, or say `--again`\n/);
    assert.equal(await node.rules(), '');
    assert.equal((await node.place.run('test', ['-e', `${ROOT}${READY}`])).exitCode, 1);
    await broken.end();
    const ended = node.pod(POLICY, '--trial', '60s', '--settle', '40s');
    await ended.says(/on trial for/);
    await ended.end();
    assert.equal(await node.rules(), '', 'a pod that is ended during a trial takes it back');
  });
});
