import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseJson5 } from './json5.ts';
import { scanJson5 } from './json5-text.ts';
import type { ConfigNode } from './tree.ts';

test('values are masked, keys and places are not', () => {
  const cases: readonly (readonly [text: string, shown: string])[] = [
    [`{ a: 'secret', "b-c": "x" }`, `{ a: '******', "b-c": "*" }`],
    [
      '{ port: 18789, phone: 15555550123, on: true, off: null }',
      '{ port: 18789, phone: ***********, on: true, off: null }',
    ],
    ['{ a: 1 } // token abc', '{ a: 1 } //**********'],
    ['/* a\nb */ { }', '/***\n**** { }'],
    [`{ 'it\\'s': 'a\\'b' }`, `{ '*****': '****' }`],
    [`{ a: 'no end`, `{ a: '******`],
    ['{ a: bare-secret, b: 1:bare }', '{ a: ***********, b: 1:**** }'],
    [`{ token: 'abc': 1, list: ['abc'] }`, `{ token: '***': 1, list: ['***'] }`],
    ['{ "+15555550123": {} }', '{ "************": {} }'],
  ];
  for (const [text, shown] of cases) assert.equal(scanJson5(text).shown, shown);
});

test('masking keeps every place, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const { shown } = scanJson5(text);
      assert.equal(shown.length, text.length);
      assert.deepEqual(lineStarts(shown), lineStarts(text));
    }),
  );
});

test('a text value is never shown, in whatever JSON5 it stands', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z]{8,20}$/), fc.jsonValue({ maxDepth: 3 }), (secret, value) => {
      const { shown } = scanJson5(JSON.stringify({ first: value, token: `${secret}!`, list: [`${secret}!`] }));
      assert.ok(!shown.includes(`${secret}!`));
    }),
  );
});

test('what JSON.stringify writes is read back', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const node = parseJson5('x.json5', JSON.stringify(value));
      assert.ok('kind' in node);
      assert.deepEqual(plain(node), JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('JSON5 beyond JSON', () => {
  const node = parseJson5(
    'x.json5',
    `\ufeff{ // comment\n a: +1, 'b': .5, c: 0x1F, d: 'x\\\ny', e: [1, 2,], a: 'later', }`,
  );
  assert.ok('kind' in node);
  assert.deepEqual(plain(node), { a: 'later', b: 0.5, c: 31, d: 'xy', e: [1, 2] });
});

test('text that nests too deep is told, not run into', () => {
  for (const text of ['['.repeat(100_000), '{a:'.repeat(50_000), `${'['.repeat(101)}${']'.repeat(101)}`]) {
    const problem = parseJson5('x.json5', text);
    assert.ok('code' in problem && problem.code === 'D0004');
  }
  assert.ok('kind' in parseJson5('x.json5', `${'['.repeat(100)}${']'.repeat(100)}`));
  assert.ok('kind' in parseJson5('x.json5', `['${'['.repeat(500)}'] // ${'['.repeat(500)}`));
});

test('a quote or comment without an end is told where it begins, and no text keeps the reader', () => {
  const cases: readonly (readonly [text: string, at: number])[] = [
    [`{ a: 'x }`, 5],
    ['{ a: "\\', 5],
    [`["x", "\\"`, 6],
    [`{ a: 'x\ny' }`, 5],
    ['{ a: 1 /* b }', 7],
    ['/*/', 0],
    [`{ a: 1, 'b`, 8],
  ];
  for (const [text, at] of cases) {
    const problem = parseJson5('x.json5', text);
    assert.ok('code' in problem && problem.code === 'D0002', text);
    assert.equal(problem.span?.start, at, text);
  }
});

function plain(node: ConfigNode): unknown {
  switch (node.kind) {
    case 'mapping':
      return Object.fromEntries([...node.members].map(([key, { value }]) => [key, plain(value)]));
    case 'list':
      return node.items.map(plain);
    case 'text':
    case 'number':
    case 'boolean':
      return node.value;
    case 'null':
      return null;
  }
}

function lineStarts(text: string): number[] {
  return [...text.matchAll(/\n/g)].map(({ index }) => index);
}
