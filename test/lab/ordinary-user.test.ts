import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { chown } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { findProgram, run } from '../../src/host/index.ts';

const NOBODY = 65_534; // Debian Policy 9.2.2

/** The suites whose promises hold for everybody; here they run once more without root, from a root that runs the tests. */
const SUITES = ['world.test.ts', 'cleanup.test.ts', 'baseline.test.ts', 'commands.test.ts'];

function reasonToSkip(): string | false {
  if (process.getuid?.() !== 0) return 'SKIPPED: these suites run as an ordinary user already';
  if (findProgram('setpriv') === undefined)
    return 'SKIPPED: `setpriv` (util-linux) is not installed, so nobody else can be played';
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    if (!othersMayEnter(folder))
      return `SKIPPED: an ordinary user may not enter \`${folder}\`, where this project lies`;
  }
  return false;
}

function othersMayEnter(folder: string): boolean {
  return (statSync(folder).mode & 0o001) !== 0;
}

test('the lab works for an ordinary user', { skip: reasonToSkip() }, async () => {
  const home = mkdtempSync(join(tmpdir(), 'portcullis-user-'));
  try {
    await chown(home, NOBODY, NOBODY);
    const identity = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
    const suites = SUITES.map((suite) => join(import.meta.dirname, suite));
    const done = await run(
      'setpriv',
      [
        ...identity,
        'env',
        '-u',
        'NODE_TEST_CONTEXT',
        process.execPath,
        '--test',
        '--test-concurrency=1',
        '--test-reporter=tap',
        ...suites,
      ],
      // A test runner inside a test runner would report to the outer one instead of to us.
      { timeoutMs: 180_000, env: { HOME: home, TMPDIR: home } },
    );
    assert.equal(done.exitCode, 0, done.stdout.slice(-4_000));
    const passed = Number(/^# pass ([0-9]+)$/m.exec(done.stdout)?.[1]);
    const skipped = /# SKIP (.*)$/m.exec(done.stdout)?.[1];
    assert.ok(passed >= 20, `too few tests ran (${passed})${skipped === undefined ? '' : `: ${skipped}`}`);
  } finally {
    rmSync(home, { recursive: true });
  }
});
