import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, describe, test } from 'node:test';
import { ROOT } from './tree.ts';

const folder = mkdtempSync(join(tmpdir(), 'portcullis-laws-'));
after(() => rmSync(folder, { recursive: true }));

describe('laws', () => {
  test('are tried with the same values by each run of the tests', () => {
    const runs = ['first', 'second'].map((name) => {
      const seen = join(folder, name);
      const lines = [
        "import { appendFileSync } from 'node:fs';",
        `test('law', () => fc.assert(fc.property(fc.string(), (value) => appendFileSync('${seen}', value))));`,
      ];
      const { status } = run('test.ts', [law(`${name}.test.ts`, lines)]);
      assert.equal(status, 0);
      return readFileSync(seen, 'utf8');
    });
    assert.ok((runs[0] ?? '').length > 100);
    assert.equal(runs[0], runs[1]);
  });

  const asked = (property: string) =>
    `test('law', () => fc.assert(fc.property(fc.nat(9_999), ${property}), { numRuns: 10 }));`;

  test('are tried by the soak until it finds what a run of the tests does not', () => {
    const file = law('rare.test.ts', [asked('(value) => value !== 4_711')]);
    assert.equal(run('test.ts', [file]).status, 0);
    const { status, stdout } = run('soak-laws.ts', ['--seconds', '60', file]);
    assert.equal(status, 1);
    assert.match(stdout, /Property failed after \d+ tests\n.*\n.*Counterexample: \[4711\]/);
    assert.match(stdout, /"holds": false/);
  });

  test('are all asked for a result that is kept, and are there', () => {
    const file = law('kept.test.ts', [asked('(value) => value < 10_000')]);
    const kept = run('soak-laws.ts', ['--write', file]);
    assert.deepEqual([kept.status, kept.stdout], [2, '']);
    assert.match(kept.stderr, /^`--write` keeps a result of all laws/);
    const absent = run('soak-laws.ts', ['none.ts']);
    assert.deepEqual([absent.status, absent.stderr], [2, 'there is no `none.ts`; give test files or folders\n']);
    const lawless = join(folder, 'lawless.test.ts');
    writeFileSync(lawless, "import { test } from 'node:test'; test('holds', () => {});");
    assert.equal(run('soak-laws.ts', [lawless]).status, 0);
  });

  test('are counted by the soak, for as long as it was asked to', () => {
    const file = law('sound.test.ts', [
      asked('(value) => value < 10_000'),
      "test('at once', async () => fc.assert(fc.asyncProperty(fc.nat(), async (value) => value >= 0), { numRuns: 10 }));",
      "test('by its own seed', () => fc.assert(fc.property(fc.nat(), (value) => value >= 0), { seed: 7, numRuns: 10 }));",
    ]);
    const { status, stdout } = run('soak-laws.ts', ['--seed', '5', '--seconds', '1', file]);
    assert.equal(status, 0, stdout);
    const { seed, laws } = JSON.parse(stdout.slice(stdout.indexOf('{')));
    const [first, second, third] = Object.values<number>(laws);
    assert.equal(seed, 5);
    assert.ok((first ?? 0) > 100 && (second ?? 0) > 100, stdout);
    assert.equal(third, 10);
  });
});

/** A test file with laws; `fast-check` is there as it is for our own. */
function law(name: string, lines: readonly string[]): string {
  const file = join(folder, name);
  writeFileSync(file, ["import fc from 'fast-check'; import { test } from 'node:test';", ...lines].join('\n'));
  return file;
}

function run(script: string, args: readonly string[]) {
  // A test file that runs tests has the runner's own settings in its environment.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  return spawnSync(process.execPath, [resolve(ROOT, 'scripts', script), ...args], { encoding: 'utf8', env });
}
