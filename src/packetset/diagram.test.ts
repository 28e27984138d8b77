import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { balanced } from './balanced.ts';
import { DiagramStore } from './diagram.ts';
import { DiagramTooLarge } from './limits.ts';
import { packetReaching, valueAt } from './transform.ts';

// A universe of two dimensions of three values: nine points, so a set is nine bits and all 512 sets can be tried.
const VALUES = 3;
const POINTS = VALUES * VALUES;
const SETS = 2 ** POINTS;

function diagramOf(store: DiagramStore, bits: number): number {
  const rows = Array.from({ length: VALUES }, (_, x) =>
    store.node(
      1,
      Array.from({ length: VALUES }, (_, y): [number, number] => [y, (bits >> (x * VALUES + y)) & 1]),
    ),
  );
  return store.node(
    0,
    rows.map((row, x): [number, number] => [x, row]),
  );
}

describe('a diagram store against bit masks, exhaustively', () => {
  const store = new DiagramStore();
  const nodes = Array.from({ length: SETS }, (_, bits) => diagramOf(store, bits));

  it('has one node for each set', () => {
    assert.equal(new Set(nodes).size, SETS);
    assert.equal(nodes[0], 0);
    assert.equal(nodes[SETS - 1], 1);
  });

  it('unites, intersects and subtracts every pair', () => {
    for (let a = 0; a < SETS; a++) {
      for (let b = 0; b < SETS; b++) {
        if (store.substitute(0, nodes[a]!, nodes[b]!) !== nodes[a | b]) assert.fail(`${a} ∪ ${b}`);
        if (store.substitute(1, nodes[a]!, nodes[b]!) !== nodes[a & b]) assert.fail(`${a} ∩ ${b}`);
        if (store.minus(nodes[a]!, nodes[b]!) !== nodes[a & ~b & (SETS - 1)]) assert.fail(`${a} \\ ${b}`);
      }
    }
  });

  it('knows of every pair whether it meets', () => {
    for (let a = 0; a < SETS; a++)
      for (let b = 0; b < SETS; b++)
        if (store.intersects(nodes[a]!, nodes[b]!) !== ((a & b) !== 0)) assert.fail(`${a} meets ${b}`);
  });

  it('knows of every set whether it reaches some terminals of a function, and by which packet', () => {
    // Each point leads to the remainder of its number: 0, 1, 2, 0, 1, 2, ...
    const row = (x: number): number =>
      store.node(
        1,
        [0, 1, 2].map((y): [number, number] => [y, (x + y) % 3]),
      );
    const f = store.node(
      0,
      [0, 1, 2].map((x): [number, number] => [x, row(x)]),
    );
    for (let set = 0; set < SETS; set++) {
      for (let terminals = 0; terminals < 8; terminals++) {
        const expected = Array.from({ length: POINTS }, (_, point) => point).some(
          (point) => (set >> point) & 1 && (terminals >> ((Math.floor(point / VALUES) + (point % VALUES)) % 3)) & 1,
        );
        if (store.someReach(nodes[set]!, f, terminals) !== expected) assert.fail(`${set} reaches ${terminals}`);
        const packet = packetReaching(store, nodes[set]!, f, terminals);
        assert.equal(packet !== undefined, expected);
        if (packet === undefined) continue;
        if (valueAt(store, nodes[set]!, packet) !== 1) assert.fail(`the packet is not in ${set}`);
        if (((terminals >> valueAt(store, f, packet)) & 1) === 0)
          assert.fail(`the packet does not lead to ${terminals}`);
      }
    }
  });

  it('follows a value to where it leads', () => {
    for (let bits = 0; bits < SETS; bits += 7) {
      for (let point = 0; point < POINTS; point++) {
        const end = store.follow(store.follow(nodes[bits]!, 0, Math.floor(point / VALUES)), 1, point % VALUES);
        assert.equal(end, (bits >> point) & 1);
      }
    }
  });
});

describe('a diagram with several terminals', () => {
  it('joins rule lists associatively, whichever way they are bracketed', () => {
    const store = new DiagramStore();
    // Rules over one dimension of five values: value -> terminal, 0 where undecided.
    const rule = (...outcomes: number[]): number =>
      store.node(
        0,
        outcomes.map((outcome, value): [number, number] => [value, outcome]),
      );
    const rules = [rule(0, 2, 0, 0, 0), rule(1, 1, 1, 0, 0), rule(3, 3, 3, 3, 0), rule(0, 0, 0, 2, 0)];
    const next = (f: number, g: number): number => store.substitute(0, f, g);
    const expected = rule(1, 2, 1, 3, 0);
    assert.equal(rules.reduce(next), expected);
    assert.equal(
      rules.reduceRight((late, early) => next(early, late)),
      expected,
    );
    assert.equal(balanced(rules, 0, next), expected);
  });

  it('renames terminals', () => {
    const store = new DiagramStore();
    const node = store.node(0, [
      [3, 2],
      [9, 3],
    ]);
    assert.equal(
      store.remap(node, [0, 1, 0, 1]),
      store.node(0, [
        [3, 0],
        [9, 1],
      ]),
    );
    assert.equal(store.remap(node, [0, 1, 1, 1]), 1);
  });

  it('says when it is full instead of taking the machine with it', () => {
    const store = new DiagramStore({ maxNodes: 40 });
    assert.throws(() => {
      for (let value = 0; value < 100; value++)
        store.node(0, [
          [value, 0],
          [1000, 1],
        ]);
    }, DiagramTooLarge);
  });
});
