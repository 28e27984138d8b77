import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MachineError } from './machine-error.ts';
import { findProgram, run, runChecked, searchPath } from './process.ts';

const node = process.execPath;

describe('a program that is run', () => {
  test('gets its arguments as they are, without a shell', async () => {
    const words = ['$HOME', '; echo x', 'a b', '*'];
    const done = await run(node, ['-e', 'console.log(JSON.stringify(process.argv.slice(1)))', ...words]);
    assert.deepEqual(JSON.parse(done.stdout), words);
  });

  test('reads the input it is given and tells how it ended', async () => {
    const code = 'process.stdin.on("data", (d) => process.stderr.write(d)).on("end", () => process.exit(3))';
    assert.deepEqual(await run(node, ['-e', code], { input: 'words' }), { exitCode: 3, stdout: '', stderr: 'words' });
  });

  for (const [signal, exitCode] of [
    ['SIGSEGV', 139],
    ['SIGKILL', 137],
    ['SIGTERM', 143],
  ] as const) {
    test(`tells that ${signal} ended it`, async () => {
      const done = await run('sh', ['-c', `kill -s ${signal.slice(3)} $$`]);
      assert.equal(done.exitCode, exitCode);
    });
  }

  test('may leave its input unread', async () => {
    const done = await run(node, ['-e', ''], { input: 'x'.repeat(4 * 2 ** 20) });
    assert.equal(done.exitCode, 0);
  });

  const refused: readonly { name: string; run: () => Promise<unknown>; code: string; says: RegExp }[] = [
    {
      name: 'is missing',
      run: () => run('no-such-program', []),
      code: 'M0001',
      says: /`no-such-program` is not installed/,
    },
    {
      name: 'takes too long',
      run: () => run(node, ['-e', 'setTimeout(() => {}, 60000)'], { timeoutMs: 200 }),
      code: 'M0003',
      says: /did not end within 0\.2 s/,
    },
    {
      name: 'writes without end',
      run: () => run(node, ['-e', 'for (;;) process.stdout.write("x".repeat(4096))'], { maxOutputBytes: 100_000 }),
      code: 'M0004',
      says: /more than 100000 bytes/,
    },
    {
      name: 'fails where it must not',
      run: () => runChecked(node, ['-e', 'console.error("\\u001b[31mno"); process.exit(7)']),
      code: 'M0005',
      says: /failed with exit code 7: \\u\{1b\}\[31mno/,
    },
  ];
  for (const { name, run: attempt, code, says } of refused) {
    test(`is refused when it ${name}`, async () => {
      await assert.rejects(attempt(), (error) => {
        assert.ok(error instanceof MachineError);
        assert.equal(error.diagnostic.code, code);
        assert.match(error.message, says);
        return true;
      });
    });
  }
});

test('system folders are searched that an ordinary PATH leaves out', () => {
  for (const folder of ['/usr/sbin', '/sbin']) assert.ok(searchPath().split(':').includes(folder));
  assert.equal(findProgram('no-such-program'), undefined);
});
