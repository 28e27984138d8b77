import {
  BYTE_UNITS,
  DEFAULT_BURST,
  type Expression,
  LIMIT_UNITS,
  NAT_TYPES,
  type NatStatement,
  type NatType,
  OPERATORS,
  type RejectWith,
  type Statement,
} from './ast.ts';
import { isSelector } from './fields.ts';
import type { JsonNode } from './json-node.ts';
import { implicitOperator } from './operator.ts';
import { jsonAssigned, jsonKey } from './parse-json-selector.ts';
import { jsonSet, jsonValue, jsonVerdict } from './parse-json-value.ts';
import { tproxyText } from './parse-nat.ts';
import { parseStatementText } from './parse-rule-text.ts';

export function jsonStatement(node: JsonNode): Statement {
  // nft 1.0.6 writes as text what it has no JSON for: `"update @m { ip saddr : 5 }"`.
  if (node.text !== undefined)
    return parseStatementText(node.text, node.span) ?? node.fail('a statement is not understood');
  const [kind, inner] = node.tagged('a statement');
  return { ...bareStatement(node, kind, inner), span: node.span };
}

function bareStatement(node: JsonNode, kind: string, inner: JsonNode): Statement {
  const verdict = jsonVerdict(kind, inner);
  if (verdict !== undefined) return { kind: 'verdict', verdict };
  const nat = NAT_TYPES.find((each) => each === kind);
  if (nat !== undefined) return jsonNat(inner, nat);
  switch (kind) {
    case 'match':
      return jsonMatch(inner);
    case 'vmap': {
      const { key, data } = inner.members(['key', 'data'], 'a vmap');
      return {
        kind: 'vmap',
        key: jsonKey(present(inner, key, 'key')),
        data: jsonSet(present(inner, data, 'data'), true),
      };
    }
    case 'mangle': {
      const { key, value } = inner.members(['key', 'value'], 'a mangle');
      const target = jsonKey(present(inner, key, 'key'));
      if (!isSelector(target)) return inner.fail('it sets more than one field');
      return { kind: 'assign', target, value: jsonAssigned(present(inner, value, 'value'), jsonValue) };
    }
    case 'counter':
      return jsonCounter(inner);
    case 'limit':
      return jsonObjectUse(inner, 'limit') ?? jsonLimit(inner);
    case 'quota': {
      const use = jsonObjectUse(inner, 'quota');
      if (use !== undefined) return use;
      const { val, val_unit, inv } = inner.members(['val', 'val_unit', 'used', 'used_unit', 'inv'], 'a quota');
      const amount = `${present(inner, val, 'val').whole('the amount')} ${present(inner, val_unit, 'val_unit').string('the unit')}`;
      return { kind: 'quota', over: inv?.isTrue() ?? false, amount };
    }
    case 'ct count': {
      const { val, inv } = inner.members(['val', 'inv'], 'a ct count');
      const count = present(inner, val, 'val').whole('the number');
      if (count > MOST_COUNTED) inner.fail('the number has more than 32 bits');
      return { kind: 'ct-count', over: inv?.isTrue() ?? false, amount: String(count) };
    }
    case 'ct helper':
    case 'ct timeout':
    case 'ct expectation':
    case 'secmark':
      return jsonObjectUse(inner, kind) ?? inner.fail(`a ${kind} has no name`);
    case 'log':
      return jsonLog(inner);
    case 'reject':
      return jsonReject(inner);
    case 'set':
    case 'map':
      return jsonSetUpdate(inner);
    case 'meter': {
      const { name, key, stmt } = inner.members(['name', 'key', 'stmt', 'size'], 'a meter');
      return {
        kind: 'meter',
        name: name?.string('the name') ?? '',
        key: updatedKey(present(inner, key, 'key')),
        statements: statements(stmt),
      };
    }
    case 'notrack':
      return { kind: 'notrack' };
    case 'queue': {
      if (!inner.isObject) return { kind: 'queue', number: { kind: 'number', value: 0 } };
      const { num } = inner.members(['num', 'flags'], 'a queue');
      return { kind: 'queue', number: num === undefined ? { kind: 'number', value: 0 } : jsonAssigned(num, jsonValue) };
    }
    case 'flow': {
      const { flowtable } = inner.members(['op', 'flowtable'], 'a flow');
      return {
        kind: 'object',
        type: 'flowtable',
        name: present(inner, flowtable, 'flowtable').string('the name').replace(/^@/, ''),
      };
    }
    case 'dup':
      inner.members(['addr', 'dev'], 'a dup');
      return { kind: 'other', text: 'dup', effect: 'none' };
    case 'fwd':
      inner.members(['addr', 'dev', 'family'], 'a fwd');
      return { kind: 'other', text: 'fwd', effect: 'take' };
    case 'last':
      return { kind: 'other', text: 'last', effect: 'none' };
    case 'reset':
      return { kind: 'other', text: 'reset tcp option', effect: 'tcp' };
    case 'tproxy': {
      const { family, addr, port } = inner.members(['family', 'addr', 'port'], 'a tproxy');
      const target = {
        ...(addr === undefined ? {} : { address: jsonAssigned(addr, jsonValue) }),
        ...(port === undefined ? {} : { port: jsonAssigned(port, jsonValue) }),
      };
      return { kind: 'other', text: tproxyText(family?.string('the family'), target), effect: 'filter' };
    }
    case 'synproxy': {
      const use = jsonObjectUse(inner, 'synproxy');
      if (use !== undefined) return use;
      if (inner.isObject) inner.members(['mss', 'wscale', 'flags'], 'a synproxy');
      return { kind: 'other', text: 'synproxy', effect: 'steal' };
    }
    case 'xt':
      return jsonXt(inner);
    default:
      return node.fail(`\`${kind}\` is not understood`);
  }
}

