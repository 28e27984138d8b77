import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { configVariables, environmentOf, parseDotenv, substitute } from './environment.ts';
import { loadConfig } from './load.ts';
import type { ConfigNode } from './tree.ts';

/** Files by path; a text that begins with `->` is a symbolic link. */
function load(files: Readonly<Record<string, string>>, roots: readonly string[] = []) {
  return loadConfig(
    '/home/a/openclaw.json',
    {
      read: (path) => {
        const text = files[path];
        return text === undefined ? { unreadable: 'there is no such file' } : { text };
      },
      realPath: (path) => (files[path]?.startsWith('->') ? files[path].slice(2) : path),
    },
    roots,
  );
}

function codes(files: Readonly<Record<string, string>>): string[] {
  return load(files).diagnostics.map(({ code }) => code);
}

describe('$include', () => {
  test('takes a file, a list of files, and keys beside it over them', () => {
    const { root, files } = load({
      '/home/a/openclaw.json': `{ $include: ['./one.json5', 'two.json5'], b: { y: 9 }, list: [3] }`,
      '/home/a/one.json5': '{ a: 1, b: { x: 1, y: 1 }, list: [1] }',
      '/home/a/two.json5': '{ a: 2, deep: { $include: "./sub/three.json5" }, list: [2] }',
      '/home/a/sub/three.json5': '{ here: "$include" }',
    });
    assert.deepEqual(plain(root), {
      a: 2,
      b: { x: 1, y: 9 },
      list: [1, 2, 3],
      deep: { here: '$include' },
    });
    assert.deepEqual(files, [
      '/home/a/openclaw.json',
      '/home/a/one.json5',
      '/home/a/two.json5',
      '/home/a/sub/three.json5',
    ]);
  });

  test('is relative to the file that it stands in, and a nested value may be a list', () => {
    const { root } = load({
      '/home/a/openclaw.json': '{ sub: { $include: "./sub/one.json5" } }',
      '/home/a/sub/one.json5': '{ items: { $include: "./two.json5" } }',
      '/home/a/sub/two.json5': '[1, 2]',
    });
    assert.deepEqual(plain(root), { sub: { items: [1, 2] } });
  });

  test('stays within its folder, also where a symbolic link leads out, unless a root allows it', () => {
    assert.deepEqual(codes({ '/home/a/openclaw.json': '{ $include: "../b.json" }' }), ['D0011']);
    assert.deepEqual(codes({ '/home/a/openclaw.json': '{ $include: "/etc/passwd" }' }), ['D0011']);
    assert.deepEqual(codes({ '/home/a/openclaw.json': '{ $include: "a\\u0000b" }' }), ['D0011']);
    const link = { '/home/a/openclaw.json': '{ $include: "./in.json" }', '/home/a/in.json': '->/etc/shadow' };
    assert.deepEqual(codes(link), ['D0011']);
    const shared = { '/home/a/openclaw.json': '{ $include: "/srv/shared.json" }', '/srv/shared.json': '{ a: 1 }' };
    assert.deepEqual(plain(load(shared, ['/srv']).root), { a: 1 });
    assert.deepEqual(codes({ '/home/a/openclaw.json': '{ $include: "..a.json" }', '/home/a/..a.json': '{}' }), []);
  });

  test('ends in circles, in depth and in width', () => {
    assert.deepEqual(codes({ '/home/a/openclaw.json': '{ a: { $include: "./openclaw.json" } }' }), ['D0012']);
    const chain = (length: number) =>
      Object.fromEntries(
        Array.from({ length }, (_, index) => [
          `/home/a/${index === 0 ? 'openclaw' : index}.json`,
          index === length - 1 ? '{}' : `{ $include: "./${index + 1}.json" }`,
        ]),
      );
    assert.deepEqual(codes(chain(11)), []);
    assert.deepEqual(codes(chain(12)), ['D0013']);
    const wide = `{ $include: [${'"./x.json",'.repeat(500)}] }`;
    const many = load({ '/home/a/openclaw.json': wide, '/home/a/x.json': '{}' });
    assert.equal(many.files.length, 200);
    assert.ok(many.diagnostics.every(({ code }) => code === 'D0015'));
  });

  test('reports every fault at once, each in its own file', () => {
    const { diagnostics } = load({
      '/home/a/openclaw.json':
        '{ a: { $include: "./bad.json" }, b: { $include: "./absent.json" }, c: { $include: 7 } }',
      '/home/a/bad.json': '{ x: }',
    });
    assert.deepEqual(
      diagnostics.map(({ code, span }) => [code, span?.file.name]),
      [
        ['D0002', '/home/a/bad.json'],
        ['D0001', '/home/a/openclaw.json'],
        ['D0010', '/home/a/openclaw.json'],
      ],
    );
  });

  test('with keys beside it needs a mapping, and files are bounded', () => {
    assert.deepEqual(codes({ '/home/a/openclaw.json': '{ $include: "./l.json", a: 1 }', '/home/a/l.json': '[]' }), [
      'D0014',
    ]);
    assert.deepEqual(codes({ '/home/a/openclaw.json': `{}${' '.repeat(2_097_152)}` }), ['D0005']);
  });
});

describe('variables', () => {
  const environment = environmentOf({ URL: 'https://example.com', EMPTY: '' }, { URL: 'later', EMPTY: 'from file' });
  const value = (text: string) => {
    const { root } = load({ '/home/a/openclaw.json': JSON.stringify({ a: text }) });
    assert.ok(root);
    const node = substitute(root, environment);
    const member = node.kind === 'mapping' ? node.members.get('a')?.value : undefined;
    return member?.kind === 'text' ? { value: member.value, unset: member.unset } : undefined;
  };

  test('are put in, escaped, and missed by name', () => {
    const url = reference('URL');
    assert.deepEqual(value(`${url}/v1`), { value: 'https://example.com/v1', unset: undefined });
    assert.deepEqual(value(`$${url}`), { value: url, unset: undefined });
    assert.deepEqual(value(reference('EMPTY')), { value: 'from file', unset: undefined });
    const absent = `${reference('ABSENT')}-${reference('OTHER')}`;
    assert.deepEqual(value(absent), { value: absent, unset: 'ABSENT' });
    const none = `${reference('lower')} $URL $\{URL`;
    assert.deepEqual(value(none), { value: none, unset: undefined });
    assert.deepEqual(value(reference('TOSTRING')), { value: reference('TOSTRING'), unset: 'TOSTRING' });
  });

  test('come from .env files and from env.vars', () => {
    const text =
      '# comment\nA=1\nexport B="two words" # x\nC=\'$A\'\nD=plain # comment\nA=again\nnot a line\n__proto__=x\n';
    assert.deepEqual({ ...parseDotenv(text) }, { A: '1', B: 'two words', C: '$A', D: 'plain', ['__proto__']: 'x' });
    const { root } = load({ '/home/a/openclaw.json': '{ env: { vars: { KEY: "v", N: 1 } } }' });
    assert.ok(root);
    assert.deepEqual({ ...configVariables(root) }, { KEY: 'v' });
  });
});

/** How a configuration names a variable. */
function reference(name: string): string {
  return `$\{${name}}`;
}

function plain(node: ConfigNode | undefined): unknown {
  switch (node?.kind) {
    case 'mapping':
      return Object.fromEntries([...node.members].map(([key, { value }]) => [key, plain(value)]));
    case 'list':
      return node.items.map(plain);
    case 'text':
    case 'number':
    case 'boolean':
      return node.value;
    default:
      return node?.kind;
  }
}
