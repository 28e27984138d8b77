import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzDns } from './dns.ts';

test('mutated messages of clients and upstreams end in a decision, and are believed no further than they answer', (t) => {
  const { failures, ...figures } = fuzzDns(20_000, 20261126);
  t.diagnostic(JSON.stringify(figures));
  assert.deepEqual(failures, []);
  assert.ok(figures.refused > 1_000 && figures.believed > 1_000, 'the mutations leave too little for the deeper parts');
  assert.ok(figures.answered > 10, 'no answer without an error');
});
