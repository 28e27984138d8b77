import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { prefixRange, range, wholeFamily } from '../../net/index.ts';
import { AddressSet } from '../../packetset/index.ts';
import { blocksOf } from './blocks.ts';

/** The addresses of blocks again. */
function held(blocks: ReturnType<typeof blocksOf>): AddressSet {
  return blocks.reduce(
    (all, { cidr, except }) => all.union(AddressSet.of([range(cidr)]).subtract(AddressSet.of(except.map(range)))),
    AddressSet.empty,
  );
}

const CASES: readonly (readonly [what: string, addresses: AddressSet, blocks: number])[] = [
  ['one address', AddressSet.of([range('192.0.2.1')]), 1],
  ['a prefix of each family', AddressSet.of([range('10.0.0.0/8'), range('fd00::/8')]), 2],
  [
    'all but a little',
    AddressSet.of([wholeFamily(4)]).subtract(AddressSet.of([range('10.0.0.0/8'), range('192.168.7.7')])),
    1,
  ],
  ['every address', AddressSet.of([wholeFamily(4), wholeFamily(6)]), 2],
  ['scattered ones', AddressSet.of(['192.0.2.1', '192.0.2.4', '192.0.2.9', '198.51.100.1'].map(range)), 4],
  ['none', AddressSet.empty, 0],
];

describe('blocks hold exactly the addresses', () => {
  for (const [what, addresses, count] of CASES)
    test(what, () => {
      const blocks = blocksOf(addresses.ranges());
      assert.equal(blocks.length, count);
      assert.ok(held(blocks).equals(addresses));
      // As the API server asks: an exception lies within its block, and is smaller.
      for (const { cidr, except } of blocks)
        for (const each of except.map(range)) {
          const { first, last } = prefixRange({
            family: each.family,
            value: range(cidr).first,
            length: Number(cidr.split('/')[1]),
          });
          assert.ok(first <= each.first && each.last <= last && last - first > each.last - each.first);
        }
    });
});
