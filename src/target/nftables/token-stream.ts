import type { Span } from '../../source/index.ts';
import type { Token, TokenKind } from './token.ts';

const UNIT_MS = { w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;

/** `1d2h`, `59s990ms`, in whole seconds, rounded up. */
function durationSeconds(text: string): number {
  let sum = 0;
  for (const [, count, unit] of text.matchAll(/([0-9]+)(w|d|h|ms|m|s)/g)) {
    sum += Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS]; // the expression allows no other unit
  }
  return Math.ceil(sum / 1000);
}

/** A number as nft takes it (strtoull(3) with base 0): `0x10` is 16, and so is `020`. `NaN` for `08`, which is none. */
export function numberValue(text: string): number {
  if (!/^0[0-9]/.test(text)) return Number(text);
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
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

/** Tokens that a variable stands for. */
export type Scope = Map<string, readonly Token[]>;

/** How many tokens variables may bring in altogether: names that hold names twice each would otherwise grow without end. */
const MOST_FROM_VARIABLES = 2_000_000;

/** nft's own grammar needs three or four. */
const MOST_NESTED = 50;

/** A cursor over tokens: included files come in where they are named, and variables give way to what they stand for. */
export class TokenStream {
  readonly #frames: Frame[];
  #ahead: Token[] = []; // read and not taken yet
  #at = 0; // of the next token in `#ahead`
  #last: Token;
  readonly #scopes: Scope[] = [new Map()];
  #fromVariables = 0;
  #nesting = 0;

  constructor(tokens: readonly Token[]) {
    this.#frames = [{ tokens, at: 0 }];
    this.#last = tokens[0]!; // there is one: the end
  }

  peek(ahead = 0): Token {
    while (this.#ahead.length <= this.#at + ahead) this.#ahead.push(this.#read());
    return this.#ahead[this.#at + ahead]!;
  }

  take(): Token {
    const token = this.peek();
    if (token.kind !== 'end') this.#at++;
    if (this.#at === this.#ahead.length) {
      this.#ahead = [];
      this.#at = 0;
    }
    this.#last = token;
    return token;
  }

  /** The next token: of the innermost file or value that has one left. */
  #read(): Token {
    for (;;) {
      const frame = this.#frames.at(-1)!;
      const token = frame.tokens[frame.at];
      if (token === undefined) {
        this.#frames.pop(); // a variable's value has ended
        continue;
      }
      if (token.kind === 'end') {
        if (this.#frames.length === 1) return token;
        this.#frames.pop();
        return { ...token, kind: 'separator', text: '\n' };
      }
      frame.at++;
      // Whatever is said of a value is said of the place where it is used.
      if (frame.usedAt !== undefined) return { ...token, span: frame.usedAt };
      const name = frame.tokens[frame.at];
      if (token.kind !== 'punctuation' || token.text !== '$' || name?.kind !== 'word') return token;
      frame.at++;
      const usedAt = { ...token.span, end: name.span.end };
      const value = this.#scopes.findLast((scope) => scope.has(name.text))?.get(name.text);
      this.#fromVariables += value?.length ?? 0;
      if (value === undefined || this.#fromVariables > MOST_FROM_VARIABLES) {
        return { kind: 'variable', text: `$${name.text}`, span: usedAt };
      }
      this.#frames.push({ tokens: value, at: 0, usedAt });
    }
  }

  /** Reads another file's tokens first, as if they stood here. */
  include(tokens: readonly Token[]): void {
    const unread = this.#ahead.slice(this.#at);
    this.#ahead = [];
    this.#at = 0;
    if (unread.length > 0) this.#frames.push({ tokens: unread, at: 0 });
    this.#frames.push({ tokens, at: 0 });
  }

  /** Files within files. */
  get depth(): number {
    return this.#frames.length;
  }

  openScope(): void {
    this.#scopes.push(new Map());
  }

  closeScope(): void {
    this.#scopes.pop();
  }

  get scopes(): readonly Scope[] {
    return this.#scopes;
  }

  /** From the start of a token to the end of the one taken last. */
  spanFrom(first: Token): Span {
    const { file, start, end } = first.span;
    const last = this.#last.span;
    return { file, start, end: last.file === file ? Math.max(end, last.end) : end };
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

  expectString(what: string): string {
    return this.expectKind('string', what).text;
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
    const value = token.kind === 'number' ? numberValue(token.text) : Number.NaN;
    if (!Number.isSafeInteger(value) || value > most) throw new SyntaxFailure(what, token);
    this.take();
    return value;
  }

  /** What a counter has counted, of 64 bits: read past. */
  expectCount(what: string): void {
    this.expectKind('number', what);
  }

  expectSeconds(what: string): number {
    return durationSeconds(this.expectKind('duration', what).text);
  }

  /** Runs a production that may lead back to itself. @throws SyntaxFailure where text is nested deeper than any sense. */
  nested<T>(production: () => T): T {
    if (this.#nesting === MOST_NESTED)
      throw new SyntaxFailure('fewer parentheses or braces within each other', this.peek());
    this.#nesting++;
    try {
      return production();
    } finally {
      this.#nesting--;
    }
  }

  skipSeparators(): void {
    while (this.peek().kind === 'separator') this.take();
  }

  /** A statement has ended: a separator is taken, a closing brace left for the block that it ends. */
  expectEnd(): void {
    if (this.is('}') || this.peek().kind === 'end') return;
    this.expectKind('separator', 'a line break or `;`');
  }

  /** To the end of a statement, over any block that it opens. */
  skipStatement(): void {
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

interface Frame {
  readonly tokens: readonly Token[];
  at: number;
  readonly usedAt?: Span; // of a variable's value
}
