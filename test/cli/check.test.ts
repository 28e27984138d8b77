import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { suite, test } from 'node:test';
import { documentOf, inFolder, POLICY, portcullis, portcullisIn } from './cli.ts';

suite('check', () => {
  test('a sound policy: one line, exit code 0', async () => {
    const ran = await portcullis(['check'], { files: { 'portcullis.yaml': POLICY } });
    assert.equal(ran.stdout, 'sound: 3 flows, 4 tests proven\n');
    assert.equal(ran.exitCode, 0);
  });

  test('as JSON, from standard input', async () => {
    const ran = await portcullis(['check', '-', '--json'], { stdin: POLICY });
    const { ok, tests } = documentOf(ran, 'check');
    assert.deepEqual({ ok, tests, exitCode: ran.exitCode }, { ok: true, tests: { passed: 4, failed: 0 }, exitCode: 0 });
    assert.equal(ran.stderr, '');
  });

  test('a test that fails is shown by a packet, exit code 1', async () => {
    const wrong = POLICY.replace('deny: ["198.51.100.7:443/tcp"', 'deny: ["backend.example.com:443/tcp"');
    const ran = await portcullis(['check'], { files: { 'portcullis.yaml': wrong } });
    assert.equal(ran.exitCode, 1);
    assert.match(ran.stderr, /the test `from agent deny backend\.example\.com:443\/tcp` fails/);
    assert.match(ran.stderr, /-> backend\.example\.com:443 oif eth0 uid 998/);
    const asJson = await portcullis(['check', '--json'], { files: { 'portcullis.yaml': wrong } });
    assert.deepEqual(documentOf(asJson, 'check').tests, { passed: 3, failed: 1 });
  });

  test('errors: all of them, each with its place, exit code 2', async () => {
    const broken = POLICY.replace('from: bastion', 'from: bastoin').replace('service: https', 'service: htps');
    const ran = await portcullis(['check'], { files: { 'portcullis.yaml': broken } });
    assert.equal(ran.exitCode, 2);
    assert.match(ran.stderr, /portcullis\.yaml:9:\d+/);
    assert.match(ran.stderr, /portcullis\.yaml:10:\d+/);
    assert.match(ran.stderr, /did you mean `bastion`\?/);
    const asJson = await portcullis(['check', '--json'], { files: { 'portcullis.yaml': broken } });
    assert.equal(documentOf(asJson, 'check').ok, false);
    assert.equal(asJson.exitCode, 2);
  });

  test('an expired flow is an error', async () => {
    const expiring = POLICY.replace('service: https }', 'service: https, expires: 2026-11-30 }');
    const files = { 'portcullis.yaml': expiring };
    assert.equal((await portcullis(['check'], { files, today: '2026-11-30' })).exitCode, 0);
    assert.equal((await portcullis(['check'], { files, today: '2026-12-01' })).exitCode, 2);
  });

  test('a flow without effect is a warning that names those that make it so', async () => {
    const more = '  - { name: again, from: agent, to: [9.9.9.9], service: udp/53 }\n';
    const ran = await portcullis(['check', '-'], { stdin: POLICY.replace('tests:\n', `${more}tests:\n`) });
    assert.equal(ran.exitCode, 0);
    assert.match(
      ran.stderr,
      /warning\[C0016\]: everything that the flow `again` allows is allowed already by `resolver`/,
    );
  });

  test('no policy here: said plainly, with the next step', async () => {
    const ran = await portcullis(['check']);
    assert.equal(ran.exitCode, 2);
    assert.match(ran.stderr, /there is no policy `portcullis\.yaml` here\n.*portcullis init/);
    assert.equal(documentOf(await portcullis(['check', '--json']), 'failure').ok, false);
  });

  test('another encoding, a folder and a missing file', async () => {
    const latin = await portcullis(['check', '-'], { stdin: Uint8Array.from([0x6e, 0xe9, 0x0a]) });
    assert.match(latin.stderr, /cannot read `<stdin>`: it is not UTF-8 text/);
    assert.match((await portcullis(['check', '.'])).stderr, /cannot read `\.`: it is a folder/);
    assert.match((await portcullis(['check', 'gone.yaml'])).stderr, /cannot read `gone\.yaml`: there is no such file/);
  });
});

suite('check --against', () => {
  const wider = POLICY.replace('addresses: [10.0.5.10,', 'addresses: [10.0.5.10, 10.0.5.11,');

  test('a file: what is newly allowed, exit code 1', async () => {
    const files = { 'portcullis.yaml': wider, 'before.yaml': POLICY };
    const ran = await portcullis(['check', '--against', 'before.yaml'], { files });
    assert.equal(ran.exitCode, 1);
    assert.match(ran.stdout, /portcullis\.yaml lets through what before\.yaml does not:\n.*10\.0\.5\.11.*port 22/);
  });

  test('what is only newly denied does not fail', async () => {
    const files = { 'portcullis.yaml': POLICY, 'before.yaml': wider };
    const ran = await portcullis(['check', '--against', 'before.yaml', '--json'], { files });
    assert.equal(ran.exitCode, 0);
    const { against } = documentOf(ran, 'check');
    assert.ok(JSON.stringify(against).includes('10.0.5.11'));
  });

  test('other names in a zone of the same name are a change', async () => {
    const files = {
      'portcullis.yaml': POLICY.replaceAll('backend.example.com', 'evil.example'),
      'before.yaml': POLICY,
    };
    const ran = await portcullis(['check', '--against', 'before.yaml'], { files });
    assert.equal(ran.exitCode, 1);
    assert.match(ran.stdout, /a name of `evil\.example`/);
  });

  test('accounts that this machine does not have are told apart by their names', async () => {
    const of = (user: string) => POLICY.replace('users: [998]', `users: [${user}]`);
    const files = { 'portcullis.yaml': of('no-such-one'), 'before.yaml': of('no-such-other') };
    assert.equal((await portcullis(['check', '--against', 'before.yaml'], { files })).exitCode, 1);
    const same = { 'portcullis.yaml': of('no-such-one'), 'before.yaml': of('no-such-one') };
    assert.equal((await portcullis(['check', '--against', 'before.yaml'], { files: same })).exitCode, 0);
  });

  const git = spawnSync('git', ['--version']).status === 0;
  test('a Git revision, with what it included then', { skip: git ? false : 'git is not installed' }, async () => {
    const included = 'portcullis: 1\nflows:\n  - { name: web, from: bastion, to: host, service: tcp/80 }\n';
    const files = { 'net/portcullis.yaml': `${POLICY}include: more.yaml\n`, 'net/more.yaml': included };
    await inFolder(files, async (folder) => {
      const inGit = (...args: readonly string[]): void => {
        const done = spawnSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...args], {
          cwd: folder,
        });
        assert.equal(done.status, 0, String(done.stderr));
      };
      inGit('init', '--quiet', '--initial-branch', 'main');
      inGit('add', '.');
      inGit('commit', '--quiet', '-m', 'first');
      const same = await portcullisIn(folder, ['check', 'net/portcullis.yaml', '--against', 'main']);
      assert.equal(same.exitCode, 0, same.stderr);
      assert.match(same.stdout, /main and net\/portcullis\.yaml let the same packets through/);
      const gone = await portcullisIn(folder, ['check', 'net/portcullis.yaml', '--against', 'no-such-branch']);
      assert.equal(gone.exitCode, 2);
      assert.match(gone.stderr, /cannot read the policy at `no-such-branch`/);
      const option = await portcullisIn(folder, ['check', 'net/portcullis.yaml', '--against=--output=x']);
      assert.equal(option.exitCode, 2);
    });
  });
});
