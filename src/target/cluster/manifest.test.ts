import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { Noted, type ObjectTree, printManifests } from './manifest.ts';

function text(body: ObjectTree, comment: readonly string[] = []): string {
  return printManifests([{ name: 'x.yaml', comment: [], objects: [{ comment, body }] }])[0]?.text ?? '';
}

test('a text that YAML 1.1 takes for another type stays text', () => {
  const texts = [
    'yes',
    'off',
    '012',
    '1e3',
    '1_000',
    '12:30:45',
    '0x1f',
    'null',
    '~',
    '',
    '=',
    '2026-11-26',
    'a: b',
    '# c',
    '*',
  ];
  assert.deepEqual(parse(text({ texts }), { version: '1.1' }), { texts });
});

test('fields that are not there are not written; empty ones are', () => {
  assert.equal(text({ none: undefined, map: {}, list: [] }), '---\nmap: {}\nlist: []\n');
});

test('comments stand above what they are about, and cannot end early', () => {
  const body = { rules: [new Noted('flow a\n- injected: true', { to: [1] }), new Noted('flow b', { to: [2] })] };
  const written = text(body, ['first\nsecond: line']);
  assert.deepEqual(parse(written), { rules: [{ to: [1] }, { to: [2] }] });
  assert.match(written, /^---\n# first\S*second: line\nrules:\n {2}# flow a\S+- injected: true\n {2}- to:\n/);
});

test('several lines are a block', () => {
  assert.equal(text({ policy: 'a: 1\nb: 2\n' }), '---\npolicy: |\n  a: 1\n  b: 2\n');
});
