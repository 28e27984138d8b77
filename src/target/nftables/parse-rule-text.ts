import { SourceFile, type Span } from '../../source/index.ts';
import type { Statement } from './ast.ts';
import { parseStatement } from './parse-rule.ts';
import { SyntaxFailure, TokenStream } from './token-stream.ts';

/** One statement in nft's text, that stands at a place of another file; `undefined` where it is not understood whole. */
export function parseStatementText(text: string, span: Span): Statement | undefined {
  const stream = new TokenStream(new SourceFile(span.file.name, text));
  try {
    const statement = parseStatement(stream);
    return stream.peek().kind === 'end' ? { ...statement, span } : undefined;
  } catch (error) {
    if (error instanceof SyntaxFailure) return undefined;
    throw error;
  }
}
