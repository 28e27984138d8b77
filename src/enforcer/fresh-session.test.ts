import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyNotFresh } from './fresh-session.ts';

const OLD = '203.0.113.9 50000 192.0.2.1 22';
const FRESH = '203.0.113.9 50001 192.0.2.1 22';

test('only a session that began after the change shows that one can still get in', () => {
  const overSsh = { meta: { by: { name: 'alice', session: OLD, startedAt: 90 } }, beganAt: 100 };
  const console = { meta: { by: { name: 'alice', startedAt: 90 } }, beganAt: 100 };
  const ask = (startedAt: number | undefined, session?: string) => ({
    name: 'alice',
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(session === undefined ? {} : { session }),
  });
  assert.equal(whyNotFresh(ask(101, FRESH), overSsh), undefined);
  assert.match(whyNotFresh(ask(90, OLD), overSsh) ?? '', /open before the change/);
  assert.match(whyNotFresh(ask(99, FRESH), overSsh) ?? '', /open before the change/);
  assert.match(whyNotFresh(ask(101, OLD), overSsh) ?? '', /the one that the change was begun in/); // a new pane of tmux
  assert.match(whyNotFresh(ask(101), overSsh) ?? '', /no SSH session/);
  assert.match(whyNotFresh(ask(undefined, FRESH), overSsh) ?? '', /not known/);
  assert.equal(whyNotFresh(ask(101), console), undefined);
  assert.match(whyNotFresh(ask(90), console) ?? '', /open before/);
});
