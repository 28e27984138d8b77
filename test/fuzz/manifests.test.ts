import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzManifests } from './manifests.ts';

test('mutated and hostile manifests end in a cluster and diagnostics', (t) => {
  const { failures, ...figures } = fuzzManifests(600, 20261126);
  t.diagnostic(JSON.stringify(figures));
  assert.deepEqual(failures, []);
  assert.ok(figures.accepted > 50 && figures.understood > 200, 'the mutations leave too little to understand');
});
