import type { Element, ElementData, Expression, SetExpression, VerdictExpression } from './ast.ts';
import { parseLimit } from './parse-limit.ts';
import { parseBitList, parseRange, parseTuple } from './parse-value.ts';
import type { TokenStream } from './token-stream.ts';

export function parseSetExpression(stream: TokenStream): SetExpression {
  const first = stream.peek();
  if (stream.accept('@')) {
    return { kind: 'set-reference', name: stream.expectName('the name of a set'), span: stream.spanFrom(first) };
  }
  const elements = parseElements(stream);
  return { kind: 'set', elements, span: stream.spanFrom(first) };
}

/** `{ element, ... }`; line breaks and a last comma are allowed, and sets within a set, as variables bring them. */
export function parseElements(stream: TokenStream): Element[] {
  return stream.nested(() => {
    stream.expect('{');
    const elements: Element[] = [];
    stream.skipSeparators();
    while (!stream.is('}')) {
      if (stream.is('{')) for (const element of parseElements(stream)) elements.push(element);
      else elements.push(parseElement(stream));
      stream.skipSeparators();
      if (!stream.accept(',')) break;
      stream.skipSeparators();
    }
    stream.expect('}');
    return elements;
  });
}

function parseElement(stream: TokenStream): Element {
  const first = stream.peek();
  const key = parseTuple(stream);
  const next = stream.peek();
  if (next.kind !== 'word' && next.text !== ':') return { key, span: stream.spanFrom(first) }; // as most are
  const options = parseElementOptions(stream);
  const data: { data?: ElementData } = stream.accept(':') ? { data: parseElementData(stream) } : {};
  return { key, ...options, ...data, span: stream.spanFrom(first) };
}

/** What an element carries besides its key. What it has counted and how long it still lives is state, and read past. */
function parseElementOptions(stream: TokenStream): { timeout?: number; comment?: string } {
  const options: { timeout?: number; comment?: string } = {};
  for (;;) {
    if (stream.is('timeout') && stream.is('never', 1)) {
      stream.take();
      stream.take();
    } else if (stream.accept('timeout')) options.timeout = stream.expectSeconds('a time');
    else if (stream.accept('expires')) stream.expectSeconds('a time');
    else if (stream.accept('comment')) options.comment = stream.expectString('a comment in quotes');
    else if (!parseElementCount(stream)) return options;
  }
}

/** `last used 5s`: when something last matched. It is state, and read past. */
export function parseLastUsed(stream: TokenStream): void {
  stream.expect('last');
  if (stream.accept('used') && !stream.accept('never')) stream.expectSeconds('a time');
}

/** What elements are counted by, one of `counter`, `limit`, `quota`, `ct count`, `last`; `false` where none is next. */
export function parseElementCount(stream: TokenStream): boolean {
  if (stream.accept('counter')) {
    if (stream.accept('packets')) {
      stream.expectCount('a number of packets');
      stream.expect('bytes');
      stream.expectCount('a number of bytes');
    }
    return true;
  }
  if (stream.is('limit')) {
    parseLimit(stream);
    return true;
  }
  if (stream.is('last')) {
    parseLastUsed(stream);
    return true;
  }
  if (stream.accept('quota')) {
    parseQuotaAmount(stream);
    return true;
  }
  if (stream.is('ct') && stream.is('count', 1)) {
    stream.take();
    stream.take();
    stream.accept('over');
    stream.expectNumber('a number of connections');
    return true;
  }
  return false;
}

/** `over 25 mbytes used 3 bytes`; what is used up is state, and read past. */
export function parseQuotaAmount(stream: TokenStream): { readonly over: boolean; readonly amount: string } {
  const over = stream.accept('over');
  if (!over) stream.accept('until');
  const count = stream.expectNumber('a number');
  const unit = stream.expectKind('word', 'a unit of data').text;
  if (stream.accept('used')) {
    stream.expectNumber('a number');
    stream.expectKind('word', 'a unit of data');
  }
  return { over, amount: `${count} ${unit}` };
}

function parseElementData(stream: TokenStream): ElementData {
  const token = stream.peek();
  if (token.kind === 'string') return { kind: 'object', name: stream.take().text };
  if (startsVerdict(stream)) return { kind: 'verdict', verdict: parseVerdict(stream) };
  const value = parseTuple(stream);
  return { kind: 'value', value };
}

const VERDICT_WORDS = ['accept', 'drop', 'continue', 'return', 'jump', 'goto'] as const;
const VERDICTS: ReadonlySet<string> = new Set(VERDICT_WORDS);

function startsVerdict(stream: TokenStream): boolean {
  return VERDICTS.has(stream.wordOrSign);
}

export function parseVerdict(stream: TokenStream): VerdictExpression {
  const kind = stream.expectOne(VERDICT_WORDS, 'a verdict');
  return kind === 'jump' || kind === 'goto' ? { kind, chain: stream.expectName('the name of a chain') } : { kind };
}

/** The right side of a match: a tuple of constants, a list of bits, a set in braces or a reference to one. */
export function parseRight(stream: TokenStream): Expression {
  if (stream.is('{') || stream.is('@')) return parseSetExpression(stream);
  const first = stream.peek();
  return parseBitList(stream, first, parseTuple(stream), parseRange);
}
