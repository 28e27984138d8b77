import * as fc from 'fast-check';
import {
  type Action,
  ADDRESS_TYPES,
  all,
  any,
  CHAIN_HOOKS,
  CONNTRACK_STATES,
  type Effect,
  type Field,
  type Flow,
  field,
  HOOKS,
  interfaces,
  type Match,
  not,
  quantity,
  type Ruleset,
  symbol,
  symbolKey,
} from '../../src/ir/index.ts';
import { type Address, type Family, PORT_PROTOCOLS } from '../../src/net/index.ts';

/**
 * Matches, rulesets and packets over few values, all of them at the edges of something, so that rules overlap and packets
 * fall on both sides of every border.
 */
const NUMBERS: { readonly [F in Field]: readonly number[] } = {
  hook: [0, 1, 2],
  family: [4, 6],
  protocol: [0, 1, 6, 17, 58, 255],
  sport: [0, 1023, 65535],
  dport: [0, 22, 443, 444, 65535],
  icmpType: [0, 8, 128, 255],
  icmpCode: [0, 4],
  tcpFlags: [0, 2, 18, 255],
  state: CONNTRACK_STATES.map((_, index) => index),
  srcAccount: [0, 998, 4294967294],
  dstAccount: [0, 998],
  srcType: [0, 1, 4],
  dstType: [0, 1, 4],
};
const V4 = [0n, 1n, 0x0a000000n, 0x0a0000ffn, 0xffffffffn];
const V6 = [0n, 1n, 1n << 32n, (1n << 64n) - 1n, 0x20010db8n << 96n, (0x20010db8n << 96n) | 0xffffn, (1n << 128n) - 1n];
const INTERFACES = ['lo', 'eth0', 'eth1', 'br-1', 'br-22'];
const SYMBOLS = [
  symbol({ kind: 'asked', group: 'backend' }),
  symbol({ kind: 'member', group: 'backend' }),
  symbol({ kind: 'cgroup', path: 'system.slice/openclaw.service' }),
];

function rangeOf<T extends number | bigint>(values: readonly T[]): fc.Arbitrary<{ first: T; last: T }> {
  return fc
    .tuple(fc.constantFrom(...values), fc.constantFrom(...values))
    .map(([a, b]) => (a <= b ? { first: a, last: b } : { first: b, last: a }));
}

const fieldMatch: fc.Arbitrary<Match> = fc
  .constantFrom(...(Object.keys(NUMBERS) as Field[]))
  .chain((name) => fc.array(rangeOf(NUMBERS[name]), { maxLength: 2 }).map((ranges) => field(name, ...ranges)));

const addressMatch: fc.Arbitrary<Match> = fc
  .tuple(
    fc.constantFrom('src' as const, 'dst' as const),
    fc.array(
      fc.oneof(
        rangeOf(V4).map((range) => ({ family: 4 as const, ...range })),
        rangeOf(V6).map((range) => ({ family: 6 as const, ...range })),
      ),
      { maxLength: 3 },
    ),
  )
  .map(([side, ranges]) => ({ kind: 'address', side, ranges }));

const interfaceMatch: fc.Arbitrary<Match> = fc
  .tuple(fc.constantFrom('in' as const, 'out' as const), fc.constantFrom(...INTERFACES, 'br-', 'e'), fc.boolean())
  .map(([side, name, wildcard]) => interfaces(side, { name, wildcard }));

const QUANTITIES = ['mark', 'ctmark'] as const;
const MASKS = [0xffffffff, 0x4000, 0xff, 0x80000001];
const MARKS = [0, 1, 0x4000, 0x40ff, 0x80000000, 0xffffffff];

const quantityMatch: fc.Arbitrary<Match> = fc
  .tuple(fc.constantFrom(...QUANTITIES), fc.constantFrom(...MASKS), rangeOf(MARKS))
  .map(([name, mask, range]) => quantity(name, mask, range));

