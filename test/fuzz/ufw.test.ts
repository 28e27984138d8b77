import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzUfw } from './ufw.ts';

test('mutated and hostile texts of ufw are read whole, or refused', (t) => {
  const { failures, ...figures } = fuzzUfw(800, 20261126);
  t.diagnostic(JSON.stringify(figures));
  assert.deepEqual(failures, []);
  assert.ok(figures.read > 0.2 * figures.inputs, 'hardly anything is read any more');
});
