import { type Diagnostic, diagnose, excerpt } from '../../diagnostic/index.ts';
import type { SourceFile, Span } from '../../source/index.ts';
import { NFTABLES_PROBLEMS } from './problems.ts';
import { spanOf, type Token } from './token.ts';
import { SyntaxFailure, type TokenStream } from './token-stream.ts';

/**
 * Reads what an `include` names: the files that a pattern matches, in the order of their names (none is no error), or why a file cannot be
 * read. `from` is the file that asks.
 */
export type Includer = (pattern: string, from: SourceFile) => readonly SourceFile[] | { readonly problem: string };

/** MAX_INCLUDE_DEPTH, nftables src/scanner.l. */
const MOST_INCLUDED = 16;

/** Blocks in braces and what may stand in any of them: variables and other files. All problems are gathered. */
export class BlockReader {
  readonly diagnostics: Diagnostic[] = [];
  readonly stream: TokenStream;
  readonly #includer: Includer | undefined;
  #included = 0; // files, altogether

  constructor(stream: TokenStream, includer: Includer | undefined) {
    this.stream = stream;
    this.#includer = includer;
  }

  /** Blocks within each other all end where the file ends: that is told once. */
  problem(diagnostic: Diagnostic): void {
    const last = this.diagnostics.at(-1);
    const isSame = last?.message === diagnostic.message && last.span?.start === diagnostic.span?.start;
    if (!isSame || last?.span?.file !== diagnostic.span?.file) this.diagnostics.push(diagnostic);
  }

  /** `{ item ... }`, items ended by line breaks or `;`; an error in one leaves the others readable. */
  block(item: () => void): void {
    const { stream } = this;
    stream.expect('{');
    stream.openScope();
    stream.skipSeparators();
    while (!stream.is('}') && stream.peek().kind !== 'end') {
      this.statement(item);
      stream.skipSeparators();
    }
    stream.closeScope();
    stream.expect('}');
  }

  /** What may stand anywhere, or the item itself, up to its end; an error is noted, and reading goes on behind the statement. */
  statement(item: () => void): void {
    try {
      this.#item(item);
    } catch (error) {
      if (!(error instanceof SyntaxFailure)) throw error;
      const { token, expected } = error;
      if (token.kind === 'variable')
        this.problem(diagnose(NFTABLES_PROBLEMS.undefinedVariable, spanOf(token), token.text));
      else this.problem(diagnose(NFTABLES_PROBLEMS.syntax, spanOf(token), foundText(token), expected));
      this.stream.skipStatement();
    }
  }

  #item(item: () => void): void {
    const { stream } = this;
    switch (stream.wordOrSign) {
      case 'define':
      case 'redefine':
        this.#define(stream.take().text === 'redefine');
        break;
      case 'undefine':
        this.#undefine();
        break;
      case 'include':
        if (stream.peek(1).kind === 'string') {
          this.#include();
          return;
        }
        item();
        break;
      default:
        item();
    }
    stream.expectEnd();
  }

  /** `define name = value`, the value up to the end of the line outside braces. */
  #define(again: boolean): void {
    const { stream } = this;
    const name = stream.expectKind('word', 'the name of a variable').text;
    stream.expect('=');
    const value: Token[] = [];
    for (let depth = 0; ; ) {
      const token = stream.peek();
      if (token.kind === 'end' || (depth === 0 && (token.kind === 'separator' || stream.is('}')))) break;
      if (token.kind === 'variable') throw new SyntaxFailure('a value', token);
      if (stream.is('{')) depth++;
      if (stream.is('}')) depth--;
      if (token.kind !== 'separator') value.push(token); // line breaks between elements
      stream.take();
    }
    if (value.length === 0) throw new SyntaxFailure('a value', stream.peek());
    const scope = again ? stream.scopes.findLast((each) => each.has(name)) : undefined;
    (scope ?? stream.scopes.at(-1)!).set(name, value);
  }

  #undefine(): void {
    this.stream.take();
    const name = this.stream.expectKind('word', 'the name of a variable').text;
    this.stream.scopes.findLast((scope) => scope.has(name))?.delete(name);
  }

  #include(): void {
    const { stream } = this;
    stream.take();
    const token = stream.take();
    stream.expectEnd();
    const files = this.#read(token.text, token.file);
    if (typeof files === 'string')
      this.problem(diagnose(NFTABLES_PROBLEMS.unreadInclude, spanOf(token), token.text, files));
    else for (const each of files.toReversed()) stream.include(each);
  }

  /** The files that are meant, or why they cannot be had. */
  #read(pattern: string, from: SourceFile): readonly SourceFile[] | string {
    if (this.#includer === undefined) return 'only the text itself was given';
    if (this.stream.depth > MOST_INCLUDED) return 'files include each other too deeply';
    const files = this.#includer(pattern, from);
    if ('problem' in files) return files.problem;
    this.#included += files.length;
    return this.#included > MOST_FILES ? 'too many files are included' : files;
  }
}

/** Together with the depth this bounds files that include each other. */
const MOST_FILES = 1000;

export function diagnoseStray(span: Span): Diagnostic {
  return diagnose(NFTABLES_PROBLEMS.syntax, span, '`}`', 'a command');
}

function foundText(token: Token): string {
  if (token.kind === 'end') return 'the end';
  return `\`${excerpt(token.kind === 'separator' ? 'the end of the line' : token.text, 40)}\``;
}
