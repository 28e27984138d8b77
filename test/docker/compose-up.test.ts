import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Command, portcullis } from '../apply/command.ts';
import { DockerMachine, MACHINE, skipWithoutDocker } from './machine.ts';

const COMPOSE = `version: "2.4"
services:
  web:
    image: probe
    command: ["/bin/httpd", "-f", "-p", "[::]:80"]
    ports: ["8080:80"]
  cache:
    image: probe
    command: ["/bin/httpd", "-f", "-p", "[::]:80"]
    ports: ["8081:80"]
`;
const POLICY = `portcullis: 1
name: shop
zones:
  web: { docker: { project: shop, service: web } }
flows:
  - { name: web, from: 198.51.100.0/24, to: web, service: tcp/80, purpose: test }
`;

describe('services of Compose come and go, by packets', { skip: skipWithoutDocker('docker-compose') }, () => {
  test('what is up is reached as its service says, what is down is not', async () => {
    await using machine = await DockerMachine.open();
    const { place } = machine;
    await place.checked('tee', ['/run/place/compose.yml'], COMPOSE);
    await place.checked('tee', ['/run/place/policy.yaml'], POLICY);
    const compose = (...args: readonly string[]) =>
      place.checked('docker-compose', ['-p', 'shop', '-f', '/run/place/compose.yml', ...args]);
    const ports = () => Promise.all([8080, 8081].map((port) => machine.fromWorld(MACHINE[4], port)));
    await compose('up', '-d');
    assert.deepEqual(await ports(), [true, true], 'Compose publishes both');
    const applied = await portcullis(place, ['apply', '-', '--console', '--confirm-by', 'none'], POLICY);
    assert.equal(applied.exitCode, 0, applied.stderr);
    assert.deepEqual(await ports(), [true, false], 'who runs as the rules are written is in them');
    const watch = new Command(place, ['docker', 'watch', '/run/place/policy.yaml']);
    await watch.prints(/2 containers run, 1 addresses/);

    await compose('down');
    await watch.prints(/is no longer in `web`/);
    await compose('up', '-d');
    await watch.prints(/no longer[\s\S]*is in `web`/);
    assert.deepEqual(await ports(), [true, false]);
    await place.checked('pkill', ['-TERM', '-f', 'docker watch']);
    await watch.ended;
    assert.deepEqual(await ports(), [false, false]);
  });
});
