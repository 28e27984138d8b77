import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { load } from 'js-yaml';
import { parse } from 'yaml';
import { literal, type YamlValue, yamlFile } from './yaml-text.ts';

const HOSTILE = [
  'yes',
  'No',
  '~',
  'null',
  '0x1f',
  '1_000',
  '1:30',
  '2026-11-26',
  '- x',
  'a: b',
  'a #b',
  '!override',
  '&a',
  '*a',
  '<<',
  '"',
  "'",
  '\\',
  'a\nports: ["0.0.0.0:22:22"]',
  '\u0085',
  '\u2028',
  '\ufeff',
  '${X}',
  '__proto__',
  '',
];

function readings(text: string): unknown[] {
  return [parse(text, { version: '1.2' }), parse(text, { version: '1.1' }), load(text)];
}

describe('what is written for Compose', () => {
  for (const name of HOSTILE) {
    test(`${JSON.stringify(name)} is a text as a value, a key, an item and in a comment`, () => {
      const text = yamlFile(
        [`for ${name}`],
        [
          {
            key: 'x',
            value: { map: [{ key: name === '__proto__' ? 'k' : name, value: { list: [name] }, comment: [name] }] },
          },
        ],
      );
      for (const read of readings(text)) assert.deepEqual(read, { x: { [name === '__proto__' ? 'k' : name]: [name] } });
    });
  }

  test('any tree is read back as it is', () => {
    const word = fc.oneof(
      fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
      fc.constantFrom(...HOSTILE),
    );
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        word,
        fc.integer({ min: 0, max: 65_535 }),
        fc.boolean(),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(
          word.filter((key) => key !== '__proto__' && key.length < 100),
          tie('tree'),
          { maxKeys: 3, noNullPrototype: true },
        ),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        const text = yamlFile([], [{ key: 'x', value: written(value) }]);
        for (const read of readings(text)) assert.deepEqual(read, { x: value });
      }),
    );
  });

  test('a dollar sign is none of a variable', () => {
    assert.equal(literal('a${HOME}$b$$'), 'a$${HOME}$$b$$$$');
  });
});

function written(value: unknown): YamlValue {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return { list: value.map(written) };
  return { map: Object.entries(value ?? {}).map(([key, each]) => ({ key, value: written(each) })) };
}
