import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { portcullis } from '../apply/command.ts';
import { enableUfw } from '../apply/others.ts';
import { DockerMachine, MACHINE, skipWithoutDocker, WORLD } from './machine.ts';

const skip = skipWithoutDocker('ufw');
const DUAL = ['--ipv6', '--fixed-cidr-v6', 'fd00:d::/64', '--ip6tables', '--experimental'];

/** Whether a connection can be opened, by family. */
type Both = Readonly<Record<4 | 6, boolean>>;
const OPEN: Both = { 4: true, 6: true };
const CLOSED: Both = { 4: false, 6: false };

async function both(ask: (family: 4 | 6) => Promise<boolean>): Promise<Both> {
  const [four, six] = await Promise.all([ask(4), ask(6)]);
  return { 4: four, 6: six };
}

/** That it opens: a network that has just come up takes its time (duplicate address detection, RFC 4862 5.4). */
async function opens(ask: () => Promise<Both>, why?: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    const found = await ask();
    if ((found[4] && found[6]) || tries === 10) return assert.deepEqual(found, OPEN, why);
  }
}

/** What the rules that are live say of a packet from the world to a port of the machine. */
async function why(machine: DockerMachine, port: number): Promise<string> {
  const flow = `tcp ${WORLD[4]} -> host:${port}`;
  const { exitCode, stdout, stderr } = await portcullis(machine.place, ['why', '--in', 'live', flow]);
  assert.equal(exitCode, 0, stderr);
  return stdout;
}

async function apply(machine: DockerMachine, policy: string): Promise<void> {
  const ended = await portcullis(machine.place, ['apply', '-', '--console', '--confirm-by', 'none'], policy);
  assert.equal(ended.exitCode, 0, ended.stderr);
}

function policy(zones: string, flows: string): string {
  return `portcullis: 1\nname: containers\nzones:\n${zones}\nflows:\n${flows}\n`;
}

