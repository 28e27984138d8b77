import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type Connection, ConnectionSet } from './connection-set.ts';

const PROTOCOLS = ['TCP', 'UDP', 'SCTP', 'ICMP', 'ICMPv6', 'other'] as const;
const NUMBERS = [0, 1, 2, 8, 46, 47, 48, 80, 255, 256, 443, 65534, 65535];

const part = fc
  .tuple(fc.constantFrom(...PROTOCOLS), fc.constantFrom(...NUMBERS), fc.constantFrom(...NUMBERS))
  .map(([protocol, a, b]) => ConnectionSet.of(protocol, Math.min(a, b), Math.max(a, b)));
const sets = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.array(part, { maxLength: 4 }).map((parts) => parts.reduce((a, b) => a.union(b), ConnectionSet.none)),
  },
  { weight: 1, arbitrary: fc.constant(ConnectionSet.all) },
);
const connection: fc.Arbitrary<Connection> = fc.record({
  protocol: fc.constantFrom(...PROTOCOLS),
  port: fc.constantFrom(...NUMBERS),
});

function law(
  name: string,
  equation: (a: ConnectionSet, b: ConnectionSet, c: ConnectionSet) => readonly [ConnectionSet, ConnectionSet],
): void {
  it(name, () => {
    fc.assert(
      fc.property(sets, sets, sets, (a, b, c) => {
        const [left, right] = equation(a, b, c);
        assert.equal(left, right, `${left} and ${right}`); // the same object
      }),
      { numRuns: 200 },
    );
  });
}

describe('laws of sets of connections', () => {
  law('a ∪ b = b ∪ a', (a, b) => [a.union(b), b.union(a)]);
  law('a ∪ (b ∪ c) = (a ∪ b) ∪ c', (a, b, c) => [a.union(b.union(c)), a.union(b).union(c)]);
  law('a ∩ (b ∪ c) = (a ∩ b) ∪ (a ∩ c)', (a, b, c) => [a.intersect(b.union(c)), a.intersect(b).union(a.intersect(c))]);
  law('a ∪ (a ∩ b) = a', (a, b) => [a.union(a.intersect(b)), a]);
  law('(a ∪ b) \\ b = a \\ b', (a, b) => [a.union(b).subtract(b), a.subtract(b)]);
  law('a \\ (a \\ b) = a ∩ b', (a, b) => [a.subtract(a.subtract(b)), a.intersect(b)]);
  law('a ∪ ¬a = all', (a) => [a.union(ConnectionSet.all.subtract(a)), ConnectionSet.all]);
  law('a ∩ ¬a = none', (a) => [a.intersect(ConnectionSet.all.subtract(a)), ConnectionSet.none]);

  it('a connection is in a union, an intersection, a difference as it is in the operands', () => {
    fc.assert(
      fc.property(sets, sets, connection, (a, b, one) => {
        assert.equal(a.union(b).has(one), a.has(one) || b.has(one));
        assert.equal(a.intersect(b).has(one), a.has(one) && b.has(one));
        assert.equal(a.subtract(b).has(one), a.has(one) && !b.has(one));
      }),
      { numRuns: 500 },
    );
  });

  it('a ⊇ b ⇔ a ∪ b = a', () => {
    fc.assert(fc.property(sets, sets, (a, b) => assert.equal(a.includes(b), a.union(b) === a)));
  });

  it('a sample is in the set, and only nothing has none', () => {
    fc.assert(
      fc.property(sets, (a) => {
        const one = a.sample();
        assert.equal(one === undefined, a.isEmpty);
        if (one !== undefined) assert.ok(a.has(one));
      }),
    );
  });
});

describe('texts of sets of connections', () => {
  const web = ConnectionSet.of('TCP', 80, 80).union(ConnectionSet.of('TCP', 443, 443));
  const cases: readonly (readonly [ConnectionSet, string, string])[] = [
    [ConnectionSet.none, 'nothing', '[]'],
    [ConnectionSet.all, 'everything', '[{"protocol":"TCP"},{"protocol":"UDP"},{"protocol":"SCTP"}]'],
    [ConnectionSet.of('TCP'), 'TCP', '[{"protocol":"TCP"}]'],
    [web, 'TCP 80,443', '[{"protocol":"TCP","ports":"80,443"}]'],
    [web.union(ConnectionSet.of('TCP', 81, 442)), 'TCP 80-443', '[{"protocol":"TCP","ports":"80-443"}]'],
    [
      web.union(ConnectionSet.of('UDP', 53, 53)),
      'TCP 80,443, UDP 53',
      '[{"protocol":"TCP","ports":"80,443"},{"protocol":"UDP","ports":"53"}]',
    ],
    [ConnectionSet.of('ICMP', 8, 8), 'ICMP 8', '[]'],
    [ConnectionSet.ofNumber(47), 'protocol 47', '[]'],
    [ConnectionSet.ofNumber(132), 'SCTP', '[{"protocol":"SCTP"}]'],
    [ConnectionSet.of('other'), 'other protocols', '[]'],
  ];
  for (const [set, text, json] of cases) {
    it(text, () => {
      assert.equal(String(set), text);
      assert.equal(JSON.stringify(set.allowed()), json);
    });
  }

  it('there is no port 0, and none above 65535', () => {
    assert.equal(ConnectionSet.of('TCP', 0, 0), ConnectionSet.none);
    assert.equal(ConnectionSet.of('TCP', 0, 99999), ConnectionSet.of('TCP'));
  });
});
