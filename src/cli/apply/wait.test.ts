import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConfirmedChange, RequestKind, Requests } from '../../enforcer/protocol.ts';
import { type EndedBy, takeBack } from './wait.ts';

const AT = '2026-11-26T07:00:00.000Z';
const BEGUN = { by: { name: 'alice' }, at: AT, policyHash: 'ab', summary: 'web: opens 1, closes 0' };
const CHANGE: ConfirmedChange = { ...BEGUN, number: 2, confirmedAt: AT };

/** An enforcer that has nothing to take back: somebody ended the change a moment before. */
function endedBefore(history: readonly ConfirmedChange[]): EndedBy {
  const answers: { readonly [K in RequestKind]?: Requests[K]['answer'] } = {
    revert: { outcome: 'nothing-to-do', warnings: [] },
    state: { history, boot: { mechanism: 'systemd', enabled: true, detail: '' }, problems: [] },
  };
  return {
    person: BEGUN.by,
    ask: async (kind) => answers[kind] ?? assert.fail(`nobody expected to be asked for ${kind}`),
  };
}

test('what was confirmed a moment before it would be taken back is permanent', async () => {
  const found = await takeBack(endedBefore([CHANGE]), AT, 'nobody confirmed it in time');
  assert.deepEqual(found, { outcome: 'permanent', change: CHANGE, warnings: [] });
});

test('what was taken back a moment before was taken back', async () => {
  const earlier = { ...CHANGE, number: 1, at: '2026-11-25T07:00:00.000Z' };
  const found = await takeBack(endedBefore([earlier]), AT, 'nobody confirmed it in time');
  assert.deepEqual(found, { outcome: 'reverted', why: 'it was taken back', warnings: [] });
});
