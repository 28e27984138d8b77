import {
  ADDRESS_TYPES,
  type AddressType,
  CONNTRACK_STATES,
  type InterfacePattern,
  type Range,
} from '../../ir/index.ts';
import { type AddressRange, type Family, ICMP_TYPES, ICMPV6_TYPES, rangePrefixes } from '../../net/index.ts';
import type {
  Constant,
  Expression,
  Operator,
  Rule,
  Selector,
  SetExpression,
  Statement,
  VerdictExpression,
} from './ast.ts';

/** Small makers of nft's syntax, for those who write rules. */
export function rule(statements: readonly Statement[], comment?: string): Rule {
  return { statements, ...(comment === undefined ? {} : { comment }) };
}

export function equals(left: Expression, right: Expression, operator: Operator = '=='): Statement {
  return { kind: 'match', left, operator, right };
}

export function decide(kind: 'accept' | 'drop'): Statement {
  return { kind: 'verdict', verdict: { kind } };
}

export function jumpTo(chain: string): VerdictExpression {
  return { kind: 'jump', chain };
}

export function jump(chain: string): Statement {
  return { kind: 'verdict', verdict: jumpTo(chain) };
}

export function count(counter: string): Statement {
  return { kind: 'counter-object', name: counter };
}

export const L4PROTO: Selector = { kind: 'meta', key: 'l4proto' };
export const NFPROTO: Selector = { kind: 'meta', key: 'nfproto' };
export const SKUID: Selector = { kind: 'meta', key: 'skuid' };
export const CT_STATE: Selector = { kind: 'ct', key: 'state' };

export function payload(protocol: string, field: string): Selector {
  return { kind: 'payload', protocol, field };
}

/** `ip` or `ip6`: the network header's name and what tells the two apart in names of ours. */
export function familyWord(family: Family): 'ip' | 'ip6' {
  return family === 4 ? 'ip' : 'ip6';
}

export function addressSelector(family: Family, side: 'src' | 'dst'): Selector {
  return payload(familyWord(family), side === 'src' ? 'saddr' : 'daddr');
}

/** `icmp` or `icmpv6`. */
export function icmpWord(family: Family): 'icmp' | 'icmpv6' {
  return family === 4 ? 'icmp' : 'icmpv6';
}

export function number(value: number): Constant {
  return { kind: 'number', value };
}

function word(text: string): Constant {
  return { kind: 'word', text, quoted: false };
}

export function reference(set: string): SetExpression {
  return { kind: 'set-reference', name: set };
}

export function range(values: Range, constant: (value: number) => Constant = number): Expression {
  if (values.first === values.last) return constant(values.first);
  return { kind: 'range', first: number(values.first), last: number(values.last) };
}

/** One value as it is, several as an anonymous set. */
export function anyOf(values: readonly Expression[]): Expression {
  const [only] = values;
  if (values.length === 1 && only !== undefined) return only;
  return { kind: 'set', elements: values.map((key) => ({ key })) };
}

export function addressExpression(addresses: AddressRange): Expression {
  const { family, first, last } = addresses;
  if (first === last) return { kind: 'address', address: { family, value: first } };
  const [prefix, ...more] = rangePrefixes(addresses);
  if (prefix !== undefined && more.length === 0) {
    return { kind: 'prefix', address: { family, value: prefix.value }, length: prefix.length };
  }
  return {
    kind: 'range',
    first: { kind: 'address', address: { family, value: first } },
    last: { kind: 'address', address: { family, value: last } },
  };
}

export function interfaceWord(pattern: InterfacePattern): Constant {
  return { kind: 'word', text: pattern.wildcard ? `${pattern.name}*` : pattern.name, quoted: true };
}

/** ICMP types have their words in nft itself, so that they are safe to load anywhere and better to read than numbers. */
export function icmpType(family: Family): (value: number) => Constant {
  const words = Object.entries(family === 4 ? ICMP_TYPES : ICMPV6_TYPES);
  return (value) => {
    const found = words.find(([, known]) => known === value);
    return found === undefined ? number(value) : word(found[0]);
  };
}

export function familyConstant(family: Family): Constant {
  return word(family === 4 ? 'ipv4' : 'ipv6');
}

/** `established,related`: any of these bits. */
export function states(values: readonly number[]): Expression {
  const parts = values.map((value) => word(CONNTRACK_STATES[value] ?? String(value)));
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : { kind: 'list', parts };
}

export function addressType(value: number): Constant {
  const type: AddressType | undefined = ADDRESS_TYPES[value];
  return type === undefined ? number(value) : word(type);
}

export function enumerate(ranges: readonly Range[]): number[] {
  return ranges.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, at) => first + at));
}
