import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { describe, test } from 'node:test';
import { BoxList } from '../../bench/lib/box-list.ts';
import { interleaved, median, spread } from '../../bench/lib/measure.ts';
import { destination, policyText, syslogDestinations } from '../../bench/lib/policies.ts';
import { ratios } from '../../bench/lib/ratios.ts';
import { filesOf, read } from './tree.ts';

describe('the benches', () => {
  test('are all listed with their question', () => {
    const listed = [...read('bench/README.md').matchAll(/^\| `([a-z-]+)` +\|/gm)].map((match) => match[1]!);
    const files = filesOf('bench/*.ts').map((path) => basename(path, '.ts'));
    assert.deepEqual(listed.toSorted(), files);
  });

  test('take the middle of what they measured', () => {
    assert.equal(median([9, 1, 5]), 5);
    assert.equal(median([4, 1, 2, 9]), 3);
    assert.equal(spread([10, 10, 10]), 0);
    assert.throws(() => median([]), RangeError);
  });

  test('beside an earlier commit tell how much less, or more, they measured', () => {
    const finding = (title: string, columns: readonly string[], ...rows: (readonly (string | number)[])[]) => [
      { title, columns, rows },
    ];
    const columns = ['rules', 'seconds', 'found', 'times', 'new'];
    const now = [0.5, 0.4, 9.5].map((seconds) =>
      finding('how long', columns, [10, seconds, 7, 1.5, 0.5], ['none', '', 0, 1.5, 0.5]),
    );
    const then = [1.5, 0.25].map((seconds) =>
      finding('how long', ['rules', 'seconds', 'found', 'times'], [10, seconds, 8, 2.5]),
    );
    assert.deepEqual(
      ratios(now, then).map((each) => [each.title, each.columns, each.rows]),
      [['how long', ['rules', 'seconds', 'new'], [[10, 0.5 / 0.875, '']]]],
    );
    assert.deepEqual(ratios(now, [finding('another question', columns, [10, 1.5, 7, 1.5, 0.5])]), []);
  });

  test('let contestants take turns', async () => {
    const order: string[] = [];
    const contestant = (name: string) => () => order.push(name);
    const figures = await interleaved({ a: contestant('a'), b: contestant('b') }, 2);
    assert.deepEqual(order, ['a', 'b', 'a', 'b']);
    assert.deepEqual(figures, { a: [1, 3], b: [2, 4] });
  });

  test('make policies whose destinations are all different', () => {
    for (const family of [4, 6] as const) {
      const made = new Set(Array.from({ length: 20_000 }, (_, index) => destination(family, index)));
      assert.equal(made.size, 20_000);
    }
    assert.equal(policyText('agent', 3).match(/name: flow-/g)?.length, 3);
  });

  test('send only where the policy lets syslog through', () => {
    const policy = policyText('lan', 1_000).split('\n');
    const made = syslogDestinations(4, 1_000, 16);
    assert.equal(new Set(made).size, 16);
    for (const address of made) {
      const line = policy.find((text) => text.includes(`"${address}"`));
      assert.match(line ?? '', /service: udp\/514/);
    }
  });

  test('compare with a list of boxes that is right', () => {
    const box = (first: number, last: number, low: number, high: number) => [
      { first, last },
      { first: low, last: high },
    ];
    const holed = new BoxList().union(box(0, 9, 0, 9)).subtract(new BoxList([box(3, 5, 4, 4)]));
    const inside = (x: number, y: number) =>
      holed.boxes.filter(([a, b]) => a!.first <= x && x <= a!.last && b!.first <= y && y <= b!.last).length;
    for (let x = -1; x <= 10; x++) {
      for (let y = -1; y <= 10; y++) {
        const expected = x >= 0 && x <= 9 && y >= 0 && y <= 9 && !(x >= 3 && x <= 5 && y === 4);
        assert.equal(inside(x, y), expected ? 1 : 0, `${x}, ${y}`);
      }
    }
  });
});
