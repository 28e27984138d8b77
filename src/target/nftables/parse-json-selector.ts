import { BINARY_OPERATORS, type Expression, RAW_BASES, type Selector } from './ast.ts';
import {
  EXTENSION_HEADERS,
  FIB_FLAGS,
  FIB_RESULT_WORDS,
  fibResult,
  isCtKey,
  isMetaKey,
  isPayloadField,
  SOCKET_KEYS,
  TUNNELS,
} from './fields.ts';
import type { JsonNode } from './json-node.ts';
import { jsonBits, jsonSet } from './parse-json-value.ts';
import { printExpression } from './print-rule.ts';

/** Selectors, reckoned with and joined: what a rule reads. */
export function jsonKey(node: JsonNode): Expression {
  const { span } = node;
  const [kind, inner] = node.tagged('an expression');
  if (kind === 'concat') return { kind: 'concat', parts: inner.list('a concatenation').map(jsonKey), span };
  const operator = BINARY_OPERATORS.find((each) => each === kind);
  if (operator !== undefined)
    return jsonBits(inner, operator, (each) => (isSelectorNode(each) ? jsonKey(each) : undefined));
  return { ...jsonSelector(node, kind, inner), span };
}

/** Whether an object holds a selector, or something reckoned from one, and no constant. */
function isSelectorNode(node: JsonNode): boolean {
  if (!node.isObject) return false;
  const [kind] = node.tagged('an expression');
  return !['set', 'prefix', 'range', 'elem'].includes(kind) && (kind !== '|' || !isConstantList(node));
}

/** `{"|": ["syn", "ack"]}`: bits, no computation with a field. */
function isConstantList(node: JsonNode): boolean {
  const [, inner] = node.tagged('an expression');
  return inner
    .list('an operation')
    .every((each) => !each.isObject || (each.tagged('an operand')[0] === '|' && isConstantList(each)));
}

/** Where a value may be a field too (`meta mark set ct mark & 255`), or what a map leads to. */
export function jsonAssigned(node: JsonNode, value: (node: JsonNode) => Expression): Expression {
  if (!node.isObject) return value(node);
  const [kind, inner] = node.tagged('a value');
  if (kind === 'map') {
    const { key, data } = inner.members(['key', 'data'], 'a map');
    return {
      kind: 'map',
      key: jsonKey(key ?? inner.fail('a map has no key')),
      data: jsonSet(data ?? inner.fail('a map has no data'), true),
      span: node.span,
    };
  }
  return kind === 'concat' || !isSelectorNode(node) ? value(node) : jsonKey(node);
}

function jsonSelector(node: JsonNode, kind: string, inner: JsonNode): Selector {
  switch (kind) {
    case 'payload':
      return jsonPayload(inner);
    case 'meta': {
      const key = inner.members(['key'], 'meta').key?.string('the key') ?? inner.fail('meta has no key');
      return isMetaKey(key) ? { kind: 'meta', key } : inner.fail(`\`meta ${key}\` is not understood`);
    }
    case 'ct': {
      const { key, dir, family } = inner.members(['key', 'dir', 'family'], 'ct');
      const direction = dir?.oneOf(['original', 'reply'], 'the direction of ct');
      const name = key?.string('the key') ?? inner.fail('ct has no key');
      const full = family === undefined ? name : `${family.oneOf(['ip', 'ip6'], 'the family')} ${name}`;
      if (!isCtKey(full)) return inner.fail(`\`ct ${full}\` is not understood`);
      return { kind: 'ct', key: full, ...(direction === undefined ? {} : { direction }) };
    }
    case 'fib': {
      const { result, flags } = inner.members(['result', 'flags'], 'fib');
      const words = flags?.items ?? (flags === undefined ? [] : [flags]);
      return {
        kind: 'fib',
        result: fibResult(result?.oneOf(FIB_RESULT_WORDS, 'the result of fib') ?? inner.fail('fib has no result')),
        flags: words.map((flag) => flag.oneOf(FIB_FLAGS, 'the flag of fib')),
      };
    }
    case 'socket': {
      const { key, level } = inner.members(['key', 'level'], 'socket');
      const name = key?.oneOf(SOCKET_KEYS, 'the key of socket') ?? inner.fail('socket has no key');
      return { kind: 'socket', key: name, ...(level === undefined ? {} : { level: level.whole('the level') }) };
    }
    case 'exthdr': {
      const { name, field, offset } = inner.members(['name', 'field', 'offset'], 'exthdr');
      const header = name?.string('the name') ?? inner.fail('exthdr has no name');
      if (!Object.hasOwn(EXTENSION_HEADERS, header)) return inner.fail(`\`exthdr ${header}\` is not understood`);
      const number = offset === undefined ? '' : `[${offset.whole('the offset')}]`;
      return {
        kind: 'option',
        header,
        ...(field === undefined ? {} : { field: `${field.string('the field')}${number}` }),
      };
    }
    case 'tcp option':
    case 'ip option':
    case 'sctp chunk':
    case 'dccp option':
      return jsonOption(kind, inner);
    case 'numgen':
    case 'jhash':
    case 'symhash':
      return jsonGenerator(kind, inner);
    case 'rt': {
      const { key, family } = inner.members(['key', 'family'], 'rt');
      const of = family === undefined ? '' : ` ${family.string('the family')}`;
      return computed(`rt${of} ${key?.string('the key') ?? inner.fail('rt has no key')}`);
    }
    case 'osf': {
      const { key, ttl } = inner.members(['key', 'ttl'], 'osf');
      const how = ttl === undefined ? '' : ` ttl ${ttl.string('the ttl')}`;
      return computed(`osf${how} ${key?.string('the key') ?? inner.fail('osf has no key')}`);
    }
    case 'ipsec':
      return jsonIpsec(inner);
    default:
      return node.fail(`\`${kind}\` is not understood`);
  }
}

