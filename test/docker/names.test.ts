import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Command, portcullis } from '../apply/command.ts';
import { DockerMachine, skipWithoutDocker, WORLD } from './machine.ts';
import { SITE } from './names.ts';

const GATEWAY = '172.31.7.1'; // the bridge
const POLICY = `portcullis: 1
name: sandbox
gateway: { user: daemon, upstream: "${WORLD[4]}", proxy: "${GATEWAY}:3128" }
zones:
  sandbox: { docker: { network: sandbox, subnets: [172.31.7.0/24], bridge: pc-sandbox } }
flows:
  - { name: site, from: sandbox, to: allowed.example, service: http, purpose: test }
`;
/** A script of the container's shell: what it sends stays open until the answer is there. */
const REQUEST = `{ printf 'GET http://%s/ HTTP/1.1\\r\\nHost: %s\\r\\nConnection: close\\r\\n\\r\\n' "$0" "$0"; sleep 1; } | busybox nc -w 3 ${GATEWAY} 3128`;
const MAIN = fileURLToPath(new URL('./names-main.ts', import.meta.url));

describe('a container behind the egress gateway, by packets', { skip: skipWithoutDocker() }, () => {
  test('reaches exactly the names that its zone may have', async () => {
    await using machine = await DockerMachine.open();
    const { place, docker } = machine;
    await docker.checked(
      ...[
        'network',
        'create',
        '--subnet',
        '172.31.7.0/24',
        '-o',
        'com.docker.network.bridge.name=pc-sandbox',
        'sandbox',
      ],
    );
    await machine.serve('agent', '--network', 'sandbox');
    await place.checked('sh', [
      '-ec',
      `ip -n world addr add ${SITE}/32 dev lo; mkdir -p /run/place/gateway; chown daemon /run/place/gateway`,
    ]);
    await machine.worldListens(80);
    await place.checked('sh', [
      '-c',
      'ip netns exec world setsid "$0" "$1" "$2" </dev/null >/run/place/names 2>&1 &',
      process.execPath,
      MAIN,
      WORLD[4],
    ]);
    assert.equal(await machine.fromContainer('agent', SITE, 80), true, 'it reaches everything');

    const applied = await portcullis(place, ['apply', '-', '--console', '--confirm-by', 'none'], POLICY);
    assert.equal(applied.exitCode, 0, applied.stderr);
    await place.checked('tee', ['/run/place/policy.yaml'], POLICY);
    const kept = [
      '--log',
      '/run/place/gateway/log',
      '--state',
      '/run/place/gateway',
      '--socket',
      '/run/place/gateway/socket',
    ];
    const gateway = new Command(place, ['gateway', 'run', '/run/place/policy.yaml', ...kept]);
    /** The first line of the answer to a request for a name, from inside the container. */
    const asked = async (name: string): Promise<string> => {
      const nc = ['exec', 'agent', '/bin/sh', '-c', REQUEST, name];
      const { stdout } = await place.run('docker', ['-H', 'unix:///run/docker.sock', ...nc]);
      return stdout.split('\r\n')[0] ?? '';
    };
    for (let tries = 0; tries < 50 && (await asked('allowed.example')) === ''; tries++)
      await new Promise((resolve) => setTimeout(resolve, 200));
    assert.match(await asked('allowed.example'), /^HTTP\/1\.[01] (?:200|404) /, 'the answer of the site itself');
    assert.match(await asked('other.example'), /^HTTP\/1\.1 403 /);
    assert.match(await asked(SITE), /^HTTP\/1\.1 403 /, 'the address of an allowed name is not that name');
    assert.equal(await machine.fromContainer('agent', SITE, 80), false, 'past the gateway');
    assert.equal(await machine.fromContainer('agent', WORLD[4], 80), false);
    await place.checked('pkill', ['-TERM', '-f', 'gateway run']);
    await gateway.ended;
    assert.equal(await asked('allowed.example'), '', 'without the gateway it reaches nothing');
    assert.equal(await machine.fromContainer('agent', SITE, 80), false);
  });
});
