import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { joined, leftOut, showsRanges } from './listing-limits.ts';

/** As `nft --debug=netlink list ruleset` writes one rule. */
function rule(...instructions: readonly string[]): string {
  return `inet t i 4 3\n${instructions.map((each) => `  [ ${each} ]\n`).join('')}\n`;
}

const LOAD = 'payload load 2b @ transport header + 2 => reg 1';
const MASK = 'bitwise reg 1 = ( reg 1 & 0x0000000f ) ^ 0x00000000';
const SWAP = 'byteorder reg 1 = hton(reg 1, 4, 4)';

/** What is compared at once is loaded before. */
function withLoad(instructions: readonly string[]): readonly string[] {
  return instructions[0]?.includes(' load ') ? instructions : [LOAD, ...instructions];
}

describe('comparisons that nft lists as one range', () => {
  const cases: readonly (readonly [what: string, instructions: readonly string[], isJoined: boolean])[] = [
    ['two fields', ['cmp gte reg 1 0x4', LOAD, 'cmp lte reg 1 0x7'], true],
    [
      'two numbers of the host',
      ['meta load mark => reg 1', SWAP, 'cmp gte reg 1 0x5', 'meta load len => reg 1', SWAP, 'cmp lte reg 1 0x7'],
      true,
    ],
    ['one field, the wrong way round', ['cmp lt reg 1 0x5', LOAD, 'cmp gt reg 1 0x7'], true],
    ['a range', [LOAD, 'cmp gte reg 1 0x4', 'cmp lte reg 1 0x7'], false],
    ['a range that is refused', [LOAD, 'range neq reg 1 0x5 0x7'], false],
    ['two from below', [LOAD, 'cmp gte reg 1 0x4', LOAD, 'cmp gte reg 1 0x7'], false],
    ['something between them', ['cmp gte reg 1 0x4', LOAD, 'cmp eq reg 1 0x2', LOAD, 'cmp lte reg 1 0x7'], false],
    ['a statement between them', ['cmp gte reg 1 0x4', 'counter pkts 0 bytes 0', LOAD, 'cmp lte reg 1 0x7'], false],
    ['a field and what is no field', ['cmp gte reg 1 0x4', 'meta load len => reg 1', SWAP, 'cmp lte reg 1 0x7'], false],
    ['a field and one behind a mask', ['cmp gte reg 1 0x4', LOAD, MASK, 'cmp lte reg 1 0x7'], false],
    ['two behind a mask', [MASK, 'cmp gte reg 1 0x4', LOAD, MASK, 'cmp lte reg 1 0x7'], true],
    [
      'two rules',
      ['cmp gte reg 1 0x4', 'immediate reg 0 drop ]\n\ninet t i 5 4\n  [ meta load len => reg 1', 'cmp lte reg 1 0x7'],
      false,
    ],
  ];
  for (const [what, instructions, isJoined] of cases) {
    test(`${what}: ${isJoined ? 'told' : 'nothing to tell'}`, () => {
      const told = joined(rule(LOAD, 'cmp eq reg 1 0x2', ...withLoad(instructions), 'immediate reg 0 drop'));
      assert.equal(told.length, isJoined ? 1 : 0);
      if (isJoined) assert.match(told[0] ?? '', /: `inet t i`, handle 4$/);
    });
  }

  test('are looked for where a comparison with a range is listed', () => {
    assert.ok(showsRanges('{"op": "==", "left": {"meta": {"key": "length"}}, "right": {"range": [5, 7]}}'));
    assert.ok(!showsRanges('{"right": {"set": [{"range": [5, 7]}]}}'));
  });
});

test('what nft says beside its listing counts where it is an error', () => {
  assert.deepEqual(leftOut('# Warning: table ip filter is managed by iptables-nft, do not touch!\n'), []);
  const [limit, ...others] = leftOut('netlink: Error: Relational expression size mismatch\n'.repeat(3));
  assert.match(limit ?? '', /: netlink: Error: Relational expression size mismatch$/);
  assert.deepEqual(others, []);
});