function jsonMatch(inner: JsonNode): Statement {
  const members = inner.members(['op', 'left', 'right'], 'a match');
  const operator = present(inner, members.op, 'op').oneOf(OPERATORS, 'the operator');
  const left = jsonKey(present(inner, members.left, 'left'));
  const right = jsonValue(present(inner, members.right, 'right'));
  // nft reads `in` as it reads no operator (OP_IMPLICIT, src/parser_json.c): it asks for bits only where there are some.
  return { kind: 'match', operator: operator === 'in' ? implicitOperator(left, right) : operator, left, right };
}

function jsonCounter(inner: JsonNode): Statement {
  if (inner.text !== undefined) return { kind: 'counter-object', name: inner.text };
  if (!inner.isObject) return { kind: 'counter' };
  const { map } = inner.members(['packets', 'bytes', 'map'], 'a counter');
  if (map === undefined) return { kind: 'counter' };
  const use = jsonObjectUse(inner, 'counter');
  if (use?.kind !== 'object-map' || use.data.kind !== 'set-reference')
    return use ?? inner.fail('a map is not understood');
  return { kind: 'counter-map', key: use.key, map: use.data.name };
}

/** The name of an object, or a map that leads to one; `undefined` for what is neither. */
function jsonObjectUse(inner: JsonNode, type: string): Statement | undefined {
  if (inner.text !== undefined) return { kind: 'object', type, name: inner.text };
  if (!inner.isObject || !inner.entries('an object').some(([name]) => name === 'map')) return undefined;
  const map = present(inner, inner.members(['map'], `a ${type}`).map, 'map');
  const { key, data } = map.members(['key', 'data'], 'a map');
  return {
    kind: 'object-map',
    type,
    key: jsonKey(present(map, key, 'key')),
    data: jsonSet(present(map, data, 'data'), true),
  };
}

const MOST_COUNTED = 0xffff_ffff; // packets, bytes or connections: 32 bits in the kernel, of which nft 1.0.6 takes what is left

function jsonLimit(inner: JsonNode): Statement {
  const known = ['rate', 'per', 'burst', 'inv', 'rate_unit', 'burst_unit'] as const;
  const { rate, per, burst, inv, rate_unit, burst_unit } = inner.members(known, 'a limit');
  const unit = rate_unit?.oneOf(['packets', ...BYTE_UNITS], 'the unit');
  const burstUnit = burst_unit?.oneOf(['packets', ...BYTE_UNITS], 'the unit');
  const isOfPackets = unit === undefined || unit === 'packets';
  // The kernel takes no packets for its own default (nft_limit_init, net/netfilter/nft_limit.c); in text nft refuses it.
  const depth = burst?.whole('the burst') || (isOfPackets ? DEFAULT_BURST : 0);
  if (depth > MOST_COUNTED) burst?.fail('the burst has more than 32 bits');
  return {
    kind: 'limit',
    over: inv?.isTrue() ?? false,
    count: present(inner, rate, 'rate').whole('the rate'),
    per: present(inner, per, 'per').oneOf(LIMIT_UNITS, 'the unit of time'),
    burst: depth,
    ...(isOfPackets ? {} : { unit }),
    ...(burstUnit === undefined || burstUnit === 'packets' || depth === 0 ? {} : { burstUnit }),
  };
}