describe('containers of a real dockerd, by packets', { skip }, () => {
  test('a port that is published past UFW’s deny is closed, and opens for whom a flow names', async () => {
    await using machine = await DockerMachine.open(DUAL);
    await enableUfw(machine.place);
    for (const way of ['incoming', 'outgoing', 'routed']) await machine.place.checked('ufw', ['default', 'deny', way]);
    await machine.serve('web', '-p', '8080:80');
    const published = () => both((family) => machine.fromWorld(MACHINE[family], 8080));
    await opens(published, 'UFW denies everything, and the port is open');
    assert.match(await why(machine, 8080), /^accept: .*\n[\s\S]*ip filter DOCKER /m, 'Docker’s own chain lets it in');
    assert.match(
      await why(machine, 81),
      /^(?:drop|reject): .*\n[\s\S]*ip filter ufw-/m,
      'what is not published is UFW’s affair',
    );
    const { stdout } = await portcullis(machine.place, ['audit', 'live', '--json']);
    assert.match(stdout, /"code": ?"A3001"/, 'and the audit tells of it');

    const zones = '  web: { docker: { container: web } }\n  friend: { addresses: [198.51.100.2, "2001:db8:7::2"] }';
    await apply(machine, policy(zones, '  - { name: other, from: friend, to: web, service: tcp/81, purpose: test }'));
    assert.deepEqual(await published(), CLOSED);
    assert.match(await why(machine, 8080), /^drop: .*\n[\s\S]*inet portcullis /m, 'our table has the last word');
    await apply(machine, policy(zones, '  - { name: web, from: friend, to: web, service: tcp/80, purpose: test }'));
    await opens(published);
    await apply(
      machine,
      policy(zones, '  - { name: web, from: 203.0.113.0/24, to: web, service: tcp/80, purpose: test }'),
    );
    assert.deepEqual(await published(), CLOSED);
  });

  test('a network reaches what its flows name and nothing else: the world, this machine, other networks', async () => {
    await using machine = await DockerMachine.open();
    const create = ['network', 'create', '--ipv6'];
    await machine.docker.checked(
      ...create,
      '--subnet',
      '172.31.7.0/24',
      '--subnet',
      'fd00:7::/64',
      '-o',
      'com.docker.network.bridge.name=pc-agents',
      'agents',
    );
    await machine.docker.checked(...create, '--subnet', 'fd00:8::/64', 'tools');
    await machine.serve('agent', '--network', 'agents');
    await machine.serve('tool', '--network', 'tools');
    await machine.worldListens(443);
    await machine.worldListens(8443);
    await machine.place.checked('sh', ['-c', "setsid busybox httpd -p '[::]:9000' </dev/null >/dev/null 2>&1"]);
    const agent = (addresses: Readonly<Record<4 | 6, string>>, port: number) =>
      both((family) => machine.fromContainer('agent', addresses[family], port));
    const [own, other] = [await machine.addressOf('agent', 'agents'), await machine.addressOf('tool', 'tools')];
    await opens(() => agent(WORLD, 443), 'Docker gives every container the whole internet');
    await opens(() => agent(MACHINE, 9000), '... and this machine');

    const zones = `  agents: { docker: { network: agents, subnets: [172.31.7.0/24, "fd00:7::/64"], bridge: pc-agents } }
  tools: { docker: { network: tools } }
  api: { addresses: [${WORLD[4]}, "${WORLD[6]}"] }`;
    await apply(machine, policy(zones, '  - { name: api, from: agents, to: api, service: https, purpose: test }'));
    await opens(() => agent(WORLD, 443));
    assert.deepEqual(await agent(WORLD, 8443), CLOSED);
    assert.deepEqual(await agent(MACHINE, 9000), CLOSED);
    assert.deepEqual(await agent(other, 80), CLOSED);
    assert.deepEqual(
      await both((family) => machine.fromContainer('tool', WORLD[family], 443)),
      CLOSED,
      'no flow names it',
    );
    assert.deepEqual(
      await both((family) => machine.fromWorld(own[family], 80)),
      CLOSED,
      'routed to the container directly',
    );

    await apply(
      machine,
      policy(
        zones,
        '  - { name: metrics, from: agents, to: host, service: tcp/9000, purpose: test }\n  - { name: tool, from: tools, to: api, service: tcp/8443, purpose: test }',
      ),
    );
    await opens(() => agent(MACHINE, 9000));
    assert.deepEqual(await agent(WORLD, 443), CLOSED);
    await opens(() => both((family) => machine.fromContainer('tool', WORLD[family], 8443)));

    // Containers and the daemon come and go; what is by network stays true.
    await machine.docker.checked('restart', '-t', '0', 'agent');
    await opens(() => agent(MACHINE, 9000));
    assert.deepEqual(await agent(WORLD, 443), CLOSED);
    await machine.restartDaemon();
    await machine.docker.checked('start', 'agent');
    await opens(() => agent(MACHINE, 9000));
    assert.deepEqual(await agent(WORLD, 443), CLOSED);
  });

  test('an internal network and one without ICC still reach this machine, until no flow names it', async () => {
    await using machine = await DockerMachine.open();
    await machine.docker.checked('network', 'create', '--internal', 'inner');
    await machine.docker.checked('network', 'create', '-o', 'com.docker.network.bridge.enable_icc=false', 'apart');
    await machine.serve('inside', '--network', 'inner');
    await machine.serve('alice', '--network', 'apart');
    await machine.serve('bob', '--network', 'apart', '-p', '8080:80');
    await machine.worldListens(443);
    await machine.place.checked('sh', ['-c', 'setsid busybox httpd -p 9000 </dev/null >/dev/null 2>&1']);
    const ways = async () => ({
      'inner to the world': await machine.fromContainer('inside', WORLD[4], 443),
      'inner to this machine': await machine.fromContainer('inside', MACHINE[4], 9000),
      'apart to the published port of its neighbour': await machine.fromContainer('alice', MACHINE[4], 8080),
      'apart to the world': await machine.fromContainer('alice', WORLD[4], 443),
    });
    assert.deepEqual(await ways(), {
      'inner to the world': false,
      'inner to this machine': true,
      'apart to the published port of its neighbour': true,
      'apart to the world': true,
    });
    const zones = '  inner: { docker: { network: inner } }\n  apart: { docker: { network: apart } }';
    await apply(
      machine,
      policy(zones, `  - { name: out, from: apart, to: ${WORLD[4]}, service: https, purpose: test }`),
    );
    assert.deepEqual(await ways(), {
      'inner to the world': false,
      'inner to this machine': false,
      'apart to the published port of its neighbour': false,
      'apart to the world': true,
    });
  });
});
