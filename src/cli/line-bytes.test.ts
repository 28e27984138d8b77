import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import pico from 'picocolors';
import { LineBytes } from './line-bytes.ts';

const [BEFORE, AFTER] = [Buffer.from('{"flow":'), Buffer.from(',"verdict":"d\u00e9ni"}\n')];

/** What is written of some texts, by somebody who writes at once or keeps the bytes until the end. */
function written(texts: readonly string[], isWritten: boolean): string {
  const pieces: Uint8Array[] = [];
  const lines = new LineBytes({
    write: () => assert.fail('only bytes are written'),
    writeBytes: (utf8) => {
      pieces.push(isWritten ? Uint8Array.from(utf8) : utf8);
      return isWritten;
    },
    isTerminal: false,
    width: 100,
    colors: pico.createColors(false),
  });
  for (const text of texts) lines.line(BEFORE, `(${text})`, 1, text.length + 1, AFTER);
  lines.text('the end\n');
  lines.flush();
  for (const piece of pieces) assert.equal(Buffer.from(piece).at(-1), '\n'.charCodeAt(0), 'only whole lines');
  return Buffer.concat(pieces).toString();
}

describe('lines as bytes', () => {
  const texts = [
    'tcp a -> b:1',
    '',
    'a "quoted" \\ \t word',
    'caf\u00e9 \u{1f600}',
    '\u007f',
    'x'.repeat(200_000),
    'y',
  ];
  for (const isWritten of [true, false])
    it(`are those that JSON has, in order, ${isWritten ? 'written at once' : 'written later'}`, () => {
      const many = Array.from({ length: 20_000 }, (_, index) =>
        index % 1_000 === 0 ? texts : [`flow ${index}`],
      ).flat();
      const expected = many.map((text) => `{"flow":${JSON.stringify(text)},"verdict":"d\u00e9ni"}\n`).join('');
      assert.ok(written(many, isWritten) === `${expected}the end\n`);
    });
});
