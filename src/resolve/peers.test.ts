import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Peer } from '../ir/index.ts';
import { type AddressRange, range } from '../net/index.ts';
import { AddressSet } from '../packetset/index.ts';
import { mergePeers } from './peers.ts';

const at = (...ranges: readonly AddressRange[]): Peer => ({ kind: 'remote', ranges });

test('two addresses of both families are one peer, IPv4 first, in whatever order they are named', () => {
  const [four, six] = [range('192.0.2.1'), range('2001:db8::1')];
  assert.deepEqual(mergePeers([at(four), at(six)]), [at(four, six)]);
  assert.deepEqual(mergePeers([at(six), at(four)]), [at(four, six)]);
});

test('addresses are merged as the sets that they are', () => {
  const some = fc
    .record({ family: fc.constantFrom(4 as const, 6 as const), first: fc.bigInt(0n, 40n), size: fc.bigInt(0n, 6n) })
    .map(({ family, first, size }): AddressRange => ({ family, first, last: first + size }));
  fc.assert(
    fc.property(fc.array(some, { minLength: 2, maxLength: 6 }), (ranges) => {
      assert.deepEqual(mergePeers(ranges.map((each) => at(each))), [at(...AddressSet.of(ranges).ranges())]);
    }),
  );
});
