import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { all, any, type Match, not, ofWidth, quantity } from '../../src/ir/index.ts';
import { boxPackets, HeaderSpace, type PacketSet } from '../../src/packetset/index.ts';
import { firstPart, packetsOf } from '../../src/semantics/index.ts';
import { matchArbitrary } from './arbitraries.ts';

const MOST_PARTS = 40; // of one set that are looked at

/** The packets that words such as `ip ttl not 5, 7-9` or `mark 0x10/0xf0` speak of. */
function spokenOf(space: HeaderSpace, text: string): PacketSet {
  const [, name = '', isNot, list = ''] = /^(.*?) (not )?([0-9].*)$/.exec(text) ?? [];
  const whole = 2 ** space.widthOf(name) - 1;
  const values = list.split(', ').map((value) => {
    const [, first, , last, mask] = /^(\w+)(-(\w+))?(?:\/(\w+))?$/.exec(value) ?? assert.fail(value);
    const low = Number(first);
    return mask === undefined
      ? quantity(name, whole, { first: low, last: Number(last ?? first) })
      : quantity(name, Number(mask), low);
  });
  const said = any(...values);
  return packetsOf(space, isNot === undefined ? said : not(said));
}

function holds(space: HeaderSpace, set: PacketSet): void {
  let rest = set;
  for (let parts = 0; !rest.isEmpty() && parts < MOST_PARTS; parts++) {
    const { packets, frame, values } = firstPart(rest);
    const said = values.reduce((sum, text) => sum.intersect(spokenOf(space, text)), boxPackets(space, frame));
    assert.ok(!packets.isEmpty());
    assert.ok(rest.contains(packets));
    assert.ok(said.equals(packets), values.join('; '));
    rest = rest.subtract(packets);
  }
}

/** Numbers of eight bits, some of whose bits are asked for. */
const narrow: fc.Arbitrary<Match> = fc
  .tuple(
    fc.constantFrom('ip ttl', 'ip dscp', 'ip id'),
    fc.nat(255),
    fc.nat(255),
    fc.constantFrom(255, 255, 7, 0xf0, 0x81),
  )
  .map(([name, a, b, mask]) => ofWidth(8, quantity(name, mask, { first: Math.min(a, b), last: Math.max(a, b) })));

const narrowMatch: fc.Arbitrary<Match> = fc.letrec<{ match: Match }>((tie) => ({
  match: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'narrow' },
    { weight: 3, arbitrary: narrow },
    { weight: 2, arbitrary: fc.array(tie('match'), { maxLength: 3 }).map((of) => all(...of)) },
    { weight: 2, arbitrary: fc.array(tie('match'), { maxLength: 4 }).map((of) => any(...of)) },
    { weight: 1, arbitrary: tie('match').map(not) },
  ),
})).match;

describe('a part of a set that is told', () => {
  for (const [of, arbitrary] of [
    ['of all that rules ask for', matchArbitrary],
    ['of numbers that rules ask for', narrowMatch],
  ] as const)
    it(`is what the words say, ${of}`, () => {
      fc.assert(
        fc.property(arbitrary, (match) => {
          const space = new HeaderSpace();
          holds(space, packetsOf(space, match));
        }),
        { numRuns: 3000 },
      );
    });
});
