import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type Address, addressAt, addressBits, type Family, formatAddress, parseAddress } from './address.ts';
import { formatRange, parsePrefix, prefix, prefixRange, range, rangePrefixes } from './prefix.ts';

const familyArbitrary = fc.constantFrom<Family>(4, 6);

function addressArbitrary(family: Family): fc.Arbitrary<Address> {
  const highest = (1n << BigInt(addressBits(family))) - 1n;
  // Runs of zero groups are where IPv6 text is hard, so sparse values are tried as often as dense ones.
  const sparse = fc
    .array(fc.nat({ max: addressBits(family) - 1 }), { maxLength: 3 })
    .map((bits) => bits.reduce((value, bit) => value | (1n << BigInt(bit)), 0n));
  return fc.oneof(fc.bigInt({ min: 0n, max: highest }), sparse).map((value) => ({ family, value }));
}

describe('addresses', () => {
  const canonical: readonly (readonly [text: string, canonical: string])[] = [
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['2001:DB8::1', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'], // RFC 5952 4.2.3: the first of equal runs
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'], // 4.2.2: one group is not shortened
    ['::', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['1::', '1::'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ];
  for (const [text, expected] of canonical) {
    it(`reads ${text} as ${expected}`, () => {
      const address = parseAddress(text);
      assert.ok(address !== undefined);
      assert.equal(formatAddress(address), expected);
    });
  }

  const refused = [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '0x7f.0.0.1',
    '0x7f000001',
    '2130706433',
    '127.1',
    '1.2.3.4 ',
    ' 1.2.3.4',
    '1.2.3.-4',
    '١.2.3.4',
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '12345::',
    'g::',
    'fe80::1%eth0',
    '::1.2.3',
    '1.2.3.4::',
    '::1.2.3.4:5',
    '[::1]',
    '1:2:3:4:5:6:7::8',
    '1:',
    ':1',
  ];
  for (const text of refused) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseAddress(text), undefined));
  }

  it('are read in the middle of a text as they are alone', () => {
    const alone = [...canonical.map(([text]) => text), ...refused];
    for (const text of alone)
      for (const [before, after] of [
        ['[', ']:443'],
        [':', ':'],
        ['1', '1'],
        ['::', '::1'],
        ['.', '.1'],
      ] as const) {
        const found = addressAt(`${before}${text}${after}`, before.length, before.length + text.length);
        assert.deepEqual(found, parseAddress(text), `${before}${text}${after}`);
      }
  });

  it('come back from their text', () => {
    fc.assert(
      fc.property(familyArbitrary.chain(addressArbitrary), (address) => {
        assert.deepEqual(parseAddress(formatAddress(address)), address);
      }),
    );
  });
});

describe('prefixes', () => {
  it('names what was probably meant when host bits are set', () => {
    assert.deepEqual(parsePrefix('10.1.2.3/8'), { kind: 'host-bits', meant: prefix('10.0.0.0/8') });
  });

  for (const text of ['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/08', '/8', '10.0.0.0/-1', '::/129', '10.0.0.0/8/8']) {
    it(`refuses ${text}`, () => assert.deepEqual(parsePrefix(text), { kind: 'malformed' }));
  }

  it('cover the whole family at length 0', () => {
    assert.deepEqual(range('::/0'), { family: 6, first: 0n, last: (1n << 128n) - 1n });
  });

  it('cover a range exactly, with the fewest', () => {
    assert.deepEqual(
      rangePrefixes({ family: 4, first: 1n, last: 6n }).map((each) => each.length),
      [32, 31, 31, 32],
    );
    fc.assert(
      fc.property(
        familyArbitrary.chain((family) => fc.tuple(addressArbitrary(family), addressArbitrary(family))),
        ([a, b]) => {
          const [first, last] = a.value < b.value ? [a.value, b.value] : [b.value, a.value];
          const parts = rangePrefixes({ family: a.family, first, last }).map(prefixRange);
          assert.equal(parts[0]?.first, first);
          assert.equal(parts.at(-1)?.last, last);
          for (const [at, part] of parts.slice(1).entries()) assert.equal(part.first, parts[at]!.last + 1n);
          assert.ok(parts.length <= 2 * addressBits(a.family) - 2 || parts.length === 1);
        },
      ),
    );
  });

  it('are shown as prefixes where they are, else as ranges', () => {
    assert.equal(formatRange(range('10.0.0.0/8')), '10.0.0.0/8');
    assert.equal(formatRange(range('2001:db8::1')), '2001:db8::1');
    assert.equal(formatRange({ family: 4, first: 1n, last: 2n }), '0.0.0.1-0.0.0.2');
  });
});
