import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type Box, type Cell, disjointCells, type Interval } from './cells.ts';

function box(flow: string, order: number, ...fields: readonly (readonly [number, number])[]): Box {
  return { flow, order, fields: fields.map(([first, last]) => ({ first: BigInt(first), last: BigInt(last) })) };
}

function text(cells: readonly Cell[]): string[] {
  const interval = ({ first, last }: Interval): string => (first === last ? `${first}` : `${first}-${last}`);
  return cells.map((cell) => `${cell.fields.map(interval).join(' . ')} : ${cell.flows.join(',')}`);
}

describe('disjointCells', () => {
  const cases: readonly {
    readonly title: string;
    readonly boxes: readonly Box[];
    readonly cells: readonly string[];
  }[] = [
    { title: 'nothing', boxes: [], cells: [] },
    {
      title: 'boxes that do not touch are left whole, in order',
      boxes: [box('b', 1, [20, 29], [443, 443]), box('a', 0, [0, 9], [443, 443])],
      cells: ['0-9 . 443 : a', '20-29 . 443 : b'],
    },
    {
      title: 'another port cuts no addresses',
      boxes: [box('a', 0, [0, 100], [443, 443]), box('b', 1, [50, 60], [80, 80])],
      cells: ['50-60 . 80 : b', '0-100 . 443 : a'],
    },
    {
      title: 'an overlap belongs to both, the first in policy order first',
      boxes: [box('b', 1, [5, 14], [443, 443]), box('a', 0, [0, 9], [443, 443])],
      cells: ['0-4 . 443 : a', '5-9 . 443 : a,b', '10-14 . 443 : b'],
    },
    {
      title: 'ports that overlap in part are cut into three',
      boxes: [box('a', 0, [0, 9], [1, 100]), box('b', 1, [0, 9], [50, 150])],
      cells: ['0-9 . 1-49 : a', '0-9 . 50-100 : a,b', '0-9 . 101-150 : b'],
    },
    {
      title: 'a flow twice is once',
      boxes: [box('a', 0, [0, 9], [1, 1]), box('a', 0, [3, 5], [1, 1])],
      cells: ['0-9 . 1 : a'],
    },
  ];
  for (const { title, boxes, cells } of cases) {
    it(title, () => assert.deepEqual(text(disjointCells(boxes, true)), cells));
  }

  it('joins what only the flows behind the first would tell apart', () => {
    const boxes = [box('a', 0, [0, 9], [443, 443]), box('b', 1, [3, 5], [443, 443])];
    assert.deepEqual(text(disjointCells(boxes, false)), ['0-9 . 443 : a']);
  });

  it('agrees with a dumb model point by point, over a tiny universe', () => {
    const side = fc.tuple(fc.nat(7), fc.nat(7)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
    const boxes = fc
      .array(fc.tuple(side, side, side), { maxLength: 8 })
      .map((list) => list.map((fields, order) => box(`f${order}`, order, ...fields)));
    fc.assert(
      fc.property(boxes, (given) => {
        const cells = disjointCells(given, true);
        for (let point = 0; point < 512; point++) {
          const at = [BigInt(point & 7), BigInt((point >> 3) & 7), BigInt(point >> 6)];
          const holds = ({ fields }: { readonly fields: readonly Interval[] }): boolean =>
            fields.every(({ first, last }, index) => first <= at[index]! && at[index]! <= last);
          const found = cells.filter(holds);
          const expected = given.filter(holds).map((each) => each.flow);
          assert.ok(found.length <= 1, 'cells are disjoint');
          assert.deepEqual(found[0]?.flows ?? [], expected);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('stays near-linear: one wide box over ten thousand narrow ones', () => {
    const narrow = Array.from({ length: 10_000 }, (_, at) => box(`f${at}`, at + 1, [at * 10, at * 10 + 3], [443, 443]));
    assert.equal(disjointCells([box('wide', 0, [0, 200_000], [443, 443]), ...narrow], true).length, 20_000);
  });
});
