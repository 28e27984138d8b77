import type { SourceFile, Span } from '../../source/index.ts';
import { Scanner } from './scanner.ts';
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
  const isOctal = text.charCodeAt(0) === ZERO && text.charCodeAt(1) <= NINE;
  if (!isOctal) return Number(text);
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
}

const ZERO = 0x30;
const NINE = 0x39;

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
  readonly #sources: Source[];
  #next: Token | undefined; // read and not taken yet
  readonly #later: Token[] = []; // read behind that one
  #last: Token | undefined; // the one taken last
  readonly #scopes: Scope[] = [new Map()];
  #fromVariables = 0;
  #nesting = 0;

  constructor(file: SourceFile) {
    this.#sources = [new Scanner(file)];
  }

  peek(ahead = 0): Token {
    this.#next ??= this.#read();
    if (ahead === 0) return this.#next;
    while (this.#later.length < ahead) this.#later.push(this.#read());
    return this.#later[ahead - 1]!;
  }

  take(): Token {
    const token = this.peek();
    if (token.kind !== 'end') this.#next = this.#later.length === 0 ? undefined : this.#later.shift();
    this.#last = token;
    return token;
  }

  /** The next token: of the innermost file or value that has one left. */
  #read(): Token {
    for (;;) {
      const source = this.#sources.at(-1)!;
      const token = source.next();
      if (token === undefined) {
        this.#sources.pop(); // a variable's value has ended
        continue;
      }
      if (token.kind === 'end') {
        if (this.#sources.length === 1) return token;
        this.#sources.pop();
        return { ...token, kind: 'separator', text: '\n' };
      }
      if (token.kind !== 'punctuation' || token.text !== '$' || !(source instanceof Scanner)) return token;
      const name = source.nextWord();
      if (name === undefined) return token;
      const { file, start } = token;
      const usedAt = { file, start, end: name.end };
      const value = this.#scopes.findLast((scope) => scope.has(name.text))?.get(name.text);
      this.#fromVariables += value?.length ?? 0;
      if (value === undefined || this.#fromVariables > MOST_FROM_VARIABLES) {
        return { kind: 'variable', text: `$${name.text}`, ...usedAt };
      }
      // Whatever is said of a value is said of the place where it is used.
      this.#sources.push(new Replay(value, usedAt));
    }
  }

  /** Reads another file first, as if it stood here. */
  include(file: SourceFile): void {
    if (this.#next !== undefined) this.#sources.push(new Replay([this.#next, ...this.#later]));
    this.#next = undefined;
    this.#later.length = 0;
    this.#sources.push(new Scanner(file));
  }

  /** Files within files. */
  get depth(): number {
    return this.#sources.length;
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
    const { file, start, end } = first;
    const last = this.#last;
    return { file, start, end: last !== undefined && last.file === file && last.end > end ? last.end : end };
  }

  /** The next token where it is a word or a sign; no text for all else. */
  get wordOrSign(): string {
    const { kind, text } = this.peek();
    return kind === 'word' || kind === 'punctuation' ? text : '';
  }

  is(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.text === text && (token.kind === 'word' || token.kind === 'punctuation');
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
    if (token.kind === 'word') {
      for (const word of words) {
        if (word !== token.text) continue;
        this.take();
        return word;
      }
    }
    throw new SyntaxFailure(what, token);
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

  /** At a line break, `;` or `}`, or at the end of the text. */
  get endsStatement(): boolean {
    const { kind, text } = this.peek();
    return kind === 'separator' || kind === 'end' || (kind === 'punctuation' && text === '}');
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

/** Where tokens come from; `undefined` where there are no more and the ones around follow. */
interface Source {
  next(): Token | undefined;
}

/** Tokens that were read before. */
class Replay implements Source {
  readonly #tokens: readonly Token[];
  readonly #usedAt: Span | undefined; // of a variable's value
  #at = 0;

  constructor(tokens: readonly Token[], usedAt?: Span) {
    this.#tokens = tokens;
    this.#usedAt = usedAt;
  }

  next(): Token | undefined {
    const token = this.#tokens[this.#at];
    this.#at++;
    return token === undefined || this.#usedAt === undefined ? token : { ...token, ...this.#usedAt };
  }
}
