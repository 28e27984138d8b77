import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzRulesets } from './nftables.ts';

test('mutated and hostile rulesets are read whole, or refused with a place', (t) => {
  const { failures, ...figures } = fuzzRulesets(3000, 20261122);
  t.diagnostic(JSON.stringify(figures));
  assert.deepEqual(failures, []);
  assert.ok(figures.read > 200 && figures.opaque > 20, 'the mutations leave too little for the deeper parts');
  assert.ok(figures.peakMemoryMiB < 1024, `${figures.peakMemoryMiB} MiB`);
});
