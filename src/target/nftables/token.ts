import type { Span } from '../../source/index.ts';

/** One of nft's lexical elements (src/scanner.l), and where it stands. A line break ends a statement as `;` does. */
export interface Token extends Span {
  readonly kind: TokenKind;
  readonly text: string; // of a string without its quotes
}

export type TokenKind =
  | 'word'
  | 'string'
  | 'number'
  | 'duration'
  | 'address'
  | 'class' // a traffic class: `1:10`
  | 'variable' // `$name` that nobody defined
  | 'xt' // a match or target of iptables as nft before 1.0.7 writes it where it cannot translate it: `# xt_recent`
  | 'punctuation'
  | 'separator'
  | 'unknown'
  | 'end';

/** The place alone: what is kept of a token when it has been read. */
export function spanOf({ file, start, end }: Token): Span {
  return { file, start, end };
}
