/**
 * JSON5 text, looked at without parsing: how deep it nests, and what of it may be shown. Every value that could be a secret
 * (texts, comments, long numbers, and whatever is no JSON5 at all) is masked by asterisks, character for character, so that
 * places stay the same; keys, brackets, short numbers and literals remain. Works on broken text, too.
 */
export interface Json5Text {
  readonly shown: string; // as long as the original
  readonly depth: number;
  readonly deepestAt: number; // offset of the bracket that opens the deepest level
  readonly unclosedAt: number | undefined; // offset of the first quote or comment without an end
}

// A comment, a quoted text (perhaps without its end), a bracket or comma or colon, white space, or a run of anything else.
const TOKEN =
  /\/\/[^\n\r\u2028\u2029]*|\/\*.*?(?:\*\/|$)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?|[{}[\],:]|[\s\ufeff]+|[^\s\ufeff{}[\],:"'/]+|./gsu;
const PLAIN_VALUE = /^(?:true|false|null|[+-]?[0-9]{1,5})$/;
const PLAIN_KEY = /^["']?[$\w.*-]{1,64}["']?$/;

export function scanJson5(text: string): Json5Text {
  const parts: string[] = [];
  let depth = 0;
  let deepest = 0;
  let deepestAt = 0;
  let unclosedAt: number | undefined;
  let before = '{'; // the last token that means something
  let pending: { readonly index: number; readonly token: string } | undefined; // a word that is a key if a colon follows
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') {
      depth++;
      if (depth > deepest) [deepest, deepestAt] = [depth, index];
    } else if (token === '}' || token === ']') depth--;
    if (!isClosed(token)) unclosedAt ??= index;
    if (token === ':' && pending !== undefined && PLAIN_KEY.test(pending.token)) parts[pending.index] = pending.token;
    const blank = /^[\s\ufeff]/u.test(token);
    if (!blank && !token.startsWith('//') && !token.startsWith('/*')) {
      const keyMayStandHere = before === '{' || before === ',';
      pending = keyMayStandHere && !isPunctuation(token) ? { index: parts.length, token } : undefined;
      before = token;
    }
    parts.push(blank || isPunctuation(token) || PLAIN_VALUE.test(token) ? token : mask(token));
  }
  return { shown: parts.join(''), depth: deepest, deepestAt, unclosedAt };
}

const CLOSED_TEXT = /^(["'])(?:\\.|(?!\1)[^\\\n])*\1$/su;

function isClosed(token: string): boolean {
  if (token.startsWith('"') || token.startsWith("'")) return CLOSED_TEXT.test(token);
  return !token.startsWith('/*') || (token.length >= 4 && token.endsWith('*/'));
}

function isPunctuation(token: string): boolean {
  return token.length === 1 && '{}[],:'.includes(token);
}

/** Quotes and comment signs stay, and line breaks, so that lines keep their numbers. */
function mask(token: string): string {
  const quote = /^["']/.exec(token)?.[0] ?? '';
  const open = quote === '' ? (/^\/[/*]/.exec(token)?.[0] ?? '') : quote;
  const close = quote !== '' && token.length > 1 && token.endsWith(quote) ? quote : '';
  const inside = token.slice(open.length, token.length - close.length);
  return open + inside.replace(/[^\n\r\u2028\u2029]/g, '*') + close;
}
