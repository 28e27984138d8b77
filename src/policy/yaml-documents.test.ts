import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SourceFile, spanPosition } from '../source/index.ts';
import { Reporter } from './reporter.ts';
import { readYamlDocuments } from './yaml.ts';
import type { YamlNode } from './yaml-tree.ts';

/** The first scalar of each document with its line, or the codes of what is wrong with it. */
function read(text: string): readonly (readonly [word: string, line: number])[] {
  const report = new Reporter();
  const documents = readYamlDocuments(new SourceFile('test', text), report);
  const codes = report.diagnostics().map(({ code }) => [code, 0] as const);
  return [
    ...codes,
    ...documents.flatMap(({ root, report: own }) => {
      const faults = own.diagnostics().map(({ code, span }) => [code, spanPosition(span!).line] as const);
      if (root === undefined) return faults;
      const word = first(root);
      return [[word.text, spanPosition(word.span).line] as const, ...faults];
    }),
  ];
}

function first(node: YamlNode): Extract<YamlNode, { kind: 'scalar' }> {
  switch (node.kind) {
    case 'scalar':
      return node;
    case 'list':
      return first(node.items[0]!);
    case 'map':
      return [...node.entries.values()][0]!.key;
  }
}

describe('documents of a file', () => {
  const cases: readonly (readonly [name: string, text: string, expected: ReturnType<typeof read>])[] = [
    ['none', '', []],
    ['comments only', '# a\n---\n# b\n', []],
    ['one', 'a: 1', [['a', 1]]],
    [
      'two',
      'a: 1\n---\nb: 1\n',
      [
        ['a', 1],
        ['b', 3],
      ],
    ],
    [
      'empty ones between',
      '---\n---\na: 1\n---\n\n--- # c\n---\nb: 1\n---',
      [
        ['a', 3],
        ['b', 8],
      ],
    ],
    [
      'with ends and directives',
      '%YAML 1.2\n---\na: 1\n...\n---\nb: 1',
      [
        ['a', 3],
        ['b', 6],
      ],
    ],
    ['JSON', '{"a": [1]}', [['a', 1]]],
    [
      'a broken one between',
      'a: 1\n---\nb: [1\n---\nc: 1\n',
      [
        ['a', 1],
        ['P0004', 4],
        ['c', 5],
      ],
    ],
    [
      'a broken one at the beginning',
      'b: "x\n---\nc: 1\n',
      [
        ['P0004', 1],
        ['c', 3],
      ],
    ],
    [
      'an anchor is known in its document only',
      'a: &x 1\n---\nb: *x\n---\nc: 1',
      [
        ['a', 1],
        ['P0010', 3],
        ['c', 5],
      ],
    ],
    [
      'equal keys',
      'a: 1\na: 2\n---\na: 1',
      [
        ['a', 1],
        ['P0007', 2],
        ['a', 4],
      ],
    ],
    [
      'a marker within a block of text is none',
      'a: |\n  ---\n  b\n---\nc: 1',
      [
        ['a', 1],
        ['c', 5],
      ],
    ],
    [
      'Windows lines, one broken',
      'a: 1\r\n---\r\nb: }\r\n---\r\nc: 1\r\n',
      [
        ['a', 1],
        ['P0004', 3],
        ['c', 5],
      ],
    ],
  ];
  for (const [name, text, expected] of cases) it(name, () => assert.deepEqual(read(text), expected));

  it('a deep schema', () => {
    const deep = `${'{a: '.repeat(150)}1${'}'.repeat(150)}`;
    assert.deepEqual(read(`${deep}\n---\nb: 1`), [
      ['a', 1],
      ['b', 3],
    ]);
    assert.deepEqual(read(`${'['.repeat(100_000)}\n---\nb: 1`), [
      ['P0015', 1],
      ['b', 2 + 1],
    ]);
  });

  it('a tag that says text', () => {
    const [document] = readYamlDocuments(new SourceFile('test', '!!str 80'), new Reporter(), { tags: ['!!str'] });
    assert.equal(document?.root?.kind === 'scalar' && document.root.value, '80');
  });
});
