import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzIptables } from './iptables.ts';

test('mutated and hostile texts of iptables are read whole, or refused with a place', (t) => {
  const { failures, ...figures } = fuzzIptables(3000, 20261125);
  t.diagnostic(JSON.stringify(figures));
  assert.deepEqual(failures, []);
  assert.ok(figures.read > 0.2 * figures.inputs, 'hardly anything is read any more');
  assert.ok(figures.opaque > 0.02 * figures.inputs, 'hardly anything is left open');
});
