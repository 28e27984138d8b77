import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadPolicy, loadPolicyText } from '../../src/policy/index.ts';
import { resolvePolicy } from '../../src/resolve/index.ts';
import { SourceFile, spanPosition } from '../../src/source/index.ts';
import { context, readerOf, readerOfTexts } from './support.ts';

const examples = new URL('../../examples/', import.meta.url);

function codesOf(texts: Readonly<Record<string, string>>, path = 'policy.yaml'): string[] {
  return loadPolicy(path, readerOfTexts(texts)).diagnostics.map(({ code }) => code);
}

describe('loading', () => {
  test('puts a policy together from its files, each declaration with its own place', () => {
    const { policy, diagnostics } = loadPolicy('split/portcullis.yaml', readerOf(examples));
    assert.deepEqual(diagnostics, []);
    assert.deepEqual(
      policy?.files.map(({ name }) => name),
      ['split/portcullis.yaml', 'split/shared/zones.yaml', 'split/shared/system.yaml'],
    );
    const bastion = policy.zones.find(({ name }) => name === 'bastion');
    assert.ok(bastion);
    assert.equal(bastion.span.file.name, 'split/shared/zones.yaml');
    assert.equal(spanPosition(bastion.span).line, 4);
  });

  test('text that is already there is read the same way', () => {
    const file = new SourceFile('<stdin>', 'portcullis: 1\nzones: { a: { addresses: 10.0.0.1 } }\n');
    const { policy, diagnostics } = loadPolicyText(file, readerOfTexts({}));
    assert.deepEqual(diagnostics, []);
    assert.equal(policy?.zones[0]?.span.file, file);
  });

  test('more flows than a call takes arguments are taken over', () => {
    const count = 130_000;
    const flows = Array.from({ length: count }, (_, at) => `- { name: f${at}, from: a, to: b, service: tcp/1 }\n`);
    const text = `portcullis: 1\nflows:\n${flows.join('')}`;
    const { policy, diagnostics } = loadPolicyText(new SourceFile('many.yaml', text), readerOfTexts({}));
    assert.equal(diagnostics.length, 0);
    assert.equal(policy?.flows.length, count);
  });

  test('a file that cannot be read is said so', () => assert.deepEqual(codesOf({}), ['P0001']));

  test('includes are relative to the file that includes, absolute ones to nothing', () => {
    const texts = {
      'etc/policy.yaml': 'portcullis: 1\ninclude: [sub/a.yaml, /abs/d.yaml]',
      'etc/sub/a.yaml': 'include: ../b.yaml',
      'etc/b.yaml': 'include: ./sub/../c.yaml',
      'etc/c.yaml': 'flows: []',
      '/abs/d.yaml': 'include: e.yaml',
      '/abs/e.yaml': 'flows: []',
    };
    assert.deepEqual(codesOf(texts, 'etc/policy.yaml'), []);
  });

  test('a file that is needed twice is read once', () => {
    const texts = {
      'policy.yaml': 'portcullis: 1\ninclude: [a.yaml, b.yaml]',
      'a.yaml': 'include: shared.yaml',
      'b.yaml': 'include: shared.yaml',
      'shared.yaml': 'zones: { shared: { addresses: 10.0.0.1 } }',
    };
    assert.deepEqual(codesOf(texts), []);
  });

  test('a file that includes itself is found, and nothing hangs', () => {
    assert.deepEqual(codesOf({ 'policy.yaml': 'portcullis: 1\ninclude: policy.yaml' }), ['P0060']);
  });

  test('a chain of includes ends at 16 files', () => {
    const texts: Record<string, string> = { 'policy.yaml': 'portcullis: 1\ninclude: 1.yaml' };
    for (let depth = 1; depth < 40; depth++) texts[`${depth}.yaml`] = `include: ${depth + 1}.yaml`;
    assert.deepEqual(codesOf(texts), ['P0061']);
  });

  test('the number of files is bounded', () => {
    const names = Array.from({ length: 300 }, (_, index) => `${index}.yaml`);
    const texts = Object.fromEntries(names.map((name) => [name, 'flows: []']));
    const codes = codesOf({ ...texts, 'policy.yaml': `portcullis: 1\ninclude: [${names.join()}]` });
    assert.deepEqual(new Set(codes), new Set(['P0061']));
  });

  test('a million problems are counted, not kept', () => {
    const { diagnostics } = loadPolicyText(
      new SourceFile('policy.yaml', `portcullis: 1\nflows: [${'x,'.repeat(1_000_000)}]`),
      readerOfTexts({}),
    );
    assert.equal(diagnostics.length, 1001);
    assert.ok(diagnostics.some(({ message }) => message === '999000 more problems are not shown'));
  });

  test('an incomplete policy is never enforced', () => {
    const { policy } = loadPolicyText(
      new SourceFile('policy.yaml', 'portcullis: 1\nzones: { a: { addresses: 10.0.0.0/24, except: 10.0.0.300 } }'),
      readerOfTexts({}),
    );
    assert.equal(policy?.complete, false);
    assert.equal(resolvePolicy(policy, context).intent, undefined);
  });

  test('ten megabytes take seconds', () => {
    const zones = Array.from(
      { length: 125_000 },
      (_, index) => `  zone-${index}: { addresses: 10.${index >> 16}.${(index >> 8) & 255}.${index & 255} }`,
    );
    const flows = Array.from(
      { length: 40_000 },
      (_, index) =>
        `  - { name: flow-${index}, from: zone-${index}, to: host, service: tcp/${index}, purpose: nothing of importance }`,
    );
    const text = `portcullis: 1\nzones:\n${zones.join('\n')}\nflows:\n${flows.join('\n')}\n`;
    const started = performance.now();
    const { diagnostics } = loadPolicyText(new SourceFile('policy.yaml', text), readerOfTexts({}));
    assert.deepEqual(diagnostics, []);
    assert.ok(text.length > 9_000_000, String(text.length));
    assert.ok(performance.now() - started < 20_000, 'a hang, not a slow machine');
  });
});