function computed(text: string): Selector {
  return { kind: 'computed', text, volatile: false };
}

function jsonPayload(inner: JsonNode): Selector {
  const { tunnel, protocol, field, base, offset, len } = inner.members(
    ['tunnel', 'protocol', 'field', 'base', 'offset', 'len'],
    'a payload',
  );
  if (base !== undefined) {
    return {
      kind: 'raw',
      base: base.oneOf(RAW_BASES, 'the base'),
      offset: offset?.whole('the offset') ?? inner.fail('a payload has no offset'),
      length: len?.whole('the length') ?? inner.fail('a payload has no length'),
    };
  }
  const of = protocol?.string('the protocol') ?? inner.fail('a payload has no protocol');
  const name = field?.string('the field') ?? inner.fail('a payload has no field');
  if (Object.hasOwn(TUNNELS, of) && TUNNELS[of]!.includes(name)) return { kind: 'option', header: of, field: name };
  if (tunnel !== undefined && isPayloadField(of, name)) {
    const outer = tunnel.string('the tunnel');
    if (!Object.hasOwn(TUNNELS, outer)) return inner.fail(`\`${outer}\` is not understood`);
    return { kind: 'option', header: `${outer} ${of}`, field: name };
  }
  return isPayloadField(of, name)
    ? { kind: 'payload', protocol: of, field: name }
    : inner.fail(`\`${of} ${name}\` is not understood`);
}

function jsonOption(kind: string, inner: JsonNode): Selector {
  const { name, field, base, offset, len, type } = inner.members(
    ['name', 'field', 'base', 'offset', 'len', 'type'],
    kind,
  );
  if (base !== undefined) {
    const place = [base, offset, len].map((each) => each?.whole('the place') ?? inner.fail(`${kind} has no place`));
    return { kind: 'option', header: kind, field: `@${place.join(',')}` };
  }
  const of = name?.string('the name') ?? type?.whole('the type') ?? inner.fail(`${kind} has no name`);
  return {
    kind: 'option',
    header: `${kind} ${of}`,
    ...(field === undefined ? {} : { field: field.string('the field') }),
  };
}

function jsonGenerator(kind: 'numgen' | 'jhash' | 'symhash', inner: JsonNode): Selector {
  const { mode, mod, offset, seed, expr } = inner.members(['mode', 'mod', 'offset', 'seed', 'expr'], kind);
  let text: string = kind;
  if (mode !== undefined) text += ` ${mode.oneOf(['inc', 'random'], 'the mode')}`;
  const key = expr === undefined ? undefined : jsonKey(expr);
  if (key !== undefined) text += ` ${printExpression(key)}`;
  text += ` mod ${unsigned(mod?.whole('the modulus') ?? inner.fail(`${kind} has no modulus`))}`;
  for (const [name, option] of [
    ['seed', seed],
    ['offset', offset],
  ] as const) {
    const value = unsigned(option?.whole(`the ${name}`) ?? 0);
    if (value !== 0) text += ` ${name} ${value}`;
  }
  return { kind: 'computed', text, ...(key === undefined ? {} : { key }), volatile: kind === 'numgen' };
}

/** nft 1.0.6 writes numbers from 2^31 on below zero. */
function unsigned(value: number): number {
  return value < 0 && value >= -(2 ** 31) ? value + 2 ** 32 : value;
}

function jsonIpsec(inner: JsonNode): Selector {
  const { key, dir, spnum, family } = inner.members(['key', 'dir', 'spnum', 'family'], 'ipsec');
  const number = spnum?.whole('the number') ?? 0;
  const parts = [
    'ipsec',
    dir?.oneOf(['in', 'out'], 'the direction') ?? inner.fail('ipsec has no direction'),
    ...(number === 0 ? [] : ['spnum', String(number)]),
    ...(family === undefined ? [] : [family.string('the family')]),
    key?.string('the key') ?? inner.fail('ipsec has no key'),
  ];
  return computed(parts.join(' '));
}
