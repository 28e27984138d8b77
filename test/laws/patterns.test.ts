import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { Oracle } from '../../src/analysis/index.ts';
import {
  address,
  all,
  any,
  type Flow,
  field,
  type Match,
  not,
  ORDINARY_PORTS,
  quantity,
  type Ruleset,
  type Verdict,
} from '../../src/ir/index.ts';
import { type Address, addressRange, range, wholeFamily } from '../../src/net/index.ts';
import { HeaderSpace } from '../../src/packetset/index.ts';
import {
  AddressClasses,
  decide,
  denote,
  evaluate,
  extentsOfPattern,
  type FlowPattern,
  includes,
  PatternView,
  packetsOf,
  patternMatch,
  patternSample,
  possiblePackets,
} from '../../src/semantics/index.ts';
import { ONE_CONNECTION } from '../../src/semantics/pattern.fixture.ts';
import { flowArbitrary, matchArbitrary, rulesetArbitrary } from './arbitraries.ts';

const VERDICTS: readonly Verdict[] = ['accept', 'drop', 'reject'];

/** A pattern around a packet: some of its fields are left open, the others are as the packet has them. */
const patternArbitrary: fc.Arbitrary<FlowPattern> = fc
  .tuple(flowArbitrary, fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }))
  .map(([flow, [src, dst, sport, dport, inside, outside, accounts]]) =>
    around(flow, { src, dst, sport, dport, inside, outside, accounts }),
  );

function around(flow: Flow, open: Readonly<Record<string, boolean | undefined>>): FlowPattern {
  const exact = (value: number) => ({ first: value, last: value });
  const wire = (name: string | undefined, isOpen: boolean | undefined) =>
    isOpen === true ? 'wire' : [{ name: name ?? 'eth0', wildcard: false }];
  const { sport, dport, icmpType, icmpCode, tcpFlags } = flow;
  return {
    hook: flow.hook,
    family: flow.family,
    src: [open.src === true ? wholeFamily(flow.family) : addressRange(flow.src)],
    dst: [open.dst === true ? wholeFamily(flow.family) : addressRange(flow.dst)],
    protocol: flow.protocol,
    ...(sport === undefined ? {} : { sport: open.sport === true ? ORDINARY_PORTS : exact(sport) }),
    ...(dport === undefined ? {} : open.dport === true ? {} : { dport: exact(dport) }),
    ...(icmpType === undefined ? {} : { icmpType }),
    ...(icmpCode === undefined ? {} : { icmpCode }),
    ...(tcpFlags === undefined ? {} : { tcpFlags }),
    state: flow.state,
    ...(flow.hook === 'output' ? {} : { inInterface: wire(flow.inInterface, open.inside) }),
    ...(flow.hook === 'input' ? {} : { outInterface: wire(flow.outInterface, open.outside) }),
    ...(flow.hook === 'output' && flow.srcAccount !== undefined && open.accounts !== true
      ? { srcAccounts: [exact(flow.srcAccount)] }
      : {}),
    srcType: flow.srcType,
    dstType: flow.dstType,
    quantities: new Map(open.accounts === true ? [['mark', 0]] : [...(flow.quantities ?? [])]),
    symbols: [{ symbol: { kind: 'asked', group: 'backend' }, holds: true }],
  };
}

interface Alike {
  readonly pattern: FlowPattern;
  readonly free: ReadonlySet<'src' | 'dst'>;
}

/** Patterns of which one or both sides have other addresses each time, one address or all of them. */
const likeness: fc.Arbitrary<readonly [Alike, ...Alike[]]> = fc
  .tuple(patternArbitrary, fc.boolean(), fc.array(patternArbitrary, { minLength: 4, maxLength: 4 }))
  .map(([pattern, isFromAnywhere, others]) => {
    const free: Alike['free'] = new Set(isFromAnywhere ? (['src', 'dst'] as const) : (['dst'] as const));
    const like = others
      .filter(({ family }) => family === pattern.family)
      .map(({ src, dst }) => ({ pattern: { ...pattern, dst, ...(isFromAnywhere ? { src } : {}) }, free }));
    return [{ pattern, free }, ...like];
  });

function single([range, ...others]: FlowPattern['src']): Address | undefined {
  return range === undefined || others.length > 0 || range.first !== range.last
    ? undefined
    : { family: range.family, value: range.first };
}

function told({ cases, ...answer }: ReturnType<Oracle['ask']>): object {
  return {
    ...answer,
    cases: cases.map(({ verdict, path, packets, witness }) => ({ verdict, path, packets, witness })),
  };
}

/** Packets without a mark, of which nobody said so. */
const UNMARKED: FlowPattern = {
  ...ONE_CONNECTION,
  quantities: new Map([
    ['mark', 0],
    ['ctmark', 0],
  ]),
};

function oneRule(match: Match): Ruleset {
  return {
    layer: 'test',
    tables: [
      {
        name: 'one',
        families: [4],
        chains: [
          {
            name: 'out',
            base: { hook: 'output', priority: 0, policy: 'drop' },
            rules: [{ match, action: { kind: 'verdict', verdict: 'accept' }, origin: {} }],
          },
        ],
      },
    ],
  };
}

