import assert from 'node:assert/strict';
import { it, describe as suite } from 'node:test';
import { all, any, everything, field, inState, type Match, not, ofWidth, quantity, symbol } from '../ir/index.ts';
import { HeaderSpace } from '../packetset/index.ts';
import { describe } from './describe.ts';
import { packetsOf } from './space.ts';

const ttl = (...values: readonly (number | { first: number; last: number })[]): Match =>
  ofWidth(8, quantity('ip ttl', 0xff, ...values));
const length = (first: number, last: number): Match => ofWidth(16, quantity('ip length', 0xffff, { first, last }));
const mark = (value: number): Match => quantity('mark', 0xffff_ffff, value);
const rate: Match = symbol({ kind: 'unknown', text: 'limit rate 5/second', place: 'inet t i' });

const cases: readonly (readonly [Match, readonly string[]])[] = [
  [everything, ['every packet']],
  [all(ttl(1), ttl(2)), []],
  [field('dport', { first: 22, last: 22 }), ['tcp, udp, dccp, sctp and 1 more port 22']],
  // values of a number: ranges, or what is left out
  [ttl(64), ['ip ttl 64']],
  [ttl({ first: 0, last: 63 }), ['ip ttl 0-63']],
  [not(ttl(64)), ['ip ttl not 64']],
  [ttl(5, { first: 7, last: 9 }), ['ip ttl 5, 7-9']],
  [mark(0x10), ['mark 0x10']],
  [not(mark(7)), ['mark not 0x7']],
  // some of its bits
  [quantity('mark', 0xf0, 0x10), ['mark 0x10/0xf0']],
  [not(quantity('mark', 0xf0, 0x10)), ['mark not 0x10/0xf0']],
  [ofWidth(8, quantity('ip ttl', 1, 1)), ['ip ttl 0x1/0x1']],
  [ofWidth(16, quantity('ip id', 0xff00, 0x100)), ['ip id 256-511']],
  // numbers that people write in other ways
  [ofWidth(17, quantity('meta hour', 0x1ffff, { first: 14_400, last: 61_199 })), ['meta hour 04:00:00-16:59:59']],
  [not(ofWidth(17, quantity('meta hour', 0x1ffff, { first: 0, last: 14_399 }))), ['meta hour 04:00:00-23:59:59']],
  [ofWidth(3, quantity('meta day', 7, 0, 6)), ['meta day Sunday, Saturday']],
  [ofWidth(4, quantity('fib daddr . iif type', 15, 2, 3)), ['fib daddr . iif type local, broadcast']],
  // several numbers
  [all(ttl(1), length(100, 1000)), ['ip length 100-1000 ip ttl 1']],
  [not(all(ttl(1), length(100, 1000))), ['ip length not 100-1000', 'ip length 100-1000 ip ttl not 1']],
  [
    any(all(ttl(1), length(0, 99)), all(ttl(2), length(200, 299))),
    ['ip length 0-99 ip ttl 1', 'ip length 200-299 ip ttl 2'],
  ],
  [
    any(not(mark(0)), rate),
    ['(`limit rate 5/second` at inet t i)', 'mark not 0x0 (not `limit rate 5/second` at inet t i)'],
  ],
  [
    all(inState('new'), not(all(ttl(1), rate))),
    ['state new ip ttl not 1', 'state new ip ttl 1 (not `limit rate 5/second` at inet t i)'],
  ],
];

suite('a set of packets in words', () => {
  for (const [match, lines] of cases) {
    it(lines.join('; ') || 'nothing', () => {
      const space = new HeaderSpace();
      assert.deepEqual(describe(packetsOf(space, match)), lines);
    });
  }

  it('tells so many parts and no more', () => {
    const odd = Array.from({ length: 128 }, (_, at) => 2 * at + 1);
    const sums = any(...odd.map((at) => all(ttl(at), length(at, at))));
    const lines = describe(packetsOf(new HeaderSpace(), sums), 3);
    assert.deepEqual(lines.slice(-1), ['... and more']);
    assert.equal(lines.length, 4);
  });
});
