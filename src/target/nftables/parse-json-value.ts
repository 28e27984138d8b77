import { addressBits, parseAddress } from '../../net/index.ts';
import type {
  BinaryOperator,
  Constant,
  Element,
  ElementData,
  Expression,
  SetExpression,
  VerdictExpression,
} from './ast.ts';
import { BINARY_OPERATORS } from './ast.ts';
import type { JsonNode } from './json-node.ts';
import { combined, MOST_OPERANDS } from './parse-value.ts';

/** What a field is compared with. */
export function jsonValue(node: JsonNode): Expression {
  const { span } = node;
  if (node.number !== undefined) {
    return node.number < 0 ? node.fail(`${node.number} is below zero`) : { kind: 'number', value: node.number, span };
  }
  if (node.boolean !== undefined)
    return { kind: 'word', text: node.boolean ? 'exists' : 'missing', quoted: false, span };
  if (node.text !== undefined) return jsonWord(node, node.text);
  if (node.items !== undefined) return { kind: 'list', parts: node.items.map(jsonValue), span };
  const [kind, inner] = node.tagged('a value');
  switch (kind) {
    case 'prefix':
      return jsonPrefix(node, inner);
    case 'range': {
      const [first, last, ...more] = inner.list('a range').map(jsonValue);
      if (first === undefined || last === undefined || more.length > 0) return inner.fail('a range has not two ends');
      return { kind: 'range', first, last, span };
    }
    case 'set':
      return jsonSet(node);
    case 'elem':
      return jsonElement(node, false).key;
    case 'concat':
      return { kind: 'concat', parts: inner.list('a concatenation').map(jsonValue), span };
    default: {
      const operator = BINARY_OPERATORS.find((each) => each === kind);
      if (operator === undefined) return node.fail(`\`${kind}\` is not understood`);
      return jsonBits(inner, operator, () => undefined);
    }
  }
}

/** Operands of one sign, two or more; `special` reads those that are no values. */
export function jsonBits(
  inner: JsonNode,
  operator: BinaryOperator,
  special: (node: JsonNode) => Expression | undefined,
): Expression {
  const operands = inner.list('an operation');
  if (operands.length > MOST_OPERANDS) return inner.fail('an operation has too many sides');
  const [first, ...rest] = operands.map((each) => special(each) ?? jsonValue(each));
  if (first === undefined || rest.length === 0) return inner.fail('an operation has not two sides');
  return rest.reduce((left, right) => ({ ...combined(operator, left, right), span: inner.span }), first);
}

function jsonWord(node: JsonNode, text: string): Expression {
  const { span } = node;
  if (text === '*') return { kind: 'anything', span };
  if (text.startsWith('@')) return { kind: 'set-reference', name: text.slice(1), span };
  const address = parseAddress(text);
  if (address !== undefined) return { kind: 'address', address, span };
  return { kind: 'word', text, quoted: true, span };
}

function jsonPrefix(node: JsonNode, inner: JsonNode): Constant {
  const { addr, len } = inner.members(['addr', 'len'], 'a prefix');
  const length = len?.whole('the length') ?? inner.fail('a prefix has no length');
  const number = addr?.number;
  if (number !== undefined && number >= 0 && length >= 0 && length <= 32) {
    return { kind: 'number-prefix', value: number, length, span: node.span };
  }
  const address = parseAddress(addr?.string('the address') ?? inner.fail('a prefix has no address'));
  if (address === undefined || length < 0 || length > addressBits(address.family))
    return inner.fail('a prefix is malformed');
  return { kind: 'prefix', address, length, span: node.span };
}

/** `"@name"` or `{"set": [...]}`; `isMap` where elements are pairs. */
export function jsonSet(node: JsonNode, isMap = false): SetExpression {
  const { span, text } = node;
  if (text !== undefined) {
    if (!text.startsWith('@')) return node.fail(`\`${text}\` is no reference to a set`);
    return { kind: 'set-reference', name: text.slice(1), span };
  }
  const inner = node.members(['set'], 'a set').set ?? node.fail('a set has no `set`');
  const elements = (inner.items ?? [inner]).map((element) => jsonElement(element, isMap));
  return { kind: 'set', elements, span };
}

/** A value, `{"elem": {...}}` where it carries more, or a pair of key and data in a map. */
export function jsonElement(node: JsonNode, isMap: boolean): Element {
  if (!isMap) return { ...jsonElementKey(node), span: node.span };
  const [key, data, ...more] = node.list('an element of a map');
  if (key === undefined || data === undefined || more.length > 0) return node.fail('an element of a map is no pair');
  return { ...jsonElementKey(key), data: jsonData(data), span: node.span };
}

/** What an element has counted and how long it still lives is state, and read past. */
function jsonElementKey(node: JsonNode): Omit<Element, 'data'> {
  if (!node.isObject) return { key: jsonValue(node) };
  const [kind, inner] = node.tagged('an element');
  if (kind !== 'elem') return { key: jsonValue(node) };
  const known = ['val', 'timeout', 'expires', 'comment', 'limit', 'counter', 'quota', 'ct count', 'last'] as const;
  const { val, timeout, comment } = inner.members(known, 'an element');
  return {
    key: jsonValue(val ?? inner.fail('an element has no `val`')),
    ...(timeout === undefined ? {} : { timeout: timeout.whole('the timeout') }),
    ...(comment === undefined ? {} : { comment: comment.string('the comment') }),
  };
}

function jsonData(node: JsonNode): ElementData {
  const { text } = node;
  if (text !== undefined && parseAddress(text) === undefined) return { kind: 'object', name: text };
  if (node.isObject) {
    const [kind, inner] = node.tagged('a verdict or value');
    const verdict = jsonVerdict(kind, inner);
    if (verdict !== undefined) return { kind: 'verdict', verdict };
  }
  return { kind: 'value', value: jsonValue(node) };
}

/** `undefined` where the kind is no verdict. */
export function jsonVerdict(kind: string, node: JsonNode): VerdictExpression | undefined {
  switch (kind) {
    case 'accept':
    case 'drop':
    case 'continue':
    case 'return':
      return { kind };
    case 'jump':
    case 'goto': {
      const { target } = node.members(['target'], `a ${kind}`);
      return { kind, chain: target?.string('the target') ?? node.fail(`a ${kind} has no target`) };
    }
    default:
      return undefined;
  }
}
