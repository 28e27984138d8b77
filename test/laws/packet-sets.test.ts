import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { boxes, HeaderSpace, type PacketSet } from '../../src/packetset/index.ts';
import { includes, matches, packetsOf, sampleFlow } from '../../src/semantics/index.ts';
import { flowArbitrary, matchArbitrary } from './arbitraries.ts';

/** Checks a law of three sets, given as an equation. */
function law(
  name: string,
  equation: (a: PacketSet, b: PacketSet, c: PacketSet) => readonly [PacketSet, PacketSet],
): void {
  it(name, () => {
    fc.assert(
      fc.property(matchArbitrary, matchArbitrary, matchArbitrary, (a, b, c) => {
        const space = new HeaderSpace();
        const [left, right] = equation(packetsOf(space, a), packetsOf(space, b), packetsOf(space, c));
        assert.ok(left.equals(right));
      }),
      { numRuns: 150 },
    );
  });
}

describe('laws of packet sets', () => {
  law('a ∪ b = b ∪ a', (a, b) => [a.union(b), b.union(a)]);
  law('a ∪ (b ∪ c) = (a ∪ b) ∪ c', (a, b, c) => [a.union(b.union(c)), a.union(b).union(c)]);
  law('a ∪ (a ∩ b) = a', (a, b) => [a.union(a.intersect(b)), a]);
  law('a ∩ (b ∪ c) = (a ∩ b) ∪ (a ∩ c)', (a, b, c) => [a.intersect(b.union(c)), a.intersect(b).union(a.intersect(c))]);
  law('¬(a ∪ b) = ¬a ∩ ¬b', (a, b) => [a.union(b).complement(), a.complement().intersect(b.complement())]);
  law('a \\ b = a ∩ ¬b', (a, b) => [a.subtract(b), a.intersect(b.complement())]);
  law('¬¬a = a', (a) => [a.complement().complement(), a]);
  law('a ∪ ¬a = everything', (a) => [a.union(a.complement()), a.space.everything()]);
  law('a ∩ ¬a = nothing', (a) => [a.intersect(a.complement()), a.space.nothing()]);

  it('a ⊇ b ⇔ a ∪ b = a', () => {
    fc.assert(
      fc.property(matchArbitrary, matchArbitrary, (left, right) => {
        const space = new HeaderSpace();
        const [a, b] = [packetsOf(space, left), packetsOf(space, right)];
        assert.equal(a.contains(b), a.union(b).equals(a));
      }),
    );
  });

  it('hold exactly the packets that the match matches', () => {
    fc.assert(
      fc.property(matchArbitrary, fc.array(flowArbitrary, { minLength: 1, maxLength: 20 }), (match, flows) => {
        const set = packetsOf(new HeaderSpace(), match);
        for (const flow of flows) assert.equal(includes(set, flow), matches(match, flow));
      }),
      { numRuns: 500 },
    );
  });

  it('are the disjoint union of their boxes', () => {
    fc.assert(
      fc.property(matchArbitrary, (match) => {
        const space = new HeaderSpace();
        const set = packetsOf(space, match);
        let rebuilt = space.nothing();
        for (const box of boxes(set)) {
          assert.ok(box.exact);
          let part = space.everything();
          if (box.family !== undefined)
            part = part.intersect(
              space.numbers('family', [{ first: box.family === 4 ? 0 : 1, last: box.family === 4 ? 0 : 1 }]),
            );
          for (const [name, ranges] of box.numbers) part = part.intersect(space.numbers(name, ranges));
          for (const [name, values] of box.wides) {
            part = part.intersect(
              name === 'in' || name === 'out'
                ? space.wide(name, values)
                : space.addresses(
                    name,
                    values.intervals.map((interval) => ({ family: box.family ?? 6, ...interval })),
                  ),
            );
          }
          for (const [name, { mask, value }] of box.bits)
            part = part.intersect(space.quantity(name, mask, [{ first: value, last: value }]));
          for (const [key, holds] of box.symbols)
            part = part.intersect(holds ? space.symbol(key) : space.symbol(key).complement());
          assert.ok(!rebuilt.intersects(part), 'boxes overlap');
          rebuilt = rebuilt.union(part);
        }
        assert.ok(rebuilt.equals(set));
      }),
      { numRuns: 200 },
    );
  });

  it('give a sample that is a member, unless they are empty', () => {
    fc.assert(
      fc.property(matchArbitrary, (match) => {
        const set = packetsOf(new HeaderSpace(), match);
        const flow = sampleFlow(set);
        if (flow === undefined) assert.ok(set.isEmpty());
        else assert.ok(includes(set, flow) && matches(match, flow));
      }),
      { numRuns: 500 },
    );
  });

  it('do not mix across header spaces', () => {
    assert.throws(() => new HeaderSpace().everything().union(new HeaderSpace().nothing()));
  });
});
