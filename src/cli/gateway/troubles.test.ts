import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Troubles } from './troubles.ts';

test('troubles are told once each, with their last time, and for an hour', () => {
  let now = Date.UTC(2026, 10, 26, 12);
  const troubles = new Troubles(() => now);
  troubles.note('the disk is full');
  now += 30 * 60_000;
  troubles.note('a connection was refused');
  troubles.note('the disk is full');
  assert.deepEqual(troubles.lately, [
    'a connection was refused (2026-11-26T12:30:00.000Z)',
    'the disk is full (2026-11-26T12:30:00.000Z)',
  ]);
  now += 60 * 60_000;
  assert.deepEqual(troubles.lately, []);
  for (let at = 0; at < 30; at++) troubles.note(`trouble ${at}`);
  assert.equal(troubles.lately.length, 20);
  assert.match(troubles.lately[0] ?? '', /^trouble 10 /);
  troubles.forget();
  assert.deepEqual(troubles.lately, []);
});
