import type { SourceFile, Span } from '../../source/index.ts';

/** nft's lexical elements (src/scanner.l). A line break ends a statement as `;` does. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string; // of a string without its quotes
  readonly span: Span;
}

export type TokenKind =
  | 'word'
  | 'string'
  | 'number'
  | 'duration'
  | 'address'
  | 'punctuation'
  | 'separator'
  | 'unknown'
  | 'end';

/** In this order: the first that matches at a place is the token. No pattern has a capturing group of its own. */
const PATTERNS: readonly (readonly [TokenKind | 'skip', RegExp])[] = [
  ['skip', /(?:[ \t\r]|\\\n|#[^\n]*)+/],
  ['separator', /[\n;]/],
  ['string', /"[^"\n]*"/],
  // Two colons at least; the dotted tail of RFC 4291 2.2 too. Whether it is an address, `parseAddress` decides.
  ['address', /(?:[0-9a-fA-F]{0,4}:){2,8}(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9a-fA-F]{1,4})?/],
  ['address', /[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![\w.])/],
  ['duration', /(?:[0-9]+(?:w|d|h|ms|m|s))+(?!\w)/],
  ['number', /(?:0x[0-9a-fA-F]+|[0-9]+)(?!\w)/],
  ['word', /(?:[A-Za-z_]|\.(?=\w))[\w./-]*/],
  ['punctuation', /==|!=|<=|>=|[{}(),:=<>&|^/\-+*!@$.]/],
  // A run of digits and letters that is none of the above is one mistake, and one step however long it is.
  ['unknown', /\w+|[\s\S]/],
];

/** All patterns as one, a group for each: many times faster than to try them in turn. */
const TOKEN = new RegExp(PATTERNS.map(([, pattern]) => `(${pattern.source})`).join('|'), 'uy');

export function tokenize(file: SourceFile): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let found = TOKEN.exec(file.text); found !== null; found = TOKEN.exec(file.text)) {
    const start = found.index;
    const end = TOKEN.lastIndex;
    const kind = PATTERNS[found.indexOf(found[0], 1) - 1]![0];
    if (kind === 'skip') continue;
    const text = kind === 'string' ? found[0].slice(1, -1) : found[0];
    tokens.push({ kind, text, span: { file, start, end } });
  }
  const end = file.text.length;
  tokens.push({ kind: 'end', text: '', span: { file, start: end, end } });
  return tokens;
}

const UNIT_MS = { w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;

/** `1d2h`, `59s990ms`, in whole seconds, rounded up. */
function durationSeconds(text: string): number {
  let sum = 0;
  for (const [, count, unit] of text.matchAll(/([0-9]+)(w|d|h|ms|m|s)/g)) {
    sum += Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS]; // the expression allows no other unit
  }
  return Math.ceil(sum / 1000);
}

/** Thrown by the parsers at what they do not understand, caught by them: never leaves this folder. */
export class SyntaxFailure extends Error {
  readonly expected: string;
  readonly token: Token;

  constructor(expected: string, token: Token) {
    super(`expected ${expected}`);
    this.expected = expected;
    this.token = token;
  }
}

/** A cursor over tokens. */
export class TokenStream {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)]!;
  }

  take(): Token {
    const token = this.peek();
    if (this.#at < this.#tokens.length - 1) this.#at++;
    return token;
  }

  /** From the start of a token to the end of the one taken last. */
  spanFrom(first: Token): Span {
    const last = this.#tokens[Math.max(0, this.#at - 1)]!;
    return { file: first.span.file, start: first.span.start, end: Math.max(first.span.end, last.span.end) };
  }

  is(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return (token.kind === 'word' || token.kind === 'punctuation') && token.text === text;
  }

  /** Takes the word or sign if it is next. */
  accept(text: string): boolean {
    if (!this.is(text)) return false;
    this.take();
    return true;
  }

  expect(text: string): Token {
    if (!this.is(text)) throw new SyntaxFailure(`\`${text}\``, this.peek());
    return this.take();
  }

  expectKind(kind: TokenKind, what: string): Token {
    if (this.peek().kind !== kind) throw new SyntaxFailure(what, this.peek());
    return this.take();
  }

  expectOne<T extends string>(words: readonly T[], what: string): T {
    const token = this.peek();
    const found = token.kind === 'word' ? words.find((word) => word === token.text) : undefined;
    if (found === undefined) throw new SyntaxFailure(what, token);
    this.take();
    return found;
  }

  /** Quoted or not. */
  expectName(what: string): string {
    const token = this.peek();
    if (token.kind !== 'word' && token.kind !== 'string') throw new SyntaxFailure(what, token);
    return this.take().text;
  }

  /** @param most the highest value, inclusive. */
  expectNumber(what: string, most = Number.MAX_SAFE_INTEGER): number {
    const token = this.peek();
    const value = token.kind === 'number' ? Number(token.text) : Number.NaN;
    if (!Number.isSafeInteger(value) || value > most) throw new SyntaxFailure(what, token);
    this.take();
    return value;
  }

  expectSeconds(what: string): number {
    return durationSeconds(this.expectKind('duration', what).text);
  }

  skipSeparators(): void {
    while (this.peek().kind === 'separator') this.take();
  }

  /** A statement has ended: a separator is taken, a closing brace left for the block that it ends. */
  expectEnd(): void {
    if (this.is('}') || this.peek().kind === 'end') return;
    this.expectKind('separator', 'a line break or `;`');
  }

  /** To behind the statement in which an error was found, over any block that it opens. */
  recover(): void {
    let depth = 0;
    for (;;) {
      const token = this.peek();
      if (token.kind === 'end') return;
      if (depth === 0 && (token.kind === 'separator' || this.is('}'))) return;
      if (this.is('{')) depth++;
      if (this.is('}')) depth--;
      this.take();
    }
  }
}
