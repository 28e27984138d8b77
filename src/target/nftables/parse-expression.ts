import { addressBits, parseAddress } from '../../net/index.ts';
import {
  type Constant,
  type Element,
  type ElementData,
  type Expression,
  LIMIT_UNITS,
  type Selector,
  type SetExpression,
  type VerdictExpression,
} from './ast.ts';
import { BARE_META_KEYS, isMetaKey, isPayloadField, isPayloadProtocol } from './datatype.ts';
import { SyntaxFailure, type Token, type TokenStream } from './token.ts';

/** What a rule reads from the packet: selectors joined by ` . `, perhaps masked (`tcp flags & (fin | syn)`). */
export function parseKey(stream: TokenStream): Expression {
  const first = stream.peek();
  const parts: Expression[] = [parseSelector(stream)];
  while (stream.accept('.')) parts.push(parseSelector(stream));
  const key: Expression = parts.length === 1 ? parts[0]! : { kind: 'concat', parts, span: stream.spanFrom(first) };
  if (!stream.accept('&')) return key;
  const right = parseMask(stream);
  return { kind: 'binary', operator: '&', left: key, right, span: stream.spanFrom(first) };
}

export function startsSelector(stream: TokenStream): boolean {
  const token = stream.peek();
  if (token.kind !== 'word') return false;
  const next = stream.peek(1);
  if (next.kind === 'word' && isPayloadProtocol(token.text)) return isPayloadField(token.text, next.text);
  return ['meta', 'ct', 'fib', 'socket', ...BARE_META_KEYS].includes(token.text);
}

function parseSelector(stream: TokenStream): Selector {
  const first = stream.peek();
  if (!startsSelector(stream))
    throw new SyntaxFailure('a statement or a field of the packet that is understood', first);
  stream.take();
  if (isPayloadProtocol(first.text)) {
    const field = stream.take().text;
    return { kind: 'payload', protocol: first.text, field, span: stream.spanFrom(first) };
  }
  switch (first.text) {
    case 'meta': {
      const key = stream.peek();
      if (key.kind !== 'word' || !isMetaKey(key.text)) throw new SyntaxFailure('a `meta` key that is understood', key);
      stream.take();
      return { kind: 'meta', key: key.text, span: stream.spanFrom(first) };
    }
    case 'ct':
      stream.expect('state');
      return { kind: 'ct', key: 'state', span: stream.spanFrom(first) };
    case 'fib': {
      const flags = [stream.expectOne(['saddr', 'daddr'], '`saddr` or `daddr`')];
      stream.expect('type');
      return { kind: 'fib', result: 'type', flags, span: stream.spanFrom(first) };
    }
    case 'socket': {
      stream.expect('cgroupv2');
      stream.expect('level');
      const level = stream.expectNumber('a level', 255);
      return { kind: 'socket', key: 'cgroupv2', level, span: stream.spanFrom(first) };
    }
    default:
      return { kind: 'meta', key: first.text, span: first.span };
  }
}

function parseMask(stream: TokenStream): Expression {
  const first = stream.peek();
  if (!stream.accept('(')) return parseConstant(stream);
  const mask = bits(parseAlternatives(stream), first, stream);
  stream.expect(')');
  return mask;
}

/** The right side of a match: a constant, a list of bits, a set in braces or a reference to one. */
export function parseValue(stream: TokenStream): Expression {
  const first = stream.peek();
  if (stream.is('{') || stream.is('@')) return parseSetExpression(stream);
  if (stream.is('(')) return parseMask(stream);
  const parts = parseAlternatives(stream);
  while (stream.accept(',')) parts.push(...parseAlternatives(stream));
  return bits(parts, first, stream);
}

function parseAlternatives(stream: TokenStream): Expression[] {
  const parts = [parseRange(stream)];
  while (stream.accept('|')) parts.push(parseRange(stream));
  return parts;
}

function bits(parts: readonly Expression[], first: Token, stream: TokenStream): Expression {
  return parts.length === 1 ? parts[0]! : { kind: 'list', parts, span: stream.spanFrom(first) };
}

function parseRange(stream: TokenStream): Expression {
  const start = stream.peek();
  const first = parseConstant(stream);
  if (!stream.accept('-')) return first;
  return { kind: 'range', first, last: parseConstant(stream), span: stream.spanFrom(start) };
}

