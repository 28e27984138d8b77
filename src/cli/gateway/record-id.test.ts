import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newRecordId } from './record-id.ts';

test('what a record is called can be typed behind a command, and is its own', () => {
  const ids = Array.from({ length: 1_000 }, newRecordId);
  assert.deepEqual(
    ids.filter((id) => !/^[a-z0-9]+$/.test(id)), // one in 64 of base64url begins with a dash
    [],
  );
  assert.equal(new Set(ids).size, ids.length);
});
