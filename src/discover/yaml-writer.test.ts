import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { list, scalar, YamlWriter } from './yaml-writer.ts';

const WORDS = [
  'true',
  'No',
  '12',
  '1.5',
  '0x1F',
  '1e3',
  '12:30',
  '~',
  'null',
  '203.0.113.9',
  '2001:db8::',
  'catalog:x',
  '- a',
  'a: b',
  'a #b',
  '',
  ' a',
  '"',
  "'",
  '[x]',
  '{x}',
  '*a',
  '&a',
  '!a',
  '%a',
  '@a',
  '`a`',
  'a\nb',
];

test('every scalar is read back as the same text, by YAML 1.1 and 1.2', () => {
  const texts = fc.oneof(fc.constantFrom(...WORDS), fc.string(), fc.stringMatching(/^[a-z0-9:._ -]{1,12}$/));
  fc.assert(
    fc.property(texts, (text) => {
      for (const version of ['1.1', '1.2'] as const) {
        assert.equal(parse(`key: ${scalar(text)}`, { version }).key, text);
        assert.deepEqual(parse(`key: ${list([text, 'x', text])}`, { version }).key, [text, 'x', text]);
      }
    }),
    { numRuns: 2000 },
  );
});

test('comments are wrapped and never become anything else', () => {
  const text = new YamlWriter()
    .line('a: 1')
    .comment('word '.repeat(60), 2)
    .bullet(`${'x'.repeat(200)} y`)
    .text();
  assert.deepEqual(parse(text), { a: 1 });
  assert.ok(text.split('\n').every((line) => line.length <= 120 || /x{200}/.test(line)));
});
