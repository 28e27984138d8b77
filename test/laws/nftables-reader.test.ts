import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { HeaderSpace } from '../../src/packetset/index.ts';
import { denote } from '../../src/semantics/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { nftablesTarget } from '../../src/target/nftables/index.ts';

/** Text as somebody might hand it in: ours, cut, repeated, with bytes changed and words of nft thrown in. */
const TEXTS = ['agent-host', 'everything'].map((name) =>
  readFileSync(new URL(`../contract/golden/nftables-${name}.nft`, import.meta.url), 'utf8'),
);
const JSON_TEXT = readFileSync(new URL('../contract/golden/nftables-listing.json', import.meta.url), 'utf8');

const SCRAPS = [
  '{',
  '}',
  '"',
  ';',
  '\n',
  ' . ',
  ' @x ',
  ' != ',
  ' : ',
  '-',
  '/',
  '0x',
  '::',
  '999',
  'jump input',
  'ct ',
  '\\',
  '\u0000',
  '[',
  'null',
  '{"set":',
];

function mutated(texts: readonly string[]): fc.Arbitrary<string> {
  const edit = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.nat(12),
    scrap: fc.oneof(fc.constantFrom(...SCRAPS), fc.string({ maxLength: 4 })),
  });
  return fc.tuple(fc.constantFrom(...texts), fc.array(edit, { minLength: 1, maxLength: 4 })).map(([text, edits]) =>
    edits.reduce((before, { at, length, scrap }) => {
      const place = Math.floor(at * before.length);
      return before.slice(0, place) + scrap + before.slice(place + length);
    }, text),
  );
}

/** What the reader promises of any text: an error with its place, or a ruleset that can be judged. */
function readsOrSays(text: string): void {
  const file = new SourceFile('input', text);
  const { ast, diagnostics } = nftablesTarget.parse([file]);
  if (ast === undefined) {
    assert.ok(diagnostics.length > 0);
    for (const { span } of diagnostics)
      assert.ok(span !== undefined && span.start <= span.end && span.end <= text.length);
    return;
  }
  const { ruleset } = nftablesTarget.lift(ast);
  denote(new HeaderSpace(), ruleset); // throws on a jump that the reader should have refused
}

describe('the nftables reader', () => {
  it('says what is wrong with broken text, or reads it', () => {
    fc.assert(fc.property(mutated(TEXTS), readsOrSays), { numRuns: 500 });
  });

  it('says what is wrong with broken JSON, or reads it', () => {
    fc.assert(fc.property(mutated([JSON_TEXT]), readsOrSays), { numRuns: 300 });
  });

  it('takes any text at all', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), readsOrSays), { numRuns: 500 });
  });

  const hostile: readonly (readonly [string, string])[] = [
    ['deep braces', '{'.repeat(100_000)],
    ['deep brackets', `{"nftables":${'['.repeat(100_000)}`],
    ['a long chain of jumps', jumps(5_000)],
    ['a circle of jumps', 'table ip t {\nchain a {\njump b\n}\nchain b {\njump a\n}\n}\n'],
    ['a string without an end', 'table ip t {\nchain a {\nlog prefix "x'],
    ['a million digits', `table ip t {\n${'1'.repeat(1_000_000)}x`],
    ['many errors', 'table ip t {\nchain a {\n'.concat('frobnicate\n'.repeat(10_000))],
  ];
  for (const [title, text] of hostile) {
    it(`refuses ${title}, with a place`, () => {
      const { ast, diagnostics } = nftablesTarget.parse([new SourceFile('input', text)]);
      assert.equal(ast, undefined);
      assert.ok(diagnostics.length > 0 && diagnostics.every(({ span }) => span !== undefined));
    });
  }
});

function jumps(count: number): string {
  const chains = Array.from({ length: count }, (_, at) => `chain c${at} {\njump c${at + 1}\n}\n`);
  return `table ip t {\n${chains.join('')}chain c${count} {\n}\n}\n`;
}
