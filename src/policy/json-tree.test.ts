import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { SourceFile } from '../source/index.ts';
import { readJson } from './json-tree.ts';
import { Reporter } from './reporter.ts';
import { readYaml } from './yaml.ts';
import type { YamlNode } from './yaml-tree.ts';

function read(text: string, ...leftOut: readonly string[]): YamlNode | undefined {
  return readJson(new SourceFile('test', text), new Set(leftOut));
}

/** Every value with its place; of lists and mappings where they begin (where YAML says that they end is a matter of taste). */
function told(node: YamlNode): unknown {
  const { start } = node.span;
  switch (node.kind) {
    case 'scalar':
      return [start, node.span.end, node.text, node.value];
    case 'list':
      return [start, node.items.map(told)];
    case 'map':
      return [start, [...node.entries.values()].map(({ key, value }) => [told(key), told(value)])];
  }
}

describe('JSON', () => {
  it('is read as the YAML reader does it', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(4), (json, indent) => {
        const text = JSON.stringify(JSON.parse(json), null, indent);
        const [ours, yaml] = [read(text), readYaml(new SourceFile('test', text), new Reporter())];
        // YAML has its own mind about the words of `<<`, about control characters and about nothing at all.
        if (yaml === undefined || text.includes('"<<"')) return;
        assert.deepEqual(told(ours!), told(yaml));
      }),
      { numRuns: 300 },
    );
  });

  const others: readonly (readonly [why: string, text: string])[] = [
    ['nothing', ''],
    ['YAML', '{a: 1}'],
    ['a key twice', '{"a": 1, "a": 2}'],
    ['something behind it', '{"a": 1} 2'],
    ['an end that is missing', '{"a": [1, 2}'],
    ['a string that is not closed', '{"a": "b\\"}'],
    ['a line break in a string', '{"a": "b\nc"}'],
    ['an escape that is none', '{"a": "\\x"}'],
    ['a comma too many', '[1,]'],
    ['a number with a zero before it', '[01]'],
    ['a key that is no string', '{1: 2}'],
    ['two hundred lists and one more', '['.repeat(202) + ']'.repeat(202)],
    ['half a million brackets', '['.repeat(500_000)],
  ];
  for (const [why, text] of others) it(`is not ${why}`, () => assert.equal(read(text), undefined));

  it('may leave out lists that nobody asks for, whatever is in them', () => {
    const text = '{"a": [{"b": "]\\"["}, []], "c": {"a": "kept"}, "d": 1}';
    const node = read(text, 'a');
    assert.deepEqual(node?.kind === 'map' && [...node.entries.keys()], ['c', 'd']);
    const inner = node?.kind === 'map' ? node.entries.get('c')?.value : undefined;
    assert.deepEqual(inner?.kind === 'map' && [...inner.entries.keys()], ['a']);
  });

  it('has places after a byte order mark, too', () => {
    assert.equal(read('\ufeff{"a": 1}')?.span.start, 1);
  });
});
