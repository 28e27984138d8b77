import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Selector } from './selector.ts';
import { selectorText } from './selector-text.ts';

describe('a selector in words', () => {
  const web: Selector = { kind: 'in', key: 'app', values: ['web'] };
  const tier: Selector = { kind: 'in', key: 'tier', values: ['a', 'b'] };
  const debug: Selector = { kind: 'has', key: 'debug' };
  const everything: Selector = { kind: 'everything' };
  const nothing: Selector = { kind: 'nothing' };
  const table: readonly (readonly [selector: Selector, text: string])[] = [
    [everything, ''],
    [nothing, 'nobody'],
    [web, 'app=web'],
    [{ kind: 'all', of: [web, tier, { kind: 'not', of: debug }] }, 'app=web, tier in (a, b), !debug'],
    [{ kind: 'any', of: [web, tier] }, 'app=web or tier in (a, b)'],
    [{ kind: 'all', of: [{ kind: 'any', of: [web, tier] }, debug] }, '(app=web or tier in (a, b)), debug'],
    [{ kind: 'any', of: [{ kind: 'all', of: [web, tier] }, debug] }, '(app=web, tier in (a, b)) or debug'],
    [{ kind: 'not', of: web }, 'not (app=web)'],
    // parts that change nothing have no words
    [{ kind: 'all', of: [] }, ''],
    [{ kind: 'any', of: [] }, 'nobody'],
    [{ kind: 'in', key: 'app', values: [] }, 'nobody'],
    [{ kind: 'all', of: [everything, web] }, 'app=web'],
    [{ kind: 'any', of: [{ kind: 'any', of: [nothing, web] }] }, 'app=web'],
    [{ kind: 'any', of: [web, everything] }, ''],
    [{ kind: 'not', of: everything }, 'nobody'],
    [{ kind: 'not', of: { kind: 'not', of: debug } }, 'debug'],
  ];
  for (const [selector, text] of table) {
    test(text === '' ? `says nothing of ${JSON.stringify(selector)}` : `${text}: ${JSON.stringify(selector)}`, () =>
      assert.equal(selectorText(selector), text),
    );
  }
});