export const matchArbitrary: fc.Arbitrary<Match> = fc.letrec<{ match: Match }>((tie) => ({
  match: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'match' },
    { weight: 4, arbitrary: fieldMatch },
    { weight: 3, arbitrary: addressMatch },
    { weight: 1, arbitrary: interfaceMatch },
    { weight: 1, arbitrary: fc.constantFrom(...SYMBOLS) },
    { weight: 1, arbitrary: quantityMatch },
    { weight: 2, arbitrary: fc.array(tie('match'), { maxLength: 3 }).map((of) => all(...of)) },
    { weight: 2, arbitrary: fc.array(tie('match'), { maxLength: 3 }).map((of) => any(...of)) },
    { weight: 2, arbitrary: tie('match').map(not) },
  ),
})).match;

/** Packets that a kernel can show: parts that do not go together (ports of ICMP, a sender at input) are left out. */
export const flowArbitrary: fc.Arbitrary<Flow> = fc
  .record({
    hook: fc.constantFrom(...HOOKS),
    family: fc.constantFrom(4 as const, 6 as const),
    src: fc.nat(),
    dst: fc.nat(),
    protocol: fc.constantFrom(...NUMBERS.protocol, 132),
    sport: fc.constantFrom(...NUMBERS.sport, 1024),
    dport: fc.constantFrom(...NUMBERS.dport, 23),
    icmpType: fc.constantFrom(...NUMBERS.icmpType, 9),
    icmpCode: fc.constantFrom(...NUMBERS.icmpCode, 5),
    tcpFlags: fc.constantFrom(...NUMBERS.tcpFlags, 16),
    state: fc.constantFrom(...CONNTRACK_STATES),
    inInterface: fc.constantFrom(...INTERFACES),
    outInterface: fc.constantFrom(...INTERFACES),
    srcAccount: fc.option(fc.constantFrom(...NUMBERS.srcAccount, 999), { nil: undefined }),
    dstAccount: fc.option(fc.constantFrom(...NUMBERS.dstAccount, 999), { nil: undefined }),
    srcType: fc.constantFrom(...ADDRESS_TYPES),
    dstType: fc.constantFrom(...ADDRESS_TYPES),
    quantities: fc.tuple(...QUANTITIES.map((name) => fc.constantFrom(...MARKS).map((mark) => [name, mark] as const))),
    symbols: fc.subarray(SYMBOLS.flatMap((match) => (match.kind === 'symbol' ? [symbolKey(match.symbol)] : []))),
  })
  .map((raw): Flow => {
    const isIcmp = raw.protocol === 1 || raw.protocol === 58;
    return {
      hook: raw.hook,
      family: raw.family,
      src: nearEdge(raw.family, raw.src),
      dst: nearEdge(raw.family, raw.dst),
      protocol: raw.protocol,
      state: raw.state,
      srcType: raw.srcType,
      dstType: raw.dstType,
      quantities: new Map(raw.quantities),
      symbols: new Set(raw.symbols),
      ...(PORT_PROTOCOLS.includes(raw.protocol) ? { sport: raw.sport, dport: raw.dport } : {}),
      ...(isIcmp ? { icmpType: raw.icmpType, icmpCode: raw.icmpCode } : {}),
      ...(raw.protocol === 6 ? { tcpFlags: raw.tcpFlags } : {}),
      ...(raw.hook === 'output' ? {} : { inInterface: raw.inInterface }),
      ...(raw.hook === 'input' ? {} : { outInterface: raw.outInterface }),
      ...(raw.hook === 'output' && raw.srcAccount !== undefined ? { srcAccount: raw.srcAccount } : {}),
      ...(raw.hook === 'input' && raw.dstAccount !== undefined ? { dstAccount: raw.dstAccount } : {}),
    };
  });

/** An address on a border that the matches use, or next to one. */
function nearEdge(family: Family, choice: number): Address {
  const edges = family === 4 ? V4 : V6;
  const highest = (1n << (family === 4 ? 32n : 128n)) - 1n;
  const value = edges[choice % edges.length]! + BigInt((Math.floor(choice / edges.length) % 3) - 1);
  return { family, value: value < 0n ? 0n : value > highest ? highest : value };
}

