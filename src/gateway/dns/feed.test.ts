import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatAddress } from '../../net/index.ts';
import { AddressFeed, type OpenedAddress } from './feed.ts';
import { address } from './world.fixture.ts';

interface Feed {
  readonly feed: AddressFeed;
  readonly written: string[];
  readonly clock: { now: number };
  readonly pending: { readonly resolve: () => void; readonly reject: (error: Error) => void }[];
}

function feedOf({ waits = false, mostAddresses = 100 } = {}): Feed {
  const written: string[] = [];
  const pending: Feed['pending'] = [];
  const clock = { now: 0 };
  const put = (entries: readonly OpenedAddress[]): Promise<void> => {
    written.push(...entries.map((each) => `${each.group} ${formatAddress(each.address)} ${each.seconds}`));
    return waits ? new Promise((resolve, reject) => pending.push({ resolve, reject })) : Promise.resolve();
  };
  const feed = new AddressFeed({
    sink: { put },
    graceSeconds: 60,
    mostSeconds: 4_000,
    mostAddresses,
    now: () => clock.now,
  });
  return { feed, written, clock, pending };
}

const A = [address('93.0.0.1')];

describe('addresses on their way to the kernel', () => {
  test('are written for the rest of their time and the grace, clamped', async () => {
    const { feed, written } = feedOf();
    await feed.open(['one', 'two'], [...A, address('2606::1')], 10_001);
    await feed.open(['three'], A, 1e12);
    assert.deepEqual(written, [
      'one 93.0.0.1 71',
      'one 2606::1 71',
      'two 93.0.0.1 71',
      'two 2606::1 71',
      'three 93.0.0.1 4000',
    ]);
  });

  test('never get less time than they were given before', async () => {
    const { feed, written, clock } = feedOf();
    await feed.open(['one'], A, 300_000);
    clock.now = 5_000;
    await feed.open(['one'], A, 6_000);
    clock.now = 6_000;
    await feed.open(['one'], A, 400_000);
    assert.deepEqual(written, ['one 93.0.0.1 360', 'one 93.0.0.1 355', 'one 93.0.0.1 454']);
  });

  test('are relied upon for five seconds, and not when they were forgotten', async () => {
    const { feed, written, clock } = feedOf();
    assert.equal(await feed.open(['one'], A, 300_000), 5_000);
    clock.now = 4_999;
    assert.equal(await feed.open(['one'], A, 300_000), 5_000);
    assert.equal(written.length, 1);
    feed.forget();
    await feed.open(['one'], A, 300_000);
    assert.equal(written.length, 2);
  });

  test('that somebody else writes already are waited for, and fail for all who do', async () => {
    for (const fails of [false, true]) {
      const { feed, written, pending } = feedOf({ waits: true });
      const outcomes: string[] = [];
      const all = [1, 2, 3].map(() =>
        feed.open(['one'], A, 1_000).then(
          () => outcomes.push('open'),
          () => outcomes.push('not'),
        ),
      );
      await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual([written.length, outcomes.length], [1, 0]);
      if (fails) pending[0]?.reject(new Error('the set is full'));
      else pending[0]?.resolve();
      await Promise.all(all);
      assert.deepEqual(
        outcomes,
        Array.from({ length: 3 }, () => (fails ? 'not' : 'open')),
      );
      void feed.open(['one'], A, 1_000);
      assert.equal(written.length, fails ? 2 : 1, 'what failed is tried again');
    }
  });

  test('are bounded, and make room when their time is over', async () => {
    const { feed, clock } = feedOf({ mostAddresses: 4 });
    const many = Array.from({ length: 4 }, (_, at) => address(`93.0.1.${at}`));
    await feed.open(['one'], many, 1_000);
    await assert.rejects(feed.open(['one'], A, 1_000), /too many addresses/);
    clock.now = 61_000;
    await feed.open(['one'], A, 62_000);
  });
});