describe('patterns, many packets at once', () => {
  it('a match that is decided on a pattern is so for every packet of it', () => {
    let decided = 0;
    fc.assert(
      fc.property(matchArbitrary, patternArbitrary, (match, pattern) => {
        const answer = decide(match, pattern);
        if (answer === undefined) return;
        decided++;
        const space = new HeaderSpace();
        const packets = packetsOf(space, patternMatch(pattern)).intersect(possiblePackets(space));
        const holding = packetsOf(space, match);
        assert.ok(answer ? holding.contains(packets) : !holding.intersects(packets));
      }),
      { numRuns: 2000 },
    );
    assert.ok(decided > 500, `only ${decided} were decided`);
  });

  it('rules seen from packets that differ in addresses say the same of each of them, and so do the answers', () => {
    let [decided, answered] = [0, 0];
    fc.assert(
      fc.property(rulesetArbitrary, fc.array(matchArbitrary), likeness, (ruleset, matches, [first, ...others]) => {
        const view = new PatternView(first.pattern, first.free);
        const oracle = new Oracle(ruleset);
        for (const { pattern } of [first, ...others]) {
          const asked = view.asked(matches, (match) => match, extentsOfPattern(pattern));
          for (const [at, match] of matches.entries()) {
            const whole = decide(match, pattern);
            assert.equal(asked.includes(at) ? decide(view.of(match), pattern) : false, whole);
            if (whole !== undefined) decided++;
          }
          const [seen, whole] = [oracle.ask([[pattern]], view), oracle.ask([[pattern]])];
          assert.deepEqual(told(seen), told(whole));
          if (seen.verdict !== 'depends') answered++;
        }
      }),
      { numRuns: 1000 },
    );
    assert.ok(decided > 5000, `only ${decided} were decided`);
    assert.ok(answered > 1000, `only ${answered} were answered`);
  });

  it('packets of one class of addresses get the same answer on the same way', () => {
    let [sorted, together] = [0, 0];
    fc.assert(
      fc.property(rulesetArbitrary, fc.array(matchArbitrary), likeness, (ruleset, others, [first, ...more]) => {
        const view = new PatternView(first.pattern, first.free);
        const classes = AddressClasses.of(view, ruleset, others, 1_000);
        if (classes === undefined) return;
        sorted++;
        const oracle = new Oracle(ruleset);
        const answers = new Map<number, object>();
        for (const { pattern } of [first, ...more]) {
          const [src, dst] = [single(pattern.src), single(pattern.dst)];
          if ((src === undefined && first.free.has('src')) || dst === undefined) continue;
          const answer = oracle.ask([[pattern]]);
          if (answer.oneWay !== true) continue;
          const { verdict, cases, assumed } = answer;
          const decided = others.map((match) => decide(match, pattern));
          const own = { verdict, assumed, path: cases.map(({ path }) => path), decided };
          const place = classes.classOf(src, dst);
          const known = answers.get(place);
          if (known !== undefined) together++;
          assert.deepEqual(own, known ?? own);
          answers.set(place, own);
        }
      }),
      { numRuns: 3000 },
    );
    assert.ok(sorted > 1000, `only ${sorted} were sorted`);
    assert.ok(together > 500, `only ${together} were of one class`);
  });

  it('an answer tells the same assumptions where a part of a rule has been left out', () => {
    const ruleset = oneRule(
      any(all(quantity('ctmark', 0xffff_ffff, 0), field('dport', 22)), quantity('mark', 0xffff_ffff, 0)),
    );
    const pattern = UNMARKED;
    const oracle = new Oracle(ruleset);
    const seen = oracle.ask([[pattern]], new PatternView(pattern, new Set(['dst'])));
    assert.deepEqual(told(seen), told(oracle.ask([[pattern]])));
    assert.deepEqual(seen.assumed, ['ctmark', 'mark']);
  });

  it('packets of one class have the same assumptions told, also where a rule could tell them apart with others only', () => {
    const there = address('dst', range('10.0.0.0/8'));
    const marked = [not(quantity('mark', 0xffff_ffff, 0)), quantity('mark', 0xffff_ffff, 0)];
    for (const mark of marked)
      for (const match of [all(mark, there), any(mark, there)]) {
        const ruleset = oneRule(match);
        const classes = AddressClasses.of(new PatternView(UNMARKED, new Set(['dst'])), ruleset, [], 1_000);
        const oracle = new Oracle(ruleset);
        const [inside, outside] = ['10.0.0.1', '192.0.2.1'].map((text) => {
          const { assumed } = oracle.ask([[{ ...UNMARKED, dst: [range(text)] }]]);
          return { assumed, place: classes?.classOf(undefined, { family: 4, value: range(text).first }) };
        });
        assert.notDeepEqual(inside?.assumed, outside?.assumed);
        assert.notEqual(inside?.place, outside?.place);
      }
  });

  it('the sample of a pattern is one of its packets', () => {
    fc.assert(
      fc.property(patternArbitrary, (pattern) => {
        const space = new HeaderSpace();
        assert.ok(includes(packetsOf(space, patternMatch(pattern)), patternSample(pattern)!));
      }),
      { numRuns: 500 },
    );
  });

  it('an answer has a case for each verdict that some packet gets, and a witness for each', () => {
    let uniform = 0;
    fc.assert(
      fc.property(rulesetArbitrary, patternArbitrary, (ruleset, pattern) => {
        const { verdict, cases } = new Oracle(ruleset).ask([[pattern]]);
        const space = new HeaderSpace();
        const meaning = denote(space, ruleset);
        const packets = packetsOf(space, patternMatch(pattern)).intersect(possiblePackets(space));
        const expected = VERDICTS.filter((each) => meaning[each].intersects(packets));
        assert.deepEqual([...new Set(cases.map((each) => each.verdict))].sort(), expected.toSorted());
        for (const each of cases) assert.equal(evaluate(ruleset, each.witness).verdict, each.verdict);
        if (verdict !== 'depends') uniform++;
      }),
      { numRuns: 1000 },
    );
    assert.ok(uniform > 100, `only ${uniform} were uniform`);
  });
});
