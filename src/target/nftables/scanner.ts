import type { SourceFile } from '../../source/index.ts';
import type { Token, TokenKind } from './token.ts';

/**
 * Finds the tokens of a file one after the other, each when it is asked for. Rulesets are long and most tokens plain: those are told by
 * their characters, and only what needs more than that by patterns.
 */
export class Scanner {
  readonly #file: SourceFile;
  readonly #text: string;
  #at = 0;

  constructor(file: SourceFile) {
    this.#file = file;
    this.#text = file.text;
  }

  /** The next token; at the end of the file, again and again, its end. */
  next(): Token {
    const text = this.#text;
    const start = this.#skip();
    if (start === text.length) return this.#token('end', start, start);
    const code = text.charCodeAt(start);
    const traits = traitsOf(code);
    if ((traits & DIGIT) !== 0) return this.#number(start);
    if ((traits & LETTER) !== 0) return this.#word(start);
    if (code === NEWLINE || code === SEMICOLON) return this.#token('separator', start, start + 1);
    if (code === QUOTE) return this.#string(start);
    if (code === HASH) return this.#token('xt', start, XT.lastIndex); // `#skip` has found it
    if (code === DOT && (traitsOf(text.charCodeAt(start + 1)) & NAME) !== 0) return this.#word(start);
    if (code === COLON && matches(ADDRESS, text, start)) return this.#token('address', start, ADDRESS.lastIndex);
    if ((traits & SIGN) !== 0) return this.#token('punctuation', start, start + signLength(text, start));
    return this.#token('unknown', start, start + (text.codePointAt(start)! > 0xffff ? 2 : 1));
  }

  /** The next token where it is a word. */
  nextWord(): Token | undefined {
    const before = this.#at;
    const token = this.next();
    if (token.kind === 'word') return token;
    this.#at = before;
    return undefined;
  }

  /** Where the next token begins, behind blanks and comments. */
  #skip(): number {
    const text = this.#text;
    let at = this.#at;
    for (;;) {
      switch (text.charCodeAt(at)) {
        case SPACE:
        case TAB:
        case RETURN:
          at++;
          break;
        case HASH: {
          if (matches(XT, text, at)) return at;
          const end = text.indexOf('\n', at);
          at = end === -1 ? text.length : end;
          break;
        }
        case BACKSLASH:
          if (text.charCodeAt(at + 1) !== NEWLINE) return at;
          at += 2;
          break;
        case BRACKET:
          if (!text.startsWith(INVALID_TYPE, at)) return at;
          at += INVALID_TYPE.length;
          break;
        default:
          return at;
      }
    }
  }

  #word(start: number): Token {
    const text = this.#text;
    let end = start + 1;
    while ((traitsOf(text.charCodeAt(end)) & (NAME | JOINT)) !== 0) end++;
    // The digits of an address or class may be letters.
    if (text.charCodeAt(end) === COLON && end - start <= 4) return this.#matched(start);
    if (text.charCodeAt(end) === STAR) end++;
    else if (text.charCodeAt(end) === BACKSLASH && text.charCodeAt(end + 1) === STAR) end += 2;
    return this.#token('word', start, end);
  }

  #number(start: number): Token {
    const text = this.#text;
    let end = start + 1;
    while ((traitsOf(text.charCodeAt(end)) & DIGIT) !== 0) end++;
    const code = text.charCodeAt(end);
    const isPlain = code !== DOT && code !== COLON && (traitsOf(code) & NAME) === 0;
    return isPlain ? this.#token('number', start, end) : this.#matched(start);
  }

  /** What begins with a digit, or with up to four letters and a colon. */
  #matched(start: number): Token {
    for (const { kind, pattern } of FORMS) {
      if (matches(pattern, this.#text, start)) return this.#token(kind, start, pattern.lastIndex);
    }
    throw new RangeError('the last form takes whatever is left');
  }

  #string(start: number): Token {
    const text = this.#text;
    for (let at = start + 1; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === NEWLINE) break;
      if (code !== QUOTE) continue;
      this.#at = at + 1;
      return { kind: 'string', text: text.slice(start + 1, at), file: this.#file, start, end: at + 1 };
    }
    return this.#token('unknown', start, start + 1);
  }

  #token(kind: TokenKind, start: number, end: number): Token {
    this.#at = end;
    return { kind, text: this.#text.slice(start, end), file: this.#file, start, end };
  }
}

