import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { suite, test } from 'node:test';
import { portcullis } from './cli.ts';

suite('gateway token', () => {
  test('the policy takes the line, which holds the digest of the token that is told beside it', async () => {
    const { stdout, stderr, exitCode } = await portcullis(['gateway', 'token', 'builder', 'boxes']);
    assert.equal(exitCode, 0);
    const token = /: ([A-Za-z0-9_-]{43})\n$/.exec(stderr)?.[1] ?? '';
    assert.ok(stdout.includes(createHash('sha256').update(token).digest('hex')));
    assert.ok(!stdout.includes(token));
    const files = {
      'portcullis.yaml': `portcullis: 1
gateway:
  upstream: 9.9.9.9
  credentials:
    ${stdout}
zones: { boxes: { addresses: [172.20.0.0/16] } }
flows: [{ name: a, from: boxes, to: host, service: tcp/1 }]
`,
    };
    const checked = await portcullis(['check'], { files });
    assert.equal(checked.exitCode, 0, checked.stderr);
  });

  test('two of them differ', async () => {
    const [one, other] = [
      await portcullis(['gateway', 'token', 'a', 'b']),
      await portcullis(['gateway', 'token', 'a', 'b']),
    ];
    assert.notEqual(one.stderr, other.stderr);
  });

  test('a user that no client could show is refused, and no token made', async () => {
    const { stdout, stderr, exitCode } = await portcullis(['gateway', 'token', 'a:b', 'boxes']);
    assert.equal(exitCode, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /`a:b` is no user of a proxy/);
  });
});
