import { type Address, addressBits, parseAddress } from '../../net/index.ts';
import { BINARY_OPERATORS, type BinaryOperator, type Constant, type Expression } from './ast.ts';
import { spanOf, type Token } from './token.ts';
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

const JOINTS: ReadonlySet<string> = new Set([...BINARY_OPERATORS, ...Object.values(WORDS)]);

/** Operands joined by signs, each sign binding tighter than those before it in `BINARY_OPERATORS`. */
export function parseBits(stream: TokenStream, operand: Operand): Expression {
  const first = stream.peek();
  return parseJoined(stream, operand, first, parseOperand(stream, operand));
}

/** As `parseBits`, behind the first operand. */
export function parseJoined(
  stream: TokenStream,
  operand: Operand,
  first: Token,
  alone: Expression,
  level = 0,
): Expression {
  const operator = BINARY_OPERATORS[level];
  if (operator === undefined || !JOINTS.has(stream.wordOrSign)) return alone;
  let left = parseJoined(stream, operand, first, alone, level + 1);
  for (let count = 1; stream.accept(operator) || stream.accept(WORDS[operator]); count++) {
    if (count > MOST_OPERANDS) throw new SyntaxFailure('fewer operands', stream.peek());
    const next = stream.peek();
    const right = parseJoined(stream, operand, next, parseOperand(stream, operand), level + 1);
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
  const classes = parseListedClasses(stream);
  if (classes !== undefined) return classes;
  const first = parseBits(stream, parseConstant);
  if (!stream.accept('-')) return first;
  const last = parseBits(stream, parseConstant);
  return { kind: 'range', first, last, span: stream.spanFrom(start) };
}

/** `none-0:3`: so nft lists classes of traffic from the lowest on, and does not read it itself. */
function parseListedClasses(stream: TokenStream): Expression | undefined {
  const start = stream.peek();
  const major = start.kind === 'word' ? /^none-([0-9a-f]{1,4})$/.exec(start.text)?.[1] : undefined;
  const [colon, minor] = [stream.peek(1), stream.peek(2)];
  if (major === undefined || colon.text !== ':' || colon.start !== start.end) return undefined;
  if (minor.start !== colon.end || !/^[0-9a-f]{1,4}$/i.test(minor.text)) return undefined;
  for (let taken = 0; taken < 3; taken++) stream.take();
  const word = (text: string): Constant => ({ kind: 'word', text, quoted: false });
  return { kind: 'range', first: word('none'), last: word(`${major}:${minor.text}`), span: stream.spanFrom(start) };
}

/** Ranges and values joined by ` . `. */
export function parseTuple(stream: TokenStream): Expression {
  return parseConcat(stream, parseRange);
}

/** Parts joined by ` . `. */
export function parseConcat(stream: TokenStream, part: Operand): Expression {
  const first = stream.peek();
  const start = part(stream);
  if (!stream.is('.')) return start;
  const parts = [start];
  while (stream.accept('.')) parts.push(part(stream));
  return { kind: 'concat', parts, span: stream.spanFrom(first) };
}

/** Bits between commas, of which one has been read. */
export function parseBitList(stream: TokenStream, first: Token, start: Expression, bit: Operand): Expression {
  if (!stream.is(',')) return start;
  const parts = [start];
  while (stream.accept(',')) parts.push(bit(stream));
  return { kind: 'list', parts, span: stream.spanFrom(first) };
}

export function parseConstant(stream: TokenStream): Constant {
  const token = stream.peek();
  switch (token.kind) {
    case 'number':
      return parseNumber(stream, token);
    case 'duration':
      return { kind: 'number', value: stream.expectSeconds('a time'), span: spanOf(token) };
    case 'word':
    case 'string':
    case 'class':
      stream.take();
      return { kind: 'word', text: token.text, quoted: token.kind === 'string', span: spanOf(token) };
    case 'address':
      return parseAddressToken(stream, token);
    case 'punctuation':
      if (stream.accept('*')) return { kind: 'anything', span: spanOf(token) };
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
  const { text } = token;
  const value = numberValue(text);
  stream.take();
  // Fields of up to 128 bits are compared with numbers that ours cannot hold: they stay text.
  if (!Number.isSafeInteger(value)) return { kind: 'word', text, quoted: false, span: spanOf(token) };
  if (!stream.is('/') || stream.peek().start !== token.end || stream.peek(1).start !== stream.peek().end) {
    return { kind: 'number', value, span: spanOf(token) };
  }
  stream.take();
  const length = stream.expectNumber('a prefix length', 32);
  return { kind: 'number-prefix', value, length, span: stream.spanFrom(token) };
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

/** inet_aton(3): a number that begins with 0 is octal, which `parseAddress` refuses. */
function parseOctal(text: string): Address | undefined {
  if (!/(?:^|\.)0[0-9]/.test(text) || text.includes(':')) return undefined;
  return parseAddress(text.split('.').map(numberValue).join('.'));
}

function parseAddressToken(stream: TokenStream, token: Token): Constant {
  const { text } = token;
  const address = parseAddress(text) ?? parseOctal(text);
  if (address === undefined) {
    if (!MAC.test(text)) throw new SyntaxFailure('an address', token);
    stream.take();
    return { kind: 'word', text: text.toLowerCase(), quoted: false, span: spanOf(token) };
  }
  stream.take();
  if (!stream.is('/') || stream.peek(1).kind !== 'number') return { kind: 'address', address, span: spanOf(token) };
  stream.take();
  const length = stream.expectNumber('a prefix length', addressBits(address.family));
  return { kind: 'prefix', address, length, span: stream.spanFrom(token) };
}
