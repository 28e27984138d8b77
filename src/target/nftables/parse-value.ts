import { addressBits, parseAddress } from '../../net/index.ts';
import { BINARY_OPERATORS, type BinaryOperator, type Constant, type Expression } from './ast.ts';
import type { Token } from './token.ts';
import { numberValue, SyntaxFailure, type TokenStream } from './token-stream.ts';

/** Reads one operand of a computation. */
type Operand = (stream: TokenStream) => Expression;

/** Operands of one computation: a field has 128 bits at most. */
export const MOST_OPERANDS = 128;

/** The words that nft takes for the signs. */
const WORDS: Readonly<Record<BinaryOperator, string>> = {
  '|': 'or',
  '^': 'xor',
  '&': 'and',
  '<<': 'lshift',
  '>>': 'rshift',
};

/** Operands joined by signs, each sign binding tighter than those before it in `BINARY_OPERATORS`. */
export function parseBits(stream: TokenStream, operand: Operand, level = 0): Expression {
  const operator = BINARY_OPERATORS[level];
  if (operator === undefined) return parseOperand(stream, operand);
  const first = stream.peek();
  let left = parseBits(stream, operand, level + 1);
  for (let count = 1; stream.accept(operator) || stream.accept(WORDS[operator]); count++) {
    if (count > MOST_OPERANDS) throw new SyntaxFailure('fewer operands', stream.peek());
    const right = parseBits(stream, operand, level + 1);
    left = { ...combined(operator, left, right), span: stream.spanFrom(first) };
  }
  return left;
}

function parseOperand(stream: TokenStream, operand: Operand): Expression {
  if (!stream.accept('(')) return operand(stream);
  return stream.nested(() => {
    const inner = parseBits(stream, operand);
    stream.expect(')');
    return inner;
  });
}

/** Numbers are reckoned at once, words become a list of bits: what nft does while it reads. */
export function combined(operator: BinaryOperator, left: Expression, right: Expression): Expression {
  if (left.kind === 'number' && right.kind === 'number') {
    const value = reckoned(operator, left.value, right.value);
    if (value !== undefined) return { kind: 'number', value };
  }
  if (operator === '|' && isBits(left) && isBits(right)) {
    return { kind: 'list', parts: [left, right].flatMap((side) => (side.kind === 'list' ? side.parts : [side])) };
  }
  return { kind: 'binary', operator, left, right };
}

function isBits(expression: Expression): boolean {
  return expression.kind === 'number' || expression.kind === 'word' || expression.kind === 'list';
}

/** In 32 bits; `undefined` where that is too few. */
function reckoned(operator: BinaryOperator, left: number, right: number): number | undefined {
  if (left > 0xffff_ffff || right > 0xffff_ffff) return undefined;
  switch (operator) {
    case '|':
      return (left | right) >>> 0;
    case '^':
      return (left ^ right) >>> 0;
    case '&':
      return (left & right) >>> 0;
    case '<<':
      return right < 32 ? (left << right) >>> 0 : undefined;
    case '>>':
      return right < 32 ? left >>> right : undefined;
  }
}

/** `a-b`, or one value. */
export function parseRange(stream: TokenStream): Expression {
  const start = stream.peek();
  const first = parseBits(stream, parseConstant);
  if (!stream.accept('-')) return first;
  const last = parseBits(stream, parseConstant);
  return { kind: 'range', first, last, span: stream.spanFrom(start) };
}

/** Ranges and values joined by ` . `. */
export function parseTuple(stream: TokenStream): Expression {
  const first = stream.peek();
  const parts = [parseRange(stream)];
  while (stream.accept('.')) parts.push(parseRange(stream));
  return parts.length === 1 ? parts[0]! : { kind: 'concat', parts, span: stream.spanFrom(first) };
}

export function bitList(parts: readonly Expression[], first: Token, stream: TokenStream): Expression {
  return parts.length === 1 ? parts[0]! : { kind: 'list', parts, span: stream.spanFrom(first) };
}

export function parseConstant(stream: TokenStream): Constant {
  const token = stream.peek();
  const { span } = token;
  switch (token.kind) {
    case 'number':
      return parseNumber(stream, token);
    case 'duration':
      return { kind: 'number', value: stream.expectSeconds('a time'), span };
    case 'word':
    case 'string':
      stream.take();
      return { kind: 'word', text: token.text, quoted: token.kind === 'string', span };
    case 'class':
      stream.take();
      return { kind: 'word', text: token.text, quoted: false, span };
    case 'address':
      return parseAddressToken(stream, token);
    case 'punctuation':
      if (stream.accept('*')) return { kind: 'anything', span };
      if (stream.is('[')) return parseBracketed(stream);
      throw new SyntaxFailure('a value', token);
    case 'variable':
    case 'separator':
    case 'xt':
    case 'unknown':
    case 'end':
      throw new SyntaxFailure('a value', token);
  }
}

/** A number, or with a slash right behind it (`0x100/24`) all that begin with the same bits. */
function parseNumber(stream: TokenStream, token: Token): Constant {
  // Fields of up to 128 bits are compared with numbers that ours cannot hold: they stay text.
  if (!Number.isSafeInteger(numberValue(token.text))) {
    stream.take();
    return { kind: 'word', text: token.text, quoted: false, span: token.span };
  }
  const value = stream.expectNumber('a number');
  const [slash, length] = [stream.peek(), stream.peek(1)];
  if (!stream.is('/') || slash.span.start !== token.span.end || length.span.start !== slash.span.end) {
    return { kind: 'number', value, span: token.span };
  }
  stream.take();
  return {
    kind: 'number-prefix',
    value,
    length: stream.expectNumber('a prefix length', 32),
    span: stream.spanFrom(token),
  };
}

/** Six bytes are a link-layer address, which is only ever compared as text. */
const MAC = /^[0-9a-fA-F]{1,2}(?::[0-9a-fA-F]{1,2}){5}$/;

/** `[2001:db8::1]`: brackets set an IPv6 address off from a port, and may stand where none follows. */
function parseBracketed(stream: TokenStream): Constant {
  stream.expect('[');
  const address = parseAddressToken(stream, stream.peek());
  stream.expect(']');
  return address;
}

/** inet_aton(3): a number that begins with 0 is octal. `undefined` for text that has none, or that is none. */
function withOctal(text: string): string | undefined {
  if (!/(?:^|\.)0[0-9]/.test(text) || text.includes(':')) return undefined;
  return text.split('.').map(numberValue).join('.');
}

function parseAddressToken(stream: TokenStream, token: Token): Constant {
  const { text, span } = token;
  if (MAC.test(text)) {
    stream.take();
    return { kind: 'word', text: text.toLowerCase(), quoted: false, span };
  }
  const address = parseAddress(withOctal(text) ?? text);
  if (address === undefined) throw new SyntaxFailure('an address', token);
  stream.take();
  if (!stream.is('/') || stream.peek(1).kind !== 'number') return { kind: 'address', address, span };
  stream.take();
  const length = stream.expectNumber('a prefix length', addressBits(address.family));
  return { kind: 'prefix', address, length, span: stream.spanFrom(token) };
}
