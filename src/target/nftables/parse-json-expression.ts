import { addressBits, parseAddress } from '../../net/index.ts';
import type { Constant, Element, ElementData, Expression, SetExpression, VerdictExpression } from './ast.ts';
import { isMetaKey, isPayloadField } from './datatype.ts';
import type { JsonNode } from './json-node.ts';

/** Selectors, masks and concatenations of them: what a rule reads. */
export function jsonKey(node: JsonNode): Expression {
  const { span } = node;
  const [kind, inner] = node.tagged('an expression');
  switch (kind) {
    case 'payload': {
      const { protocol, field } = inner.members(['protocol', 'field'], 'a payload');
      const of = protocol?.string('the protocol') ?? inner.fail('a payload has no protocol');
      const name = field?.string('the field') ?? inner.fail('a payload has no field');
      if (!isPayloadField(of, name)) return inner.fail(`\`${of} ${name}\` is not understood`);
      return { kind: 'payload', protocol: of, field: name, span };
    }
    case 'meta': {
      const key = inner.members(['key'], 'meta').key?.string('the key') ?? inner.fail('meta has no key');
      if (!isMetaKey(key)) return inner.fail(`\`meta ${key}\` is not understood`);
      return { kind: 'meta', key, span };
    }
    case 'ct':
      inner.members(['key'], 'ct').key?.oneOf(['state'], 'the key of ct') ?? inner.fail('ct has no key');
      return { kind: 'ct', key: 'state', span };
    case 'fib': {
      const { result, flags } = inner.members(['result', 'flags'], 'fib');
      result?.oneOf(['type'], 'the result of fib') ?? inner.fail('fib has no result');
      const list = flags?.items ?? (flags === undefined ? [] : [flags]);
      const words = list.map((flag) => flag.oneOf(['saddr', 'daddr'], 'the flag of fib'));
      return { kind: 'fib', result: 'type', flags: words, span };
    }
    case 'socket': {
      const { key, level } = inner.members(['key', 'level'], 'socket');
      key?.oneOf(['cgroupv2'], 'the key of socket') ?? inner.fail('socket has no key');
      return {
        kind: 'socket',
        key: 'cgroupv2',
        ...(level === undefined ? {} : { level: level.whole('the level') }),
        span,
      };
    }
    case 'concat':
      return { kind: 'concat', parts: inner.list('a concatenation').map(jsonKey), span };
    case '&': {
      const [left, right, ...more] = inner.list('an operation');
      if (left === undefined || right === undefined || more.length > 0)
        return inner.fail('an operation has not two sides');
      return { kind: 'binary', operator: '&', left: jsonKey(left), right: jsonValue(right), span };
    }
    default:
      return node.fail(`\`${kind}\` is not understood`);
  }
}

/** What a field is compared with. */
export function jsonValue(node: JsonNode): Expression {
  const { span } = node;
  if (node.number !== undefined) return { kind: 'number', value: node.number, span };
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
    case 'concat':
      return { kind: 'concat', parts: inner.list('a concatenation').map(jsonValue), span };
    case '|':
      return { kind: 'list', parts: inner.list('a list of bits').map(jsonValue), span };
    default:
      return node.fail(`\`${kind}\` is not understood`);
  }
}

function jsonWord(node: JsonNode, text: string): Expression {
  const { span } = node;
  if (text.startsWith('@')) return { kind: 'set-reference', name: text.slice(1), span };
  const address = parseAddress(text);
  if (address !== undefined) return { kind: 'address', address, span };
  return { kind: 'word', text, quoted: true, span };
}

function jsonPrefix(node: JsonNode, inner: JsonNode): Constant {
  const { addr, len } = inner.members(['addr', 'len'], 'a prefix');
  const address = parseAddress(addr?.string('the address') ?? inner.fail('a prefix has no address'));
  const length = len?.whole('the length') ?? inner.fail('a prefix has no length');
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
  const known = ['val', 'timeout', 'expires', 'comment', 'limit', 'counter'] as const;
  const { val, timeout, comment } = inner.members(known, 'an element');
  return {
    key: jsonValue(val ?? inner.fail('an element has no `val`')),
    ...(timeout === undefined ? {} : { timeout: timeout.whole('the timeout') }),
    ...(comment === undefined ? {} : { comment: comment.string('the comment') }),
  };
}

function jsonData(node: JsonNode): ElementData {
  if (node.text !== undefined) return { kind: 'object', name: node.text };
  const [kind, inner] = node.tagged('a verdict');
  const verdict = jsonVerdict(kind, inner);
  return verdict === undefined ? node.fail(`\`${kind}\` is no verdict`) : { kind: 'verdict', verdict };
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
