import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SourceFile } from '../../source/index.ts';
import { Scanner } from './scanner.ts';

/** Each token as its kind and its stretch of the text; line breaks and the end are left out. */
function tokens(text: string): string[] {
  const scanner = new Scanner(new SourceFile('rules.nft', text));
  const found: string[] = [];
  for (let token = scanner.next(); token.kind !== 'end'; token = scanner.next()) {
    if (token.text !== '\n') found.push(`${token.kind} ${text.slice(token.start, token.end)}`);
  }
  return found;
}

describe('tokens of nft', () => {
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ['words', 'th _a .b/c-d', ['word th', 'word _a', 'word .b/c-d']],
    ['words that begin like numbers', '8021q 8021ad 8021x', ['word 8021q', 'word 8021ad', 'unknown 8021x']],
    ['wildcards', 'eth* eth\\* *', ['word eth*', 'word eth\\*', 'punctuation *']],
    ['numbers', '22 0x1F 08 12a', ['number 22', 'number 0x1F', 'number 08', 'unknown 12a']],
    ['times', '5s 1d2h 59s990ms 5sx', ['duration 5s', 'duration 1d2h', 'duration 59s990ms', 'unknown 5sx']],
    ['IPv4 addresses', '10.0.0.1-10.0.0.300', ['address 10.0.0.1', 'punctuation -', 'address 10.0.0.300']],
    ['too many octets', '1.2.3.4.5', ['number 1', 'word .2.3.4.5']],
    [
      'IPv6 addresses',
      '::1 fe80::/64 2001:DB8::10.0.0.1',
      ['address ::1', 'address fe80::', 'punctuation /', 'number 64', 'address 2001:DB8::10.0.0.1'],
    ],
    ['a colon that sets off what follows', '::1: drop', ['address ::1', 'punctuation :', 'word drop']],
    ['a colon behind short words', 'add: dead:', ['word add', 'punctuation :', 'word dead', 'punctuation :']],
    [
      'an address beside a port',
      '10.0.0.1:80 :80',
      ['address 10.0.0.1', 'punctuation :', 'number 80', 'punctuation :', 'number 80'],
    ],
    ['link-layer addresses and traffic classes', '00:11:22:aa:bb:cc 1:a0', ['address 00:11:22:aa:bb:cc', 'class 1:a0']],
    ['strings', '"a; #b" "open\n"', ['string "a; #b"', 'unknown "', 'word open', 'unknown "']],
    [
      'signs',
      '!=<<=>@$x',
      [
        'punctuation !=',
        'punctuation <<',
        'punctuation =',
        'punctuation >',
        'punctuation @',
        'punctuation $',
        'word x',
      ],
    ],
    ['separators', 'a;b', ['word a', 'separator ;', 'word b']],
    ['comments and joined lines', '# a\nb \\\n c # d', ['word b', 'word c']],
    [
      'parts of rules that look like comments',
      'a # xt_recent b\n# xt_mark\n# xt_mark is a module',
      ['word a', 'xt # xt_recent', 'word b', 'xt # xt_mark'],
    ],
    [
      'what nft says of a field that it has no name for',
      '0x1f90 [invalid type] a[0]',
      ['number 0x1f90', 'word a', 'punctuation [', 'number 0', 'punctuation ]'],
    ],
    ['what is none of it', '~ é \u{1f600}', ['unknown ~', 'unknown é', 'unknown \u{1f600}']],
  ];

  for (const [what, text, expected] of cases) it(what, () => assert.deepEqual(tokens(text), expected));

  it('a word is taken only where it is next', () => {
    const scanner = new Scanner(new SourceFile('rules.nft', 'a 1'));
    assert.equal(scanner.nextWord()?.text, 'a');
    assert.equal(scanner.nextWord(), undefined);
    assert.equal(scanner.next().text, '1');
  });
});
