import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { describe, test } from 'node:test';
import { type DockerContainer, type DockerFacts, type DockerNetwork, readDocker } from '../../src/docker/index.ts';
import { findProgram } from '../../src/host/index.ts';
import { formatAddress, formatPortRange, formatRange } from '../../src/net/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { skipWithout } from '../apply/others.ts';
import { documentOf, portcullis } from '../cli/cli.ts';
import { DockerMachine, MACHINE, WORLD } from './machine.ts';

const skip = skipWithout('dockerd', 'docker', 'busybox', 'iptables-save');

const COMPOSE = `name: agents
services:
  pages: { image: probe, ports: ["8080:80"], command: &serve ["/bin/httpd", "-f", "-p", "[::]:80"] }
  bridge: { image: probe, ports: ["8081:80"], command: *serve }
  idle: { image: probe, ports: ["8082:80"], command: *serve }
  one: { image: probe, command: *serve }
  two: { image: probe, command: *serve }
`;

const POLICY = `portcullis: 1
name: agents
zones:
  operators: { addresses: [${WORLD[4]}, "${WORLD[6]}"] }
  open: { docker: { network: pc-open, subnets: [172.31.7.0/24, "fd00:7::/64"], bridge: pc-open, service: [pages, bridge, idle] } }
  pages: { docker: { network: pc-open, service: pages } }
  bridge: { docker: { network: pc-open, service: bridge } }
  closed: { docker: { network: pc-closed, subnets: [172.31.8.0/24, "fd00:8::/64"], bridge: pc-closed, service: [one, two] } }
  sandbox: { docker: { network: pc-sandbox, subnets: [172.31.9.0/24], bridge: pc-sandbox } }
flows:
  - { name: pages, from: operators, to: pages, service: tcp/80, purpose: test }
  - { name: bridge, from: host, to: bridge, service: tcp/80, purpose: test }
  - { name: web, from: pages, to: operators, service: tcp/443, purpose: test }
`;

const FOLDER = '/run/agents';

/** Compose itself, where there is one that knows `!override` (2.24.4). */
function composeProgram(): string | undefined {
  const program = findProgram('docker-compose');
  if (program === undefined) return undefined;
  const { stdout } = spawnSync(program, ['version', '--short'], { encoding: 'utf8' });
  const [major = 0, minor = 0, patch = 0] = stdout.replace(/^v/, '').split('.').map(Number.parseFloat);
  return major > 2 || (major === 2 && (minor > 24 || (minor === 24 && patch >= 4))) ? program : undefined;
}

/** Containers and networks of Compose files: as Compose makes them, or as it would by what we read of the files. */
class Project {
  readonly #machine: DockerMachine;
  readonly #files: readonly SourceFile[];
  readonly #facts: DockerFacts;
  readonly #compose = composeProgram();

  constructor(machine: DockerMachine, files: readonly SourceFile[]) {
    this.#machine = machine;
    this.#files = files;
    const { facts } = readDocker(files);
    assert.ok(facts !== undefined);
    this.#facts = facts;
  }

