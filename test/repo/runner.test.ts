import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, describe, test } from 'node:test';
import { ROOT } from './tree.ts';

const folder = mkdtempSync(join(tmpdir(), 'portcullis-runner-'));
after(() => rmSync(folder, { recursive: true }));

describe('the test runner', () => {
  test('counts what passed and what was skipped, with the reason', () => {
    const outcome = runTests('good', [
      "test('holds', () => {});",
      "describe('group', () => { it('too', () => {}); it('needs more', { skip: 'no kernel here' }, () => {}); });",
    ]);
    assert.equal(outcome.lastLine, '2 passed, 0 failed, 1 skipped');
    assert.match(outcome.text, /skipped: no kernel here\n {2}.*good\.test\.ts:3 group > needs more/);
    assert.equal(outcome.status, 0);
  });

  test('tells each failure with its place, once', () => {
    const outcome = runTests('bad', [
      "describe('group', () => { it('compares', () => assert.equal(1, 2)); it('holds', () => {}); });",
    ]);
    assert.equal(outcome.lastLine, '1 passed, 1 failed, 0 skipped');
    assert.match(outcome.text, /failed: group > compares\n {2}at .*bad\.test\.ts:2\n[\s\S]*1 !== 2/);
    assert.equal(outcome.status, 1);
  });

  for (const { name, lines, says } of [
    { name: 'a file without a test', lines: [], says: /failed: .*\n.*\n {4}this file has no test/ },
    { name: 'a skip without a reason', lines: ["test.skip('later', () => {});"], says: /skipped without a reason/ },
    { name: 'a test that is left for later', lines: ["test.todo('later');"], says: /skipped without a reason/ },
    { name: 'a file that cannot be loaded', lines: ["import './none.ts';"], says: /Cannot find module .*none\.ts/ },
    { name: 'a file that ends early', lines: ["test('x', () => {});", 'process.exit(3);'], says: /1 failed/ },
  ]) {
    test(`takes ${name} as a failure`, () => {
      const outcome = runTests('odd', lines);
      assert.match(outcome.text, says);
      assert.equal(outcome.status, 1);
    });
  }

  test('tries again what failed beside other work, where time is real, and tells of it', () => {
    const marker = join(folder, 'tried');
    const lines = [
      "import { existsSync, writeFileSync } from 'node:fs';",
      `test('unsteady', () => { const again = existsSync('${marker}'); writeFileSync('${marker}', ''); assert.ok(again, 'not yet'); });`,
      "test('holds', () => {});",
    ];
    const steady = runTests('steady', lines);
    assert.equal(steady.lastLine, '1 passed, 1 failed, 0 skipped');
    rmSync(marker);
    const again = runTests('unsteady', lines, folder);
    assert.equal(again.lastLine, '2 passed, 0 failed, 0 skipped');
    assert.match(again.text, /\nfailed at first, and was tried again with nothing beside it: unsteady\n[\s\S]*not yet/);
    assert.equal(again.status, 0);
    const broken = runTests('broken', ["test('never', () => assert.fail());"], folder);
    assert.equal(broken.lastLine, '0 passed, 1 failed, 0 skipped');
    assert.match(broken.text, /\nfailed at first.*: never\n[\s\S]*\nfailed: never\n/);
    assert.equal(broken.status, 1);
  });

  test('tries again the file that was run, wherever its test is written', () => {
    const marker = join(folder, 'tried-shared');
    const shared = [
      "import { existsSync, writeFileSync } from 'node:fs'; import { test } from 'node:test';",
      'export function suite(): void {',
      `  test('unsteady', () => { const again = existsSync('${marker}'); writeFileSync('${marker}', ''); if (!again) throw new Error('not yet'); });`,
      '}',
    ];
    writeFileSync(join(folder, 'shared-suite.ts'), shared.join('\n'));
    const again = runTests('sharing', ["import { suite } from './shared-suite.ts';", 'suite();'], folder);
    assert.equal(again.lastLine, '1 passed, 0 failed, 0 skipped');
    assert.match(again.text, /: unsteady\n {2}at .*shared-suite\.ts:3, run by .*sharing\.test\.ts\n/);
  });

  test('takes no test at all as a failure', () => {
    const outcome = run(mkdtempSync(join(folder, 'empty-')));
    assert.equal(outcome.lastLine, '0 passed, 1 failed, 0 skipped');
    assert.equal(outcome.status, 1);
  });

  test('says which path is not there', () => {
    const outcome = run('no/such/folder');
    assert.match(outcome.text, /there is no `no\/such\/folder`/);
    assert.equal(outcome.status, 2);
  });
});

/** @param paced the folder whose files get a second try */
function runTests(name: string, lines: readonly string[], paced?: string) {
  const file = join(folder, `${name}.test.ts`);
  const imports = "import { describe, it, test } from 'node:test'; import assert from 'node:assert/strict';";
  writeFileSync(file, [imports, ...lines, 'export { assert, describe, it, test };', ''].join('\n'));
  return run(file, paced);
}

function run(path: string, paced?: string): { text: string; lastLine: string; status: number | null } {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env; // a runner inside a runner refuses to run
  const { stdout, stderr, status } = spawnSync(process.execPath, [resolve(ROOT, 'scripts/test.ts'), path], {
    encoding: 'utf8',
    env: paced === undefined ? env : { ...env, PORTCULLIS_PACED: paced },
    timeout: 60_000,
  });
  return { text: stdout + stderr, lastLine: stdout.trimEnd().split('\n').at(-1) ?? '', status };
}
