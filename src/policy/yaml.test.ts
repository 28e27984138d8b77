import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SourceFile } from '../source/index.ts';
import { Reporter } from './reporter.ts';
import { readYaml } from './yaml.ts';
import type { YamlNode } from './yaml-tree.ts';

function read(text: string): { node: YamlNode | undefined; codes: string[] } {
  const report = new Reporter();
  const node = readYaml(new SourceFile('test', text), report);
  return { node, codes: report.diagnostics().map(({ code }) => code) };
}

/** The tree as plain data. */
function plain(node: YamlNode | undefined): unknown {
  switch (node?.kind) {
    case undefined:
      return undefined;
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(plain);
    case 'map':
      return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, plain(value)]));
  }
}

/** Every scalar, with the text at its place. */
function places(node: YamlNode | undefined): string[] {
  switch (node?.kind) {
    case undefined:
      return [];
    case 'scalar':
      return [node.span.file.text.slice(node.span.start, node.span.end)];
    case 'list':
      return node.items.flatMap(places);
    case 'map':
      return [...node.entries.values()].flatMap(({ key, value }) => [...places(key), ...places(value)]);
  }
}

describe('a YAML document', () => {
  const values: readonly (readonly [string, unknown])[] = [
    ['a: 1', { a: 1 }],
    ['a: 0x1F', { a: 31 }],
    ['a: 0o17', { a: 15 }],
    ['a: 1.5', { a: 1.5 }],
    ['a: yes', { a: 'yes' }], // YAML 1.1 took these for true
    ['a: on', { a: 'on' }],
    ['a: 2027-03-31', { a: '2027-03-31' }],
    ['a: 1:30', { a: '1:30' }],
    ['a: "1"', { a: '1' }],
    ['a: True', { a: true }],
    ['a: ~', { a: null }],
    ['a:', { a: null }],
    ['a: 10.0.0.1', { a: '10.0.0.1' }],
    ['a: |\n  one\n  two\n', { a: 'one\ntwo\n' }],
    ['a: >\n  one\n  two\n', { a: 'one two\n' }],
    ['a: one\n  two', { a: 'one two' }],
    ['\ufeffa: b\r\nc: d\r\n', { a: 'b', c: 'd' }],
    ['--- \na: b\n...\n', { a: 'b' }],
    ['a: &x [1]\nb: *x', { a: [1], b: [1] }],
    ['a: &x { b: 1, c: 2 }\nd: { <<: *x, c: 3 }', { a: { b: 1, c: 2 }, d: { b: 1, c: 3 } }],
    [
      'a: &x { b: 1 }\nc: &y { b: 2, d: 4 }\ne: { <<: [*x, *y] }',
      { a: { b: 1 }, c: { b: 2, d: 4 }, e: { b: 1, d: 4 } },
    ],
    ['"<<": 1', { '<<': 1 }],
  ];
  for (const [text, expected] of values) {
    test(JSON.stringify(text), () => {
      const { node, codes } = read(text);
      assert.deepEqual(codes, []);
      assert.deepEqual(plain(node), expected);
    });
  }

  test('keeps the place of every word, with its quotes', () => {
    const text = `\ufeffzones: # who\r\n  agent: { "users": ['a b', c] }\r\n  other:\r\n    - d\r\n    - |\r\n      text\r\n`;
    assert.deepEqual(places(read(text).node), [
      'zones',
      'agent',
      '"users"',
      "'a b'",
      'c',
      'other',
      'd',
      '      text\r\n',
    ]);
  });

  test('keys that are names of JavaScript are only words', () => {
    const { node } = read('__proto__: 1\nconstructor: 2');
    assert.deepEqual(node?.kind === 'map' ? [...node.entries.keys()] : [], ['__proto__', 'constructor']);
  });

  test('tags that are asked for are kept, others refused', () => {
    const report = new Reporter();
    const text = 'a: !x [1]\nb: !x { c: !x }\nd: !y e\nf: !x\n';
    const node = readYaml(new SourceFile('test', text), report, ['!x']);
    assert.deepEqual(
      report.diagnostics().map(({ code }) => code),
      ['P0012'],
    );
    const entries = node?.kind === 'map' ? [...node.entries] : [];
    assert.deepEqual(
      entries.map(([key, { value }]) => `${key} ${value.kind} ${value.tag ?? ''}`),
      ['a list !x', 'b map !x', 'd scalar ', 'f scalar !x'],
    );
    assert.deepEqual(plain(node), { a: [1], b: { c: null }, d: 'e', f: null });
  });

  const faults: readonly (readonly [string, string])[] = [
    ['', 'P0006'],
    ['---\n', 'P0006'],
    ['a: b\n---\nc: d\n', 'P0005'],
    ['a: b\na: c', 'P0007'],
    ['[a]: b', 'P0008'],
    ['<<: 1', 'P0009'],
    ['a: *b', 'P0010'],
    ['a: &a [*a]', 'P0010'],
    ['a: !!str b', 'P0012'],
    ['a: \u0000', 'P0003'],
    ['a: \u0085', ''], // NEL is a printable character to YAML
    ['\ufffd', 'P0003'],
  ];
  for (const [text, code] of faults) {
    test(`${JSON.stringify(text)} is a fault`, () => assert.deepEqual(read(text).codes, code === '' ? [] : [code]));
  }
});

describe('a hostile document', () => {
  const cases: readonly (readonly [string, () => string, string])[] = [
    ['100,000 open brackets', () => '['.repeat(100_000), 'P0015'],
    ['100,000 nested lists', () => '- '.repeat(100_000), 'P0015'],
    ['100,000 nested mappings', () => '{a: '.repeat(100_000), 'P0015'],
    ['a billion laughs', laughs, 'P0011'],
    ['17 MB of text', () => `a: ${'x'.repeat(17 * 1024 * 1024)}`, 'P0002'],
    ['more commas than any policy has', () => `[${','.repeat(2_500_001)}]`, 'P0002'],
    ['a megabyte with a fault at its end', () => `${'# x\n'.repeat(250_000)}a: [`, 'P0004'],
  ];
  for (const [what, text, code] of cases) test(what, () => assert.deepEqual(read(text()).codes, [code]));
});

function laughs(): string {
  const lines = ['a0: &a0 [lol]'];
  for (let level = 1; level < 30; level++) {
    lines.push(
      `a${level}: &a${level} [${Array(10)
        .fill(`*a${level - 1}`)
        .join(', ')}]`,
    );
  }
  return lines.join('\n');
}
