import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Command, portcullis } from '../apply/command.ts';
import { DockerMachine, MACHINE, skipWithoutDocker } from './machine.ts';

const skip = skipWithoutDocker();

const POLICY = `portcullis: 1
name: containers
zones:
  web: { docker: { labels: { role: web } } }
flows:
  - { name: web, from: 198.51.100.0/24, to: web, service: tcp/80, purpose: test }
`;
const WEB = ['--label', 'role=web', '-p', '8080:80'];

/** Waits for it. */
async function opens(isOpen: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 20; tries++) if (await isOpen()) return;
  assert.fail('it stays closed');
}

describe('containers come and go under `docker watch`, by packets', { skip }, () => {
  test('who has the label is reached, who has not is not, whatever starts again', async (t) => {
    await using machine = await DockerMachine.open();
    const { place, docker } = machine;
    const apply = async (policy = POLICY) => {
      await place.checked('tee', ['/run/place/policy.yaml'], policy);
      const ended = await portcullis(place, ['apply', '-', '--console', '--confirm-by', 'none'], policy);
      assert.equal(ended.exitCode, 0, ended.stderr);
    };
    const isOpen = () => machine.fromWorld(MACHINE[4], 8080);
    await apply();
    const start = () => new Command(place, ['docker', 'watch', '/run/place/policy.yaml']);
    let watch = start();
    await watch.prints(/0 containers run/);

    await machine.serve('web', ...WEB);
    await watch.prints(/(?:start|connect) [0-9a-f]{12}: 172\.30\.0\.2 is in `web`/);
    assert.equal(await isOpen(), true);
    await docker.checked('rm', '-f', 'web');
    await watch.prints(/die [0-9a-f]{12}: 172\.30\.0\.2 is no longer in `web`/);

    await machine.serve('other', '-p', '8080:80');
    assert.equal((await machine.addressOf('other'))[4], '172.30.0.2', 'it has the address of the one before');
    assert.equal(await isOpen(), false, 'and not its label');
    await docker.checked('rm', '-f', 'other');

    await machine.serve('web', ...WEB);
    await docker.checked('restart', '-t', '0', 'web');
    await opens(isOpen);
    const drift = await portcullis(place, ['drift', '--json']);
    const { wider, narrower, elsewhere } = JSON.parse(drift.stdout);
    assert.deepEqual(
      { wider, narrower, elsewhere },
      { wider: [], narrower: [], elsewhere: [] },
      'who is there is no drift',
    );
    await apply();
    await watch.prints(/other rules were loaded/);
    assert.equal(await isOpen(), true, 'rules that are loaded anew know who is there');
    await apply(POLICY.replace('role: web', 'role: shop'));
    await watch.prints(/(?:other rules were loaded[\s\S]*){2}addresses/);
    assert.equal(await isOpen(), false, 'and what the policy means by now');
    await apply();
    await opens(isOpen);

    const members = async () => (await place.checked('nft', ['list', 'ruleset'])).match(/"docker0" \. [0-9.]+/g) ?? [];
    assert.notDeepEqual(await members(), []);
    await machine.docker[Symbol.asyncDispose]();
    await watch.prints(/nobody is in a zone until Docker is followed again/);
    assert.deepEqual(await members(), [], 'the next daemon may give their addresses to others');
    await machine.restartDaemon();
    await watch.prints(/followed again[\s\S]*0 containers run/);
    await machine.docker.checked('start', 'web');
    await opens(isOpen);

    await place.checked('pkill', ['-KILL', '-f', 'docker watch']);
    await watch.ended;
    assert.deepEqual(await members(), ['"docker0" . 172.30.0.2'], 'nobody empties the sets of somebody who was killed');
    await machine.docker[Symbol.asyncDispose]();
    watch = start();
    await watch.prints(/until Docker is followed again/);
    assert.deepEqual(await members(), [], 'as at boot: what the rules hold of before is nobody’s now');
    await machine.restartDaemon();
    await machine.docker.checked('start', 'web');
    await watch.prints(/is in `web`/);
    assert.equal(await isOpen(), true);
    await place.checked('pkill', ['-TERM', '-f', 'docker watch']);
    const ended = await watch.ended;
    assert.equal(ended.exitCode, 0, ended.stderr);
    assert.equal(await isOpen(), false, 'nobody follows the containers any more');
    for (const [line] of ended.stdout.matchAll(/^.*ms\)$/gm)) t.diagnostic(line);
  });

  test('a policy without such a zone has nothing to watch', async () => {
    await using machine = await DockerMachine.open();
    const { exitCode, stderr } = await portcullis(machine.place, ['docker', 'watch', '-'], 'portcullis: 1\n');
    assert.equal(exitCode, 2);
    assert.match(stderr, /error\[K0005\].*has no zone of containers/);
  });
});
