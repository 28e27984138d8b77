import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { suite, test } from 'node:test';
import { CATALOGUES } from '../../scripts/reference/diagnostics.ts';
import { REFERENCE_PAGES } from '../../scripts/reference/pages.ts';

suite('docs/reference', () => {
  for (const [name, text] of Object.entries(REFERENCE_PAGES)) {
    test(`${name} is up to date`, async () => {
      const written = readFileSync(new URL(`../../docs/reference/${name}`, import.meta.url), 'utf8');
      assert.equal(written, await text(), 'run `npm run reference`');
    });
  }

  test('names every catalogue of diagnostics in the program', () => {
    const kinds = CATALOGUES.flatMap(([, catalogue]) => Object.values(catalogue));
    const known = new Set(kinds.map(({ code }) => code));
    const source = new URL('../../src/', import.meta.url);
    for (const path of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
      if (!path.endsWith('problems.ts') || !statSync(new URL(path, source)).isFile()) continue;
      for (const [, code] of readFileSync(new URL(path, source), 'utf8').matchAll(/code: '([A-Z]\d{4})'/g)) {
        assert.ok(known.has(code!), `${code} of ${path} is in no catalogue that the reference lists`);
      }
    }
    assert.equal(known.size, kinds.length, 'a code is used twice');
  });

  test('the words of diagnostics are as the house wants them', () => {
    for (const [, catalogue] of CATALOGUES) {
      for (const { code, explanation } of Object.values(catalogue)) assert.match(explanation, /\.$/, code);
    }
    const page = readFileSync(new URL('../../docs/reference/diagnostics.md', import.meta.url), 'utf8');
    for (const [line, message] of page.matchAll(/^\*\*(?:error|warning|info)\*\*: (.*)$/gm)) {
      assert.doesNotMatch(line, /undefined|NaN|\[object/, line);
      assert.doesNotMatch(message!, /[^.]\.$/, `a full stop: ${line}`);
    }
  });
});
