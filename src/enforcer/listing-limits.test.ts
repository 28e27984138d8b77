import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { joined, leftOut, listingLimits, lostConditions } from './listing-limits.ts';

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

  test('are told by the right handle where rules before have comments, behind which no line is empty', () => {
    const commented = `inet t i 3\n  [ ${LOAD} ]\n  userdata = { \\x00\\x02a\\x00 }\n`;
    const set = 'inet t @__set0\n\telement 00000004  : 0 [end]\n';
    const [limit] = joined(set + commented + rule(LOAD, 'cmp gte reg 1 0x4', LOAD, 'cmp lte reg 1 0x7'));
    assert.match(limit ?? '', /: `inet t i`, handle 4$/);
    assert.deepEqual(
      joined(`${commented + rule(LOAD, 'cmp gte reg 1 0x4').trim()}\n${rule(LOAD, 'cmp lte reg 1 0x7')}`),
      [],
    );
  });
});

describe('conditions that nft leaves out of its listing', () => {
  const FAMILY = ['meta load nfproto => reg 1', 'cmp eq reg 1 0x2'];
  const RESET = { reject: { type: 'tcp reset' } };
  const match = (left: object, right: unknown = 1): object => ({ match: { op: '==', left, right } });
  const port = match({ payload: { protocol: 'tcp', field: 'dport' } });
  const cases: readonly (readonly [
    what: string,
    bytecode: readonly string[],
    expr: readonly unknown[],
    isLost: boolean,
  ])[] = [
    ['of a port', FAMILY, [port, RESET], true],
    ['by the frame', ['meta load protocol => reg 1'], [port, RESET], true],
    ['of ICMP', FAMILY, [match({ meta: { key: 'l4proto' } }, 'icmp'), { drop: null }], true],
    ['of a connection', ['ct load l3protocol => reg 1'], [port, { accept: null }], true],
    ['of the protocol of a connection', ['ct load protocol => reg 1 , dir original'], [port], true],
    [
      'of that protocol, said',
      ['ct load protocol => reg 1 , dir original'],
      [match({ ct: { key: 'protocol', dir: 'original' } })],
      false,
    ],
    ['for both', [LOAD], [port, RESET], false],
    ['that is said', FAMILY, [match({ meta: { key: 'nfproto' } }, 'ipv4'), port, RESET], false],
    ['that an address stands on', FAMILY, [match({ payload: { protocol: 'ip', field: 'saddr' } }), RESET], false],
    ['that a kind of refusal stands on', FAMILY, [{ reject: { type: 'icmp', expr: 'net-unreachable' } }], false],
    ['that a translation stands on', FAMILY, [{ dnat: { addr: '10.0.0.1' } }], false],
    ['that an option stands on', FAMILY, [match({ 'ip option': { name: 'lsrr' } })], false],
    ['where nft writes text', FAMILY, ['update @m { ip saddr : 5 }'], false],
  ];
  for (const [what, bytecode, expr, isLost] of cases) {
    test(`${what}: ${isLost ? 'told' : 'nothing to tell'}`, () => {
      const listed = {
        nftables: [{ metainfo: {} }, { rule: { family: 'inet', table: 't', chain: 'i', handle: 4, expr } }],
      };
      const limits = lostConditions(
        rule(...bytecode, LOAD, 'cmp eq reg 1 0x1', 'immediate reg 0 drop'),
        JSON.stringify(listed),
      );
      assert.equal(limits.length, isLost ? 1 : 0);
      if (isLost) assert.match(limits[0] ?? '', /: `inet t i`, handle 4$/);
    });
  }

  test('of what is no JSON nothing is told', () =>
    assert.deepEqual(lostConditions(rule(...FAMILY), '{"nftables": ['), []));
});

test('what nft says beside its listing counts where it is an error', () => {
  assert.deepEqual(leftOut('# Warning: table ip filter is managed by iptables-nft, do not touch!\n'), []);
  const [limit, ...others] = leftOut('netlink: Error: Relational expression size mismatch\n'.repeat(3));
  assert.match(limit ?? '', /: netlink: Error: Relational expression size mismatch$/);
  assert.deepEqual(others, []);
});

test('what could not be looked for is told', () => {
  const [limit, ...others] = listingLimits({ json: '{"nftables": []}', said: '', bytecode: undefined });
  assert.match(limit ?? '', /^`nft` did not tell the kernel's bytecode/);
  assert.deepEqual(others, []);
  assert.deepEqual(listingLimits({ json: '{"nftables": []}', said: '', bytecode: '' }), []);
});
