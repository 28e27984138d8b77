import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address, all, any, field, type Match, type Ruleset } from '../ir/index.ts';
import { parseAddress, range } from '../net/index.ts';
import { AddressClasses } from './address-classes.ts';
import { ONE_CONNECTION } from './pattern.fixture.ts';
import { PatternView } from './pattern-view.ts';

const PACKETS = new PatternView({ ...ONE_CONNECTION, hook: 'forward' }, new Set(['src', 'dst']));
const from = (...texts: readonly string[]): Match => address('src', ...texts.map(range));
const to = (...texts: readonly string[]): Match => address('dst', ...texts.map(range));

function classesOf(...matches: readonly Match[]): (src: string, dst: string) => number {
  const ruleset: Ruleset = {
    layer: 'nftables',
    tables: [
      {
        name: 't',
        families: [4, 6],
        chains: [
          {
            name: 'c',
            base: { hook: 'forward', priority: 0, policy: 'drop' },
            rules: matches.map((match) => ({ match, action: { kind: 'verdict', verdict: 'accept' }, origin: {} })),
          },
        ],
      },
    ],
  };
  const classes = AddressClasses.of(PACKETS, ruleset, [], 1_000);
  return (src, dst) => classes!.classOf(parseAddress(src), parseAddress(dst));
}

test('hosts that no rule names together are like hosts that no rule names', () => {
  const place = classesOf(
    all(from('10.0.0.1'), to('10.1.0.1'), field('dport', 443)),
    all(from('10.0.0.2'), to('10.1.0.2')),
    all(from('10.0.0.0/24'), to('10.1.0.3')),
  );
  const nobody = place('192.0.2.1', '192.0.2.2');
  assert.equal(place('10.0.0.1', '10.1.0.2'), nobody);
  assert.equal(place('10.0.0.2', '10.1.0.1'), nobody);
  assert.equal(place('10.0.0.9', '10.1.0.1'), nobody);
  assert.notEqual(place('10.0.0.1', '10.1.0.1'), nobody);
  assert.notEqual(place('10.0.0.2', '10.1.0.2'), nobody);
  assert.notEqual(place('10.0.0.1', '10.1.0.1'), place('10.0.0.2', '10.1.0.2'));
  assert.equal(place('10.0.0.1', '10.1.0.3'), place('10.0.0.9', '10.1.0.3'));
});

test('what a rule says of one side alone tells packets apart wherever they go', () => {
  const place = classesOf(all(from('10.0.0.1'), to('10.1.0.1')), from('10.0.0.2'), to('10.1.0.2'));
  const nobody = place('192.0.2.1', '192.0.2.2');
  assert.notEqual(place('10.0.0.2', '192.0.2.2'), nobody);
  assert.notEqual(place('192.0.2.1', '10.1.0.2'), nobody);
  assert.equal(place('10.0.0.1', '192.0.2.2'), nobody);
});

test('pairs within an alternative are told apart by either side', () => {
  const place = classesOf(any(all(from('10.0.0.1'), to('10.1.0.1')), all(from('10.0.0.2'), to('10.1.0.2'))));
  assert.notEqual(place('10.0.0.1', '10.1.0.1'), place('10.0.0.1', '10.1.0.2'));
  assert.notEqual(place('10.0.0.2', '10.1.0.1'), place('10.0.0.2', '10.1.0.2'));
});

test('one side asked twice: both must hold', () => {
  const place = classesOf(all(from('10.0.0.0/24'), from('10.0.0.1', '10.9.0.1'), to('10.1.0.1')));
  const nobody = place('192.0.2.1', '192.0.2.2');
  assert.notEqual(place('10.0.0.1', '10.1.0.1'), nobody);
  assert.notEqual(place('10.0.0.1', '10.1.0.1'), place('10.0.0.2', '10.1.0.1'));
});

test('where too much would have to be kept, each pair of named hosts is by itself', () => {
  const host = (net: number, at: number): string => `10.${net}.${at >> 8}.${at & 255}`;
  const wide = Array.from({ length: 500 }, (_, at) => all(from('10.0.0.0/8'), to(host(1, at))));
  const narrow = Array.from({ length: 500 }, (_, at) => all(from(host(0, at)), to('192.0.2.9')));
  const place = classesOf(...wide, ...narrow);
  assert.notEqual(place('10.0.0.1', '192.0.2.1'), place('10.0.0.2', '192.0.2.1'));
  assert.equal(place('10.0.0.1', '192.0.2.1'), place('10.0.0.1', '192.0.2.2'));
  assert.notEqual(place('10.0.0.1', '10.1.0.1'), place('10.0.0.1', '10.1.0.2'));
});
