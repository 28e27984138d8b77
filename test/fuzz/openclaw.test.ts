import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzConfigurations } from './openclaw.ts';

test('mutated and hostile OpenClaw configurations end in diagnostics, or in a sound policy', (t) => {
  const { failures, ...figures } = fuzzConfigurations(2000, 20261122);
  t.diagnostic(JSON.stringify(figures));
  assert.deepEqual(failures, []);
  assert.ok(figures.written > 200 && figures.read > 500, 'the mutations leave too little for the deeper parts');
  assert.ok(figures.peakMemoryMiB < 1024, `${figures.peakMemoryMiB} MiB`);
});
