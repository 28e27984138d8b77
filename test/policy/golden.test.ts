import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { renderDiagnostic } from '../../src/diagnostic/index.ts';
import { type DockerFacts, readDocker } from '../../src/docker/index.ts';
import { loadPolicy, POLICY_PROBLEMS } from '../../src/policy/index.ts';
import { RESOLVE_PROBLEMS, resolvePolicy } from '../../src/resolve/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { context, readerOf } from './support.ts';

/**
 * Each policy in golden/ beside the diagnostics that a person gets for it. `UPDATE_GOLDEN=1` writes them anew; read the
 * difference before you keep it.
 */
const folder = new URL('golden/', import.meta.url);
const cases = globSync('*.yaml', { cwd: folder }).sort();

/** What Docker runs, where a policy has such a file beside it. */
function containersOf(file: string): DockerFacts | undefined {
  const listed = new URL(file.replace(/yaml$/, 'docker.json'), folder);
  if (!existsSync(listed)) return undefined;
  return readDocker([new SourceFile(listed.pathname, readFileSync(listed, 'utf8'))]).facts;
}

function told(file: string): string {
  const { policy, diagnostics } = loadPolicy(file, readerOf(folder));
  const containers = () => containersOf(file);
  const resolved = policy === undefined ? [] : resolvePolicy(policy, { ...context, containers }).diagnostics;
  return `${[...diagnostics, ...resolved].map((each) => renderDiagnostic(each)).join('\n\n')}\n`;
}

describe('diagnostics of a policy', () => {
  for (const file of cases) {
    test(file, () => {
      const golden = new URL(file.replace(/yaml$/, 'txt'), folder);
      const actual = told(file);
      if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden, actual);
      assert.ok(existsSync(golden), `${golden.pathname} is missing; write it with UPDATE_GOLDEN=1`);
      assert.equal(actual, readFileSync(golden, 'utf8'));
    });
  }

  test('shows each kind at least once', () => {
    const shown = cases.map(told).join('\n');
    const bounds = ['tooLarge', 'tooManyProblems', 'tooManyRemarks', 'includeLimit', 'tooDeep']; // need large files: see limits.test.ts
    const unseen = Object.entries({ ...POLICY_PROBLEMS, ...RESOLVE_PROBLEMS }).filter(
      ([name, { code }]) => !shown.includes(`[${code}]`) && !bounds.includes(name),
    );
    assert.deepEqual(
      unseen.map(([name]) => name),
      [],
    );
  });

  test('codes are unique', () => {
    const codes = [...Object.values(POLICY_PROBLEMS), ...Object.values(RESOLVE_PROBLEMS)].map(({ code }) => code);
    assert.deepEqual(codes.toSorted(), [...new Set(codes)].sort());
  });
});
