import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzPolicies } from './policy.ts';

test('mutated and hostile policies end in diagnostics', (t) => {
  const { failures, ...figures } = fuzzPolicies(3000, 20261122);
  t.diagnostic(JSON.stringify(figures));
  assert.deepEqual(failures, []);
  assert.ok(figures.accepted > 20 && figures.loaded > 300, 'the mutations leave too little for the deeper parts');
  assert.ok(figures.peakMemoryMiB < 1024, `${figures.peakMemoryMiB} MiB`);
});
