import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address, all, any, anyOf, field, type Match, nothing } from '../ir/index.ts';
import { range } from '../net/index.ts';
import { ONE_CONNECTION } from './pattern.fixture.ts';
import { PatternView } from './pattern-view.ts';

const view = (): PatternView => new PatternView(ONE_CONNECTION, new Set(['dst']));
const itself = (match: Match): Match => match;

test('what the packets say already is left out, and what cannot hold is not asked', () => {
  const target = address('dst', range('10.0.0.0/8'));
  const items: Match[] = [
    all(field('protocol', 6), field('dport', 443), target),
    all(field('protocol', 17), target),
    address('src', range('198.51.100.0/24')),
    any(field('dport', 22), address('dst', range('fd00::/8'))),
    any(field('dport', 22), target),
  ];
  const own = view();
  assert.deepEqual(
    own.asked(items, itself, () => 'any'),
    [0, 4],
  );
  assert.equal(own.of(items[0]!), target);
  assert.equal(own.of(items[4]!), target);
});

test('long lists and long sets are left as they are: they have an index', () => {
  const long = anyOf(
    Array.from({ length: 300 }, (_, at) => all(field('dport', at), address('dst', range('10.0.0.1')))),
  );
  const items = [all(field('protocol', 6), long)];
  const own = view();
  assert.deepEqual(
    own.asked(items, itself, () => 'any'),
    [0],
  );
  assert.equal(own.of(items[0]!), long);
  const many: Match[] = Array.from({ length: 300 }, () => nothing);
  assert.equal(own.asked(many, itself, () => 'any').length, 300);
});

test('a match has as many parts as memory allows', () => {
  const parts = Array.from({ length: 300_000 }, (_, at) => field('dport', at & 0xffff));
  const match = anyOf(parts);
  assert.ok(match.kind === 'any' && match.of.length === parts.length);
});
