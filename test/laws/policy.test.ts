import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { formatRate, type Rate } from '../../src/ir/index.ts';
import { type AddressRange, formatRange } from '../../src/net/index.ts';
import { AddressSet } from '../../src/packetset/index.ts';
import { loadPolicyText } from '../../src/policy/index.ts';
import { resolvePolicy } from '../../src/resolve/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { context, readerOfTexts } from '../policy/support.ts';

function load(text: string) {
  return loadPolicyText(new SourceFile('policy.yaml', text), readerOfTexts({}));
}

/** The addresses of the zone `it` of a policy. */
function addressesOf(zones: Readonly<Record<string, unknown>>): AddressSet {
  const { policy } = load(stringify({ portcullis: 1, zones }));
  assert.ok(policy);
  const { intent } = resolvePolicy(policy, context);
  const peers = intent?.zones.get('it') ?? [];
  return AddressSet.of(peers.flatMap((peer) => (peer.kind === 'remote' ? peer.ranges : [])));
}

/** Ranges of either family within a universe small enough for them to touch and overlap. */
const range: fc.Arbitrary<AddressRange> = fc
  .tuple(fc.constantFrom(4 as const, 6 as const), fc.bigInt(0n, 40n), fc.bigInt(0n, 12n))
  .map(([family, first, size]) => {
    const base = family === 4 ? 0x0a00_0000n : 0x2001_0db8n << 96n;
    return { family, first: base + first, last: base + first + size };
  });
const ranges = fc.array(range, { minLength: 1, maxLength: 6 });

describe('a policy', () => {
  test('of any text ends in diagnostics', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const { policy, diagnostics } = load(text);
        assert.ok(diagnostics.length > 0 || policy?.complete === true);
      }),
      { numRuns: 500 },
    );
  });

  test('means the same in JSON, in block style and in flow style', () => {
    const word = fc.stringMatching(/^[a-z]{1,8}$/).map((name) => `z${name}`);
    const zone = fc.record({ addresses: ranges.map((all) => all.map(formatRange)) });
    const zones = fc.dictionary(word, zone, { minKeys: 1, maxKeys: 5 });
    const policy = zones.map((each) => ({ portcullis: 1, zones: each }));
    fc.assert(
      fc.property(policy, (document) => {
        const flow = stringify(document, { collectionStyle: 'flow' });
        const readings = [stringify(document), JSON.stringify(document), flow].map((text) => {
          return load(text).policy?.zones.map(({ name, addresses }) => [name, addresses.map(({ value }) => value)]);
        });
        assert.deepEqual(readings[1], readings[0]);
        assert.deepEqual(readings[2], readings[0]);
      }),
      { numRuns: 100 },
    );
  });
});

describe('a zone', () => {
  test('of members is their union', () => {
    fc.assert(
      fc.property(ranges, ranges, (one, two) => {
        const it = addressesOf({
          one: { addresses: one.map(formatRange) },
          two: { addresses: two.map(formatRange) },
          it: { zones: ['one', 'two'] },
        });
        assert.ok(it.equals(AddressSet.of([...one, ...two])));
      }),
    );
  });

  test('with exceptions is the difference, whether they are addresses or zones', () => {
    fc.assert(
      fc.property(ranges, ranges, (one, two) => {
        const expected = AddressSet.of(one).subtract(AddressSet.of(two));
        fc.pre(!expected.isEmpty());
        const addresses = one.map(formatRange);
        const direct = addressesOf({ it: { addresses, except: two.map(formatRange) } });
        const byZone = addressesOf({
          two: { addresses: two.map(formatRange) },
          it: { addresses, except: ['two'] },
        });
        assert.ok(direct.equals(expected));
        assert.ok(byZone.equals(expected));
      }),
    );
  });
});

test('a rate is read as it is printed', () => {
  const rate: fc.Arbitrary<Rate> = fc
    .tuple(fc.integer({ min: 1, max: 0xffff_ffff }), fc.constantFrom('second', 'minute', 'hour', 'day'), fc.boolean())
    .map(([count, per, perSource]) => ({ count, per, perSource }));
  fc.assert(
    fc.property(rate, (wanted) => {
      const flow = { name: 'a', from: '192.0.2.1', to: 'host', service: 'ssh', rate: formatRate(wanted) };
      const { policy } = load(stringify({ portcullis: 1, flows: [flow] }));
      assert.deepEqual(policy?.flows[0]?.rate?.value, wanted);
    }),
  );
});
