import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { range } from '../net/index.ts';
import { AddressSet } from './address-set.ts';
import { IntervalSet } from './interval-set.ts';

const UNIVERSE = 8; // numbers 0-7: a set is eight bits, so every pair of sets can be tried

function setOf(bits: number): IntervalSet {
  const members = Array.from({ length: UNIVERSE }, (_, value) => value).filter((value) => (bits >> value) & 1);
  return IntervalSet.of(members.map((value) => ({ first: BigInt(value), last: BigInt(value) })));
}

describe('interval sets against bit masks, exhaustively', () => {
  const sets = Array.from({ length: 2 ** UNIVERSE }, (_, bits) => setOf(bits));

  it('unites, intersects and subtracts every pair', () => {
    for (const [a, left] of sets.entries()) {
      for (const [b, right] of sets.entries()) {
        if (!left.union(right).equals(sets[a | b]!)) assert.fail(`${a} ∪ ${b}`);
        if (!left.intersect(right).equals(sets[a & b]!)) assert.fail(`${a} ∩ ${b}`);
        if (!left.subtract(right).equals(sets[a & ~b & 255]!)) assert.fail(`${a} \\ ${b}`);
      }
    }
  });

  it('knows its members', () => {
    for (const [bits, set] of sets.entries()) {
      for (let value = 0; value < UNIVERSE; value++) assert.equal(set.has(BigInt(value)), ((bits >> value) & 1) === 1);
    }
  });
});

describe('address sets', () => {
  it('keeps the families apart and merges what touches', () => {
    const set = AddressSet.of([
      range('10.0.0.0/9'),
      range('10.128.0.0/9'),
      range('2001:db8::/33'),
      range('2001:db8:8000::/33'),
    ]);
    assert.deepEqual(set.ranges(), [range('10.0.0.0/8'), range('2001:db8::/32')]);
  });

  it('subtracts an address from the middle', () => {
    const rest = AddressSet.of([range('192.0.2.0/30')]).subtract(AddressSet.of([range('192.0.2.1')]));
    assert.deepEqual(rest.ranges(), [range('192.0.2.0'), range('192.0.2.2/31')]);
  });

  it('refuses an interval that ends before it begins', () => {
    assert.throws(() => IntervalSet.of([{ first: 2n, last: 1n }]), RangeError);
  });
});