const familyArbitrary = fc.constantFrom(4 as const, 6 as const);

const FINAL: readonly Action[] = [
  { kind: 'verdict', verdict: 'accept' },
  { kind: 'verdict', verdict: 'drop' },
  { kind: 'verdict', verdict: 'reject' },
  { kind: 'return' },
  { kind: 'continue' },
];

const effectArbitrary: fc.Arbitrary<Effect> = fc.oneof(
  fc.record(
    {
      kind: fc.constant('assign' as const),
      quantity: fc.constantFrom(...QUANTITIES),
      from: fc.constantFrom(...QUANTITIES),
      keep: fc.constantFrom(...MASKS, 0),
      flip: fc.constantFrom(...MARKS),
      bits: fc.constantFrom(...MASKS),
    },
    { requiredKeys: ['kind', 'quantity', 'from', 'keep', 'flip'] },
  ),
  fc.tuple(fc.constantFrom('src' as const, 'dst' as const), familyArbitrary, fc.nat(), fc.boolean(), fc.boolean()).map(
    ([side, family, choice, withAddress, withPort]): Effect => ({
      kind: 'translate',
      side,
      ...(withAddress ? { address: nearEdge(family, choice) } : {}),
      ...(withPort ? { port: NUMBERS.dport[choice % NUMBERS.dport.length]! } : {}),
    }),
  ),
);

type Simple = Exclude<Action, { kind: 'dispatch' }>;

/** Rulesets that a kernel would load: chains call only later ones, so nothing leads back. */
export const rulesetArbitrary: fc.Arbitrary<Ruleset> = fc
  .tuple(
    fc.array(tableArbitrary('first'), { minLength: 1, maxLength: 1 }),
    fc.array(tableArbitrary('second'), { maxLength: 1 }),
  )
  .map(([first, second]) => ({ layer: 'test', tables: [...first, ...second] }));

function tableArbitrary(name: string) {
  const helpers = ['one', 'two', 'three'];
  const base = fc.record({
    hook: fc.constantFrom(...CHAIN_HOOKS),
    priority: fc.constantFrom(-10, 0, 10),
    policy: fc.constantFrom('accept' as const, 'drop' as const),
  });
  return fc
    .tuple(
      fc.constantFrom([4, 6] as const, [4] as const, [6] as const),
      fc.array(fc.tuple(base, rulesArbitrary(helpers)), { minLength: 1, maxLength: 3 }),
      fc.tuple(...helpers.map((_, index) => rulesArbitrary(helpers.slice(index + 1)))),
    )
    .map(([families, bases, bodies]) => ({
      name,
      families,
      chains: [
        ...bases.map(([hooked, rules], index) => ({ name: `base${index}`, base: hooked, rules })),
        ...helpers.map((helper, index) => ({ name: helper, rules: bodies[index] ?? [] })),
      ],
    }));
}

function rulesArbitrary(callable: readonly string[]) {
  const calls = callable.flatMap((chain): Simple[] => [
    { kind: 'jump', chain },
    { kind: 'goto', chain },
  ]);
  const simple: fc.Arbitrary<Simple> = fc.constantFrom(...(FINAL as readonly Simple[]), ...calls, ...calls);
  const dispatch: fc.Arbitrary<Action> = fc
    .array(fc.record({ match: fieldMatch, action: simple }), { minLength: 1, maxLength: 4 })
    .map((cases) => ({ kind: 'dispatch', cases }));
  return fc.array(
    fc.record({
      match: matchArbitrary,
      action: fc.oneof({ weight: 4, arbitrary: simple }, { weight: 1, arbitrary: dispatch }),
      effects: fc.oneof(
        { weight: 4, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.array(effectArbitrary, { maxLength: 2 }) },
      ),
      origin: fc.constant({}),
    }),
    { maxLength: 6 },
  );
}