function jsonLog(inner: JsonNode): Statement {
  if (!inner.isObject) return { kind: 'log' };
  const known = ['prefix', 'group', 'level', 'flags', 'snaplen', 'queue-threshold'] as const;
  const { prefix, group } = inner.members(known, 'a log');
  return {
    kind: 'log',
    ...(prefix === undefined ? {} : { prefix: prefix.string('the prefix') }),
    ...(group === undefined ? {} : { group: group.whole('the group') }),
  };
}

function jsonReject(inner: JsonNode): Statement {
  if (!inner.isObject) return { kind: 'reject' };
  const { type, expr } = inner.members(['type', 'expr'], 'a reject');
  const kind = type?.oneOf(['tcp reset', 'icmpx', 'icmp', 'icmpv6'], 'the kind of reject');
  if (kind === undefined) return { kind: 'reject' };
  const code = (): string => {
    const node = present(inner, expr, 'expr');
    return node.number === undefined ? node.string('the code') : String(node.number);
  };
  const how: RejectWith = kind === 'tcp reset' ? { kind: 'tcp-reset' } : { kind, code: code() };
  return { kind: 'reject', with: how };
}

function jsonSetUpdate(inner: JsonNode): Statement {
  const { op, elem, set, stmt, map, data } = inner.members(
    ['op', 'elem', 'set', 'stmt', 'map', 'data'],
    'a set statement',
  );
  const reference = present(inner, set ?? map, 'set').string('the set');
  if (!reference.startsWith('@')) return inner.fail(`\`${reference}\` is no reference to a set`);
  return {
    kind: 'set-update',
    operation: present(inner, op, 'op').oneOf(['add', 'update', 'delete'], 'the operation'),
    set: reference.slice(1),
    key: updatedKey(present(inner, elem, 'elem')),
    ...(data === undefined ? {} : { data: jsonAssigned(data, jsonValue) }),
    statements: statements(stmt),
  };
}

/** The key alone, or with the time that its element shall live. */
function updatedKey(node: JsonNode): Expression {
  if (!node.isObject) return jsonValue(node);
  const [kind, inner] = node.tagged('an element');
  if (kind !== 'elem') return jsonJoined(node);
  const { val } = inner.members(['val', 'timeout', 'expires', 'comment', 'counter'], 'an element');
  return jsonJoined(present(inner, val, 'val'));
}

/** Fields of the packet and values in any order. */
function jsonJoined(node: JsonNode): Expression {
  if (!node.isObject) return jsonValue(node);
  const [kind, inner] = node.tagged('an element');
  if (kind !== 'concat') return jsonKey(node);
  return { kind: 'concat', parts: inner.list('a concatenation').map(jsonJoined), span: node.span };
}

function statements(node: JsonNode | undefined): Statement[] {
  return node === undefined ? [] : (node.items ?? [node]).map(jsonStatement);
}

function jsonNat(inner: JsonNode, type: NatType): NatStatement {
  if (!inner.isObject) return { kind: 'nat', type, flags: [] };
  const { family, addr, port, flags, type_flags } = inner.members(
    ['family', 'addr', 'port', 'flags', 'type_flags'],
    type,
  );
  const words = [flags, type_flags].flatMap((node) => (node === undefined ? [] : (node.items ?? [node])));
  return {
    kind: 'nat',
    type,
    ...(family === undefined ? {} : { family: family.oneOf(['ip', 'ip6'], 'the family') }),
    ...(addr === undefined ? {} : { address: jsonAssigned(addr, jsonValue) }),
    ...(port === undefined ? {} : { port: jsonAssigned(port, jsonValue) }),
    flags: words.map((flag) => flag.string('the flag')),
  };
}

/** nft 1.0.6 often tells no more than that there is something of iptables. */
function jsonXt(inner: JsonNode): Statement {
  if (!inner.isObject) return { kind: 'other', text: 'xt', effect: 'anything' };
  const { type, name } = inner.members(['type', 'name'], 'an xt');
  const kind = type?.string('the type') ?? 'target';
  const text = `xt ${kind} "${name?.string('the name') ?? ''}"`;
  return { kind: 'other', text, effect: kind === 'match' ? 'filter' : 'anything' };
}

function present(owner: JsonNode, node: JsonNode | undefined, name: string): JsonNode {
  return node ?? owner.fail(`\`${name}\` is missing`);
}
