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
  | 'class' // a traffic class: `1:10`
  | 'variable' // `$name` that nobody defined
  | 'xt' // a match or target of iptables as nft before 1.0.7 writes it where it cannot translate it: `# xt_recent`
  | 'punctuation'
  | 'separator'
  | 'unknown'
  | 'end';

/** In this order: the first that matches at a place is the token. No pattern has a capturing group of its own. */
const PATTERNS: readonly (readonly [TokenKind | 'skip', RegExp])[] = [
  // nft 1.0.6 lists the ports of a connection as `0x1f90 [invalid type]` (`ct original proto-dst`), and does not read that itself.
  ['skip', /(?:[ \t\r]|\\\n|#(?! xt_\w)[^\n]*|\[invalid type\])+/],
  // What looks like a comment is a part of a rule: behind other parts, or before what iptables puts behind it.
  ['xt', /(?<=\S[ \t]+)# xt_\w+|# xt_\w+(?=[ \t]*\n|[ \t]+(?:counter packets|# xt_))/],
  ['skip', /#[^\n]*/],
  ['separator', /[\n;]/],
  ['string', /"[^"\n]*"/],
  // Two colons at least, and one at the end sets off what comes next (`{ ::1: drop }`); the dotted tail of RFC 4291 2.2 too. Whether it is an address, `parseAddress` decides.
  ['address', /(?:[0-9a-fA-F]{0,4}:){2,8}(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9a-fA-F]{1,4})?(?<![0-9a-fA-F]:)/],
  ['address', /[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![\w.])/],
  ['class', /[0-9a-fA-F]{1,4}:[0-9a-fA-F]{1,4}(?![\w:.])/],
  ['duration', /(?:[0-9]+(?:w|d|h|ms|m|s))+(?!\w)/],
  ['number', /(?:0x[0-9a-fA-F]+|[0-9]+)(?!\w)/],
  ['word', /(?:[A-Za-z_]|\.(?=\w)|8021(?=q|ad))[\w./-]*(?:\\?\*)?/],
  ['punctuation', /==|!=|<=|>=|<<|>>|[{}()[\],:=<>&|^/\-+*!@$.]/],
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