function parseConstant(stream: TokenStream): Constant {
  const token = stream.peek();
  switch (token.kind) {
    case 'number':
      return { kind: 'number', value: stream.expectNumber('a number'), span: token.span };
    case 'word':
    case 'string':
      stream.take();
      return { kind: 'word', text: token.text, quoted: token.kind === 'string', span: token.span };
    case 'address': {
      const address = parseAddress(token.text);
      if (address === undefined) throw new SyntaxFailure('an address', token);
      stream.take();
      if (!stream.accept('/')) return { kind: 'address', address, span: token.span };
      const length = stream.expectNumber('a prefix length', addressBits(address.family));
      return { kind: 'prefix', address, length, span: stream.spanFrom(token) };
    }
    case 'duration':
    case 'punctuation':
    case 'separator':
    case 'unknown':
    case 'end':
      throw new SyntaxFailure('a value', token);
  }
}

export function parseSetExpression(stream: TokenStream): SetExpression {
  const first = stream.peek();
  if (stream.accept('@')) {
    return { kind: 'set-reference', name: stream.expectName('the name of a set'), span: stream.spanFrom(first) };
  }
  const elements = parseElements(stream);
  return { kind: 'set', elements, span: stream.spanFrom(first) };
}

/** `{ element, ... }`; line breaks and a last comma are allowed. */
export function parseElements(stream: TokenStream): Element[] {
  stream.expect('{');
  const elements: Element[] = [];
  stream.skipSeparators();
  while (!stream.is('}')) {
    elements.push(parseElement(stream));
    stream.skipSeparators();
    if (!stream.accept(',')) break;
    stream.skipSeparators();
  }
  stream.expect('}');
  return elements;
}

function parseElement(stream: TokenStream): Element {
  const first = stream.peek();
  const parts = [parseComponent(stream)];
  while (stream.accept('.')) parts.push(parseComponent(stream));
  const key: Expression = parts.length === 1 ? parts[0]! : { kind: 'concat', parts, span: stream.spanFrom(first) };
  const options = parseElementOptions(stream);
  const data: { data?: ElementData } = stream.accept(':') ? { data: parseElementData(stream) } : {};
  return { key, ...options, ...data, span: stream.spanFrom(first) };
}

function parseComponent(stream: TokenStream): Expression {
  const first = stream.peek();
  return bits(parseAlternatives(stream), first, stream);
}

/** What an element carries besides its key. What it has counted and how long it still lives is state, and read past. */
function parseElementOptions(stream: TokenStream): { timeout?: number; comment?: string } {
  const options: { timeout?: number; comment?: string } = {};
  for (;;) {
    if (stream.accept('timeout')) options.timeout = stream.expectSeconds('a time');
    else if (stream.accept('expires')) stream.expectSeconds('a time');
    else if (stream.accept('comment')) options.comment = stream.expectKind('string', 'a comment in quotes').text;
    else if (stream.is('limit')) parseLimit(stream);
    else return options;
  }
}

function parseElementData(stream: TokenStream): ElementData {
  const token = stream.peek();
  if (token.kind === 'string') return { kind: 'object', name: stream.take().text };
  return { kind: 'verdict', verdict: parseVerdict(stream) };
}

export const VERDICT_WORDS = ['accept', 'drop', 'continue', 'return', 'jump', 'goto'] as const;

export function parseVerdict(stream: TokenStream): VerdictExpression {
  const kind = stream.expectOne(VERDICT_WORDS, 'a verdict');
  return kind === 'jump' || kind === 'goto' ? { kind, chain: stream.expectName('the name of a chain') } : { kind };
}

/** `limit rate [over] 6/minute [burst 5 packets]`. */
export function parseLimit(stream: TokenStream): {
  over: boolean;
  count: number;
  per: (typeof LIMIT_UNITS)[number];
  burst: number | undefined;
} {
  stream.expect('limit');
  stream.expect('rate');
  const over = stream.accept('over');
  const count = stream.expectNumber('a number of packets');
  stream.expect('/');
  const per = stream.expectOne(LIMIT_UNITS, 'a unit of time');
  if (!stream.accept('burst')) return { over, count, per, burst: undefined };
  const burst = stream.expectNumber('a number of packets', 0xffff_ffff);
  stream.expect('packets');
  return { over, count, per, burst };
}
