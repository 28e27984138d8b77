import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { portcullis } from './cli.ts';

const POLICY = `portcullis: 1
name: small
zones:
  admins: { addresses: [203.0.113.0/28] }
  resolver: { addresses: [9.9.9.9] }
flows:
  - { name: ssh, from: admins, to: host, service: ssh, rate: 10/minute per source }
  - { name: dns, from: host, to: resolver, service: dns }
`;

/** What `render ufw` writes, by name. */
async function rendered(): Promise<Record<string, string>> {
  const { stdout, exitCode, stderr } = await portcullis(['render', 'ufw', 'p.yaml', '--json'], {
    files: { 'p.yaml': POLICY },
  });
  assert.equal(exitCode, 0, stderr);
  const { artifacts } = JSON.parse(stdout) as { artifacts: { name: string; text: string }[] };
  return Object.fromEntries(artifacts.map(({ name, text }) => [name, text]));
}

describe('ufw on the command line', () => {
  test('render prints every file under its name, the commands in a safe order', async () => {
    const { stdout, stderr, exitCode } = await portcullis(['render', 'ufw', 'p.yaml'], { files: { 'p.yaml': POLICY } });
    assert.equal(exitCode, 0, stderr);
    assert.equal(stdout.match(/^# ==> .* <==$/gm)?.length, 9);
    const commands = stdout.match(/^ufw .*$/gm);
    assert.deepEqual(commands, [
      'ufw default deny incoming',
      'ufw default reject outgoing',
      'ufw default deny routed',
      'ufw logging low',
      'ufw allow out from any to 9.9.9.9 port 53 comment dns',
      'ufw limit proto tcp from 203.0.113.0/28 to any port 22 comment ssh',
      'ufw --force enable',
    ]);
    assert.match(stderr, /wider than the policy: flow `ssh` may go beyond 10\/minute per source/);
  });

  test('a folder of ufw’s stands for what ufw loads of it', async () => {
    const files = Object.fromEntries(Object.entries(await rendered()).map(([name, text]) => [`m/${name}`, text]));
    const more = { 'm/etc/ufw/user.rules.20260101_000000': 'kept', 'm/etc/ufw/sysctl.conf': 'net/ipv4/x=1\n' };
    for (const folder of ['m', 'm/etc', 'm/etc/ufw']) {
      const asked = await portcullis(['why', '--in', folder, 'tcp 203.0.113.9 -> host:22', '--json'], {
        files: { ...files, ...more },
      });
      assert.equal(asked.stderr, '');
      assert.match(asked.stdout, /"file": "m\/etc\/ufw\/user\.rules"/);
    }
  });

  test('diff tells two folders apart, and a policy from what ufw has', async () => {
    const own = await rendered();
    const files: Record<string, string> = { 'p.yaml': POLICY };
    for (const [name, text] of Object.entries(own)) {
      if (!name.startsWith('etc/')) continue;
      files[`a/${name}`] = text;
      files[`b/${name}`] = name.endsWith('/user.rules') ? text.replaceAll('203.0.113.0/28', '203.0.113.0/27') : text;
    }
    const same = await portcullis(['diff', 'a', 'a'], { files });
    assert.equal(same.exitCode, 0, same.stderr);
    const other = await portcullis(['diff', 'a', 'b'], { files });
    assert.equal(other.exitCode, 1, other.stderr);
    assert.match(other.stdout, /203\.0\.113\.1[6-9]/);
  });

  test('a status and saved rules of one machine are not read twice', async () => {
    const { exitCode, stderr } = await portcullis(['check', '--in', 'status', '--in', 'saved'], {
      files: { status: 'Status: active\n', saved: '*filter\n:INPUT DROP [0:0]\nCOMMIT\n' },
    });
    assert.equal(exitCode, 2);
    assert.match(stderr, /error\[N0422\]/);
  });
});
