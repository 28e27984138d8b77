import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { matches, type Selector } from '../../selector.ts';
import { parseCalicoSelector } from './selector-parse.ts';
import { printCalicoSelector } from './selector-print.ts';

function parsed(text: string): Selector {
  const found = parseCalicoSelector(text);
  assert.ok(!('problem' in found), `${text}: ${'problem' in found ? found.problem : ''}`);
  return found;
}

describe('a selector of Calico’s', () => {
  const labels = new Map([
    ['app', 'web'],
    ['tier', 'front-end'],
    ['in', 'out'],
    ['example.com/team_1', 'a b'],
  ]);
  const table: readonly (readonly [text: string, matches: boolean])[] = [
    ['', true],
    ['all()', true],
    ['all( )', true],
    ['!all()', false],
    ['global()', true], // it is in no namespace
    ['has(app)', true],
    ['has( nothing )', false],
    ['!has(nothing)', true],
    ['! ! has(app)', true],
    ['app == "web"', true],
    ["app=='web'", true],
    ["app == 'Web'", false],
    ["nothing == 'web'", false],
    ["nothing != 'web'", true], // also where the label is missing
    ["app != 'web'", false],
    ["app in { 'web', 'db' }", true],
    ['app in {}', false],
    ["app in {'web',}", true],
    ["app not in {'web'}", false],
    ["nothing not in {'web'}", true],
    ["tier contains 'nt-e'", true],
    ["app notin {'web'}", false],
    ["tier starts with 'front'", true],
    ["tier startswith 'end'", false],
    ["tier ends with 'end'", true],
    ["nothing ends with ''", false],
    ["in == 'out'", true], // a label may be called as an operator is
    ["in in {'out'}", true],
    ["example.com/team_1 == 'a b'", true],
    ['has(nothing) && has(nothing) || has(app)', true], // `||` binds weaker
    ['has(app) || has(nothing) && has(nothing)', true],
    ['(has(app) || has(nothing)) && has(nothing)', false],
    ["!(app == 'web')", false],
    ["!app == 'web'", false], // `!` is about the whole comparison
    ["app == 'web' &&\ttier == 'front-end'", true],
  ];
  for (const [text, expected] of table) {
    test(`${JSON.stringify(text)} ${expected ? 'matches' : 'does not match'}`, () => {
      assert.equal(matches(parsed(text), labels), expected);
    });
  }

  const refused: readonly (readonly [text: string, problem: RegExp, at: number])[] = [
    ['app = "web"', /expected `==`/, 4],
    ['app == web', /value in quotes/, 7],
    ['app == "web', /quotes are not closed/, 7],
    ['"app" == "web"', /stand without quotes/, 0],
    ['app', /expected an operator/, 3],
    ['app is "web"', /expected an operator/, 4],
    ['has(app', /expected `\)`/, 7],
    ['has()', /needs a label/, 0],
    ['all(app)', /takes nothing/, 0],
    ['(has(app)', /expected `\)`/, 9],
    ['has(app))', /expected `&&`, `\|\|` or the end/, 8],
    ['has(app) & has(b)', /expected `&&`/, 9],
    ['app in ["web"]', /means nothing here/, 7],
    ["app in 'web'", /expected `\{`/, 7],
    ['&& has(app)', /means nothing here/, 0],
    ['has(app) &&', /expected a label/, 11],
    ['app: web', /expected an operator/, 3],
    [`${'('.repeat(200)}has(a)${')'.repeat(200)}`, /too many parentheses/, 100],
  ];
  for (const [text, problem, at] of refused) {
    test(`${JSON.stringify(text.slice(0, 30))} is refused, with the place`, () => {
      const found = parseCalicoSelector(text);
      assert.ok('problem' in found);
      assert.match(found.problem, problem);
      assert.equal(found.at, at);
    });
  }

  const key = fc.constantFrom('app', 'tier', 'in', 'not', 'has', 'example.com/a-b_c', 'all');
  const text = fc.constantFrom('web', 'db', "it's", 'a b', '', '}', '==');
  const { selector } = fc.letrec<{ selector: Selector }>((tie) => ({
    selector: fc.oneof(
      { maxDepth: 4 },
      fc.constant<Selector>({ kind: 'everything' }),
      fc.constant<Selector>({ kind: 'nothing' }),
      fc.record({ kind: fc.constant('has' as const), key }),
      fc.record({ kind: fc.constant('in' as const), key, values: fc.array(text, { maxLength: 3 }) }),
      fc.record({
        kind: fc.constant('like' as const),
        key,
        how: fc.constantFrom('starts' as const, 'ends' as const, 'contains' as const),
        text,
      }),
      fc.record({ kind: fc.constant('all' as const), of: fc.array(tie('selector'), { maxLength: 3 }) }),
      fc.record({ kind: fc.constant('any' as const), of: fc.array(tie('selector'), { maxLength: 3 }) }),
      fc.record({ kind: fc.constant('not' as const), of: tie('selector') }),
    ),
  }));
  const map = fc.dictionary(key, text, { maxKeys: 4 }).map((record) => new Map(Object.entries(record)));

  const web: Selector = { kind: 'has', key: 'web' };
  const db: Selector = { kind: 'has', key: 'db' };
  const either: Selector = { kind: 'any', of: [web, db] };
  const printed: readonly (readonly [written: Selector, text: string])[] = [
    [{ kind: 'all', of: [either, web] }, '(has(web) || has(db)) && has(web)'],
    [{ kind: 'any', of: [{ kind: 'all', of: [web, db] }, web] }, 'has(web) && has(db) || has(web)'],
    [{ kind: 'all', of: [{ kind: 'any', of: [web] }, db] }, 'has(web) && has(db)'],
    [{ kind: 'all', of: [{ kind: 'any', of: [either] }, web] }, '(has(web) || has(db)) && has(web)'], // an `any` of one
    [
      { kind: 'all', of: [web, { kind: 'all', of: [{ kind: 'any', of: [either] }] }] },
      'has(web) && (has(web) || has(db))',
    ],
    [{ kind: 'all', of: [{ kind: 'any', of: [] }, web] }, '!all() && has(web)'],
    [{ kind: 'not', of: { kind: 'any', of: [either] } }, '!(has(web) || has(db))'],
  ];
  for (const [written, text] of printed) {
    test(`is printed as ${text}`, () => assert.equal(printCalicoSelector(written), text));
  }

  test('means the same after it was printed and read again', () => {
    fc.assert(
      fc.property(selector, fc.array(map, { maxLength: 6 }), (written, maps) => {
        const read = parsed(printCalicoSelector(written));
        for (const each of maps)
          assert.equal(matches(read, each), matches(written, each), printCalicoSelector(written));
      }),
      { numRuns: 500 },
    );
  });

  test('is read or refused, whatever the text', () => {
    const pieces = fc.constantFrom(
      'app',
      ' ',
      '==',
      '!=',
      "'web'",
      '"',
      '(',
      ')',
      '{',
      '}',
      ',',
      '!',
      '&&',
      '||',
      'has(',
      'in',
      'all()',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 20 }), (all) => {
        const whole = all.join('');
        const found = parseCalicoSelector(whole);
        if ('problem' in found) assert.ok(found.at >= 0 && found.at <= whole.length);
      }),
      { numRuns: 500 },
    );
  });
});