function matches(pattern: RegExp, text: string, at: number): boolean {
  pattern.lastIndex = at;
  return pattern.test(text);
}

/** What looks like a comment is a part of a rule: behind other parts, or before what iptables puts behind it. */
const XT = /(?<=\S[ \t]+)# xt_\w+|# xt_\w+(?=[ \t]*\n|[ \t]+(?:counter packets|# xt_))/y;

/** nft 1.0.6 lists the ports of a connection as `0x1f90 [invalid type]` (`ct original proto-dst`), and does not read that itself. */
const INVALID_TYPE = '[invalid type]';

/**
 * Two colons at least, and one at the end sets off what comes next (`{ ::1: drop }`); the dotted tail of RFC 4291 2.2 too. Whether it is an
 * address, `parseAddress` decides.
 */
const ADDRESS = /(?:[0-9a-fA-F]{0,4}:){2,8}(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9a-fA-F]{1,4})?(?<![0-9a-fA-F]:)/y;

/** In this order: the first that matches at a place is the token. */
const FORMS: readonly { readonly kind: TokenKind; readonly pattern: RegExp }[] = [
  { kind: 'address', pattern: /[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![\w.])/y },
  { kind: 'address', pattern: ADDRESS },
  { kind: 'class', pattern: /[0-9a-fA-F]{1,4}:[0-9a-fA-F]{1,4}(?![\w:.])/y },
  { kind: 'duration', pattern: /(?:[0-9]+(?:w|d|h|ms|m|s))+(?!\w)/y },
  { kind: 'number', pattern: /(?:0x[0-9a-fA-F]+|[0-9]+)(?!\w)/y },
  { kind: 'word', pattern: /(?:[A-Za-z_]|\.(?=\w)|8021(?=q|ad))[\w./-]*(?:\\?\*)?/y },
  // A run of digits and letters that is none of the above is one mistake, and one step however long it is.
  { kind: 'unknown', pattern: /\w+/y },
];

const DIGIT = 1;
const LETTER = 2; // and `_`
const NAME = DIGIT | LETTER;
const JOINT = 4; // inside a word only
const SIGN = 8;

const TRAITS = new Uint8Array(128);
for (const [trait, codes] of [
  [DIGIT, '0123456789'],
  [LETTER, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_'],
  [JOINT, './-'],
  [SIGN, '{}()[],:=<>&|^/-+*!@$.'],
] as const) {
  for (const each of codes) TRAITS[each.charCodeAt(0)]! |= trait;
}

/** None beyond ASCII, and none behind the end of a text. */
function traitsOf(code: number): number {
  return code < TRAITS.length ? TRAITS[code]! : 0;
}

/** Of `==`, `!=`, `<=`, `>=`, `<<`, `>>`, or of one character. */
function signLength(text: string, at: number): 1 | 2 {
  const code = text.charCodeAt(at);
  const next = text.charCodeAt(at + 1);
  const isShift = next === code && (code === LESS || code === GREATER);
  const isComparison = next === EQUALS && (code === EQUALS || code === BANG || code === LESS || code === GREATER);
  return isShift || isComparison ? 2 : 1;
}

const TAB = 0x09;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const BANG = 0x21;
const QUOTE = 0x22;
const HASH = 0x23;
const STAR = 0x2a;
const DOT = 0x2e;
const COLON = 0x3a;
const SEMICOLON = 0x3b;
const LESS = 0x3c;
const EQUALS = 0x3d;
const GREATER = 0x3e;
const BRACKET = 0x5b;
const BACKSLASH = 0x5c;
