import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { documentOf, inFolder, portcullis, portcullisIn } from '../cli/cli.ts';
import { inspect } from './containers.ts';

const CORPUS = new URL('../corpus/docker/', import.meta.url);

suite('the containers of OpenClaw', () => {
  const files = { 'compose.yaml': readFileSync(new URL('openclaw-compose.yaml', CORPUS), 'utf8') };

  /** `UPDATE_GOLDEN=1` writes it anew, and the change is reviewed. */
  test('as people read it', async () => {
    const golden = new URL('openclaw-compose.txt', CORPUS);
    const { exitCode, stdout, stderr } = await portcullis(['audit', '--docker', 'compose.yaml'], { files });
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden, stdout);
    assert.ok(existsSync(golden), `${golden.pathname} is missing; write it with UPDATE_GOLDEN=1`);
    assert.equal(stdout, readFileSync(golden, 'utf8'));
    assert.equal(exitCode, 1);
    assert.equal(
      stderr,
      'not looked at: whether a firewall keeps strangers away (no ruleset); how the daemon is set up (no daemon.json)\n',
    );
  });

  test('as other programs read it', async () => {
    const { findings } = documentOf(
      await portcullis(['audit', '--docker', 'compose.yaml', '--json'], { files }),
      'audit',
    );
    assert.ok(Array.isArray(findings));
    const ports = findings.filter(({ code }) => code === 'A3101');
    const lines = files['compose.yaml'].split('\n');
    assert.deepEqual(
      ports.map(({ origin }) => [origin.file, lines[origin.line - 1]?.trim()]),
      [3978, 18789, 18790].map((port) => ['compose.yaml', lines.find((line) => line.endsWith(`:${port}"`))?.trim()]),
    );
  });

  test('no value of a secret gets out, in whatever form', async () => {
    for (const args of [['--verbose'], ['--json'], ['--format', 'sarif']]) {
      const { stdout, stderr } = await portcullis(['audit', '--docker', 'compose.yaml', ...args], { files });
      assert.match(stdout, /ANTHROPIC_API_KEY/);
      assert.doesNotMatch(stdout + stderr, /hunter2|sk-ant/);
    }
  });

  test('and nothing is written about it into facts', async () => {
    const env = ['API_TOKEN=hunter2'];
    const docker = inspect({ name: 'web', env, ports: { '80/tcp': [['0.0.0.0', '8080']] } });
    const rules = 'table inet t { chain i { type filter hook input priority 0; policy drop; } }';
    await inFolder({ 'docker.json': docker, 'host.nft': rules }, async (folder) => {
      await portcullisIn(folder, ['audit', 'host.nft', '--docker', 'docker.json', '--host', '--save-facts', 'facts']);
      const facts = readFileSync(join(folder, 'facts'), 'utf8');
      assert.match(facts, /"containerAddress": "172\.17\.0\.2"/);
      assert.doesNotMatch(facts, /hunter2|TOKEN/);
      const there = await portcullisIn(folder, ['audit', 'host.nft', '--facts', 'facts']);
      assert.match(there.stdout, /A3001 Docker leads tcp\/8080 .* the container `web`/);
    });
  });

  test('SARIF has the place', async () => {
    const { stdout } = await portcullis(['audit', '--docker', 'compose.yaml', '--format', 'sarif'], { files });
    const { results } = JSON.parse(stdout).runs[0];
    const [port] = results.filter(({ ruleId }: { ruleId: string }) => ruleId === 'A3101');
    assert.equal(port.locations[0].physicalLocation.artifactLocation.uri, 'compose.yaml');
  });
});

suite('audit --docker', () => {
  test('of nothing wrong', async () => {
    const ran = await portcullis(['audit', '--docker', 'none.json'], { files: { 'none.json': '[]' } });
    assert.deepEqual([ran.exitCode, ran.stdout], [0, 'nothing found\n']);
  });

  test('names that would move the cursor are escaped', async () => {
    const hostile = 'web\u001b[2Jx\u202egpj';
    const text = inspect({
      name: hostile,
      network: hostile,
      ports: { '80/tcp': [['', '80']] },
      env: [`A\u001b_TOKEN=x`],
    });
    for (const args of [[], ['--verbose'], ['--fail-on', 'never', '-v']]) {
      const { stdout, stderr } = await portcullis(['audit', '--docker', 'd.json', ...args], {
        files: { 'd.json': text },
      });
      assert.match(stdout, /web\\u\{1b\}\[2Jx\\u\{202e\}gpj/);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
      assert.doesNotMatch(stdout + stderr, /[\u001b\u202e]/);
    }
  });

  test('several files, and the daemon among them', async () => {
    const files = { 'daemon.json': '{"hosts": ["tcp://0.0.0.0:2375"]}', 'web.json': inspect({ name: 'web' }) };
    const ran = await portcullis(['audit', '--docker', 'daemon.json', '--docker', 'web.json'], { files });
    assert.match(ran.stdout, /^critical {2}A3121 Docker’s API listens on `tcp:\/\/0\.0\.0\.0:2375`/);
    assert.match(ran.stdout, /daemon\.json:1\n/);
    assert.equal(
      ran.stderr,
      'not looked at: whether a firewall keeps strangers away (no ruleset); how networks are laid out (no `docker network inspect`)\n',
    );
  });

  test('beside rules, which are then asked; findings are told once', async () => {
    const forward = 'chain f { type filter hook forward priority 0; policy drop; oifname "docker0" accept; }';
    const files = {
      'host.nft': `table inet t { ${forward} }`,
      'docker.json': inspect({ name: 'web', ports: { '80/tcp': [['0.0.0.0', '8080']] } }),
      'portcullis.yaml': 'portcullis: 1\nname: none\nzones: {}\nflows: []\n',
    };
    const args = ['audit', 'portcullis.yaml', 'host.nft', '--docker', 'docker.json', '--json'];
    const { findings } = documentOf(await portcullis(args, { files }), 'audit');
    assert.ok(Array.isArray(findings));
    const about = findings.filter(({ subject }) => subject === 'web tcp/8080');
    assert.deepEqual(
      about.map(({ code }) => code),
      ['A3001'],
    );
  });

  test('can be suppressed as all else', async () => {
    const files = {
      'docker.json': inspect({ name: 'web', ports: { '80/tcp': [['0.0.0.0', '8080']] } }),
      'portcullis-audit.yaml':
        'suppress: [{ code: A3101, subject: web tcp/8080, reason: public website, until: 2027-03-31 }]\n',
    };
    const ran = await portcullis(['audit', '--docker', 'docker.json'], { files });
    assert.deepEqual([ran.exitCode, ran.stdout], [0, 'nothing found; 1 suppressed\n']);
  });

  test('a file that is nothing of Docker’s ends with 2', async () => {
    const ran = await portcullis(['audit', '--docker', 'x'], { files: { x: 'hello: world\n' } });
    assert.deepEqual([ran.exitCode, /K0001/.test(ran.stderr)], [2, true]);
  });
});