  async up(): Promise<void> {
    if (this.#compose !== undefined) return this.#composes('up', '-d');
    const { networks, containers } = this.#facts;
    for (const each of networks)
      await this.#machine.docker.checked('network', 'create', ...networkArguments(each), each.name);
    for (const each of containers) await this.#machine.serve(each.name, ...runArguments(each));
  }

  async down(): Promise<void> {
    if (this.#compose !== undefined) return this.#composes('down', '-t', '0');
    const { networks, containers } = this.#facts;
    await this.#machine.docker.checked('rm', '-f', ...containers.map(({ name }) => name));
    await this.#machine.docker.checked('network', 'rm', ...networks.map(({ name }) => name));
  }

  async #composes(...args: readonly string[]): Promise<void> {
    const { place } = this.#machine;
    const names = this.#files.map(({ name }) => `${FOLDER}/${basename(name)}`);
    await place.checked('mkdir', ['-p', FOLDER]);
    for (const [index, { text }] of this.#files.entries())
      await place.run('sh', ['-c', 'cat > "$0"', names[index] ?? ''], text);
    const given = names.flatMap((name) => ['-f', name]);
    await place.checked('env', ['DOCKER_HOST=unix:///run/docker.sock', this.#compose ?? '', ...given, ...args]);
  }
}

function networkArguments({ driver, subnets, internal, icc, bridge }: DockerNetwork): string[] {
  return [
    ...['--driver', driver],
    ...subnets.flatMap((subnet) => ['--subnet', formatRange(subnet)]),
    ...(subnets.some(({ family }) => family === 6) ? ['--ipv6'] : []),
    ...(internal ? ['--internal'] : []),
    ...(icc ? [] : ['--opt', 'com.docker.network.bridge.enable_icc=false']),
    ...(bridge === undefined ? [] : ['--opt', `com.docker.network.bridge.name=${bridge}`]),
  ];
}

function runArguments({ attachments, published, powers }: DockerContainer): string[] {
  return [
    ...attachments.flatMap(({ network }) => ['--network', network]),
    ...powers.dropped.flatMap((power) => ['--cap-drop', power]),
    ...published.flatMap(({ on, ports, containerPorts, protocol }) => {
      assert.ok(on === undefined || on.family === 4);
      const at = on === undefined ? '' : `${formatAddress(on)}:`;
      return ['-p', `${at}${formatPortRange(ports!)}:${formatPortRange(containerPorts)}/${protocol}`];
    }),
  ];
}

/** That it opens: what has just been started takes its time. */
async function opens(ask: () => Promise<boolean>, why: string): Promise<void> {
  for (let tries = 1; tries < 10; tries++) if (await ask()) return;
  assert.fail(why);
}

/** Docker alone, without any rules of the policy: what it is told has to do by itself. */
describe('what Docker is told, by packets', { skip }, () => {
  test('ports and networks fit the policy, and did not before', async () => {
    const compose = new SourceFile('agents/compose.yml', COMPOSE);
    const ran = await portcullis(['render', 'docker', '--json', '--docker', 'agents/compose.yml'], {
      files: { 'portcullis.yaml': POLICY, 'agents/compose.yml': COMPOSE },
    });
    assert.equal(ran.exitCode, 0, ran.stdout);
    const { artifacts } = documentOf(ran, 'render');
    assert.ok(Array.isArray(artifacts));
    const [override, script] = artifacts;
    const files = [compose, new SourceFile(`agents/${override.name}`, override.text)];

    await using machine = await DockerMachine.open(['--ip6tables', '--experimental']);
    await machine.worldListens(443);
    const before = new Project(machine, [compose]);
    await before.up();
    for (const port of [8080, 8081, 8082])
      await opens(() => machine.fromWorld(MACHINE[4], port), `port ${port} is open to the world`);
    const neighbour = (await machine.addressOf('agents-two-1', 'agents_default'))[4];
    await opens(() => machine.fromContainer('agents-one-1', neighbour, 80), 'neighbours speak to each other');
    await opens(() => machine.fromContainer('agents-one-1', WORLD[4], 443), 'and to the world');
    await before.down();

    await new Project(machine, files).up();
    for (const family of [4, 6] as const) {
      await opens(() => machine.fromWorld(MACHINE[family], 8080), `a flow leads there, over IPv${family}`);
      assert.equal(await machine.fromWorld(MACHINE[family], 8081), false, 'for this machine alone');
      assert.equal(await machine.fromWorld(MACHINE[family], 8082), false, 'for nobody');
      assert.equal(await machine.fromHost(MACHINE[family], 8081), false);
    }
    await opens(() => machine.fromHost('127.0.0.1', 8081), 'this machine gets there by its loopback');
    assert.equal(await machine.fromHost('127.0.0.1', 8082), false);
    await opens(() => machine.fromContainer('agents-pages-1', WORLD[4], 443), 'a network with a way out');
    const closed = await machine.addressOf('agents-two-1', 'pc-closed');
    for (const family of [4, 6] as const) {
      await opens(() => machine.fromHost(closed[family], 80), `it answers on ${closed[family]}`);
      assert.equal(await machine.fromContainer('agents-one-1', closed[family], 80), false, 'neighbours do not speak');
      assert.equal(await machine.fromContainer('agents-one-1', WORLD[family], 443), false, 'no way out');
    }

    for (let twice = 0; twice < 2; twice++) await machine.place.checked('sh', ['-c', withSocket(script.text)]);
    const [made] = JSON.parse(await machine.docker.output('network', 'inspect', 'pc-sandbox'));
    assert.equal(made.Internal, true);
    assert.deepEqual(made.Options, {
      'com.docker.network.bridge.enable_icc': 'false',
      'com.docker.network.bridge.name': 'pc-sandbox',
    });
    assert.deepEqual(
      made.IPAM.Config.map(({ Subnet }: { readonly Subnet: string }) => Subnet),
      ['172.31.9.0/24'],
    );
  });
});

function withSocket(script: string): string {
  return `export DOCKER_HOST=unix:///run/docker.sock\n${script}`;
}
