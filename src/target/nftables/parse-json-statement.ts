import { DEFAULT_BURST, LIMIT_UNITS, OPERATORS, type RejectWith, type Statement } from './ast.ts';
import type { JsonNode } from './json-node.ts';
import { jsonKey, jsonSet, jsonValue, jsonVerdict } from './parse-json-expression.ts';

export function jsonStatement(node: JsonNode): Statement {
  const { span } = node;
  const [kind, inner] = node.tagged('a statement');
  const verdict = jsonVerdict(kind, inner);
  if (verdict !== undefined) return { kind: 'verdict', verdict, span };
  switch (kind) {
    case 'match': {
      const { op, left, right } = inner.members(['op', 'left', 'right'], 'a match');
      return {
        kind: 'match',
        operator: present(inner, op, 'op').oneOf(OPERATORS, 'the operator'),
        left: jsonKey(present(inner, left, 'left')),
        right: jsonValue(present(inner, right, 'right')),
        span,
      };
    }
    case 'vmap': {
      const { key, data } = inner.members(['key', 'data'], 'a vmap');
      return {
        kind: 'vmap',
        key: jsonKey(present(inner, key, 'key')),
        data: jsonSet(present(inner, data, 'data'), true),
        span,
      };
    }
    case 'counter':
      return jsonCounter(node, inner);
    case 'limit':
      return jsonLimit(node, inner);
    case 'log': {
      if (!inner.isObject) return { kind: 'log', span };
      const { prefix, group } = inner.members(['prefix', 'group'], 'a log');
      return {
        kind: 'log',
        ...(prefix === undefined ? {} : { prefix: prefix.string('the prefix') }),
        ...(group === undefined ? {} : { group: group.whole('the group') }),
        span,
      };
    }
    case 'reject':
      return jsonReject(node, inner);
    case 'set': {
      const { op, elem, set, stmt } = inner.members(['op', 'elem', 'set', 'stmt'], 'a set statement');
      const reference = present(inner, set, 'set').string('the set');
      if (!reference.startsWith('@')) return inner.fail(`\`${reference}\` is no reference to a set`);
      return {
        kind: 'set-update',
        operation: present(inner, op, 'op').oneOf(['add', 'update'], 'the operation'),
        set: reference.slice(1),
        key: jsonKey(present(inner, elem, 'elem')),
        statements: stmt === undefined ? [] : stmt.list('`stmt`').map(jsonStatement),
        span,
      };
    }
    default:
      return node.fail(`\`${kind}\` is not understood`);
  }
}

function jsonCounter(node: JsonNode, inner: JsonNode): Statement {
  const { span } = node;
  if (inner.text !== undefined) return { kind: 'counter-object', name: inner.text, span };
  if (!inner.isObject) return { kind: 'counter', span };
  const { map } = inner.members(['packets', 'bytes', 'map'], 'a counter');
  if (map === undefined) return { kind: 'counter', span };
  const { key, data } = map.members(['key', 'data'], 'a map');
  const reference = jsonSet(present(map, data, 'data'));
  if (reference.kind !== 'set-reference') return map.fail('a map without a name is not understood');
  return { kind: 'counter-map', key: jsonKey(present(map, key, 'key')), map: reference.name, span };
}

function jsonLimit(node: JsonNode, inner: JsonNode): Statement {
  const { rate, per, burst, inv } = inner.members(['rate', 'per', 'burst', 'inv'], 'a limit');
  return {
    kind: 'limit',
    over: inv?.isTrue() ?? false,
    count: present(inner, rate, 'rate').whole('the rate'),
    per: present(inner, per, 'per').oneOf(LIMIT_UNITS, 'the unit of time'),
    burst: burst?.whole('the burst') ?? DEFAULT_BURST,
    span: node.span,
  };
}

function jsonReject(node: JsonNode, inner: JsonNode): Statement {
  if (!inner.isObject) return { kind: 'reject', span: node.span };
  const { type, expr } = inner.members(['type', 'expr'], 'a reject');
  const kind = type?.oneOf(['tcp reset', 'icmpx', 'icmp', 'icmpv6'], 'the kind of reject');
  if (kind === undefined) return { kind: 'reject', span: node.span };
  const how: RejectWith =
    kind === 'tcp reset' ? { kind: 'tcp-reset' } : { kind, code: present(inner, expr, 'expr').string('the code') };
  return { kind: 'reject', with: how, span: node.span };
}

function present(owner: JsonNode, node: JsonNode | undefined, name: string): JsonNode {
  return node ?? owner.fail(`\`${name}\` is missing`);
}
