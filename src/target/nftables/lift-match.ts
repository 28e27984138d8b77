import {
  ADDRESS_TYPES,
  address,
  all,
  CONNTRACK_STATES,
  everything,
  field,
  type InterfacePattern,
  interfaces,
  type Match,
  not,
  type Range,
} from '../../ir/index.ts';
import { type AddressRange, PORT_PROTOCOLS, PROTOCOLS, prefixRange, wholeFamily } from '../../net/index.ts';
import { AddressSet } from '../../packetset/index.ts';
import type { Expression, Operator, Selector } from './ast.ts';
import { CT_STATE_BITS, DATATYPES, type Datatype, isSelector, selectorDatatype } from './datatype.ts';
import { complement } from './ranges.ts';

/** Thrown where a construct has no meaning that the reader can vouch for; caught by `lift`, which makes it an `Opaque`. */
export class NotUnderstood extends Error {}

/** What a selector must equal: one constant of an element, or all constants of a match's right side. */
export type Constants = readonly Expression[];

/**
 * The packets for which a field compares so with any of the constants. A packet without the field breaks the rule in nft, also
 * for `!=`: `tcp dport != 80` asks for TCP, `meta skuid != 5` for a socket.
 */
export function selectorMatch(selector: Selector, operator: Operator, constants: Constants, mask?: Expression): Match {
  const datatype = selectorDatatype(selector);
  if (datatype === undefined) throw new NotUnderstood('it reads a field that is not understood');
  switch (datatype.kind) {
    case 'address':
      return addressMatch(selector, operator, constants, mask);
    case 'text':
      return interfaceMatch(selector, operator, constants, mask);
    case 'number':
    case 'bitmask':
      return numberMatch(selector, datatype, operator, constants, mask);
  }
}

/** The packets that have the field at all. */
export function presence(selector: Selector): Match {
  const datatype = selectorDatatype(selector);
  switch (datatype?.kind) {
    case 'address':
      return field('family', selector.kind === 'payload' && selector.protocol === 'ip' ? 4 : 6);
    case 'number':
      return numberField(selector, [{ first: 0, last: datatype.max }]);
    case 'bitmask':
      return numberField(selector, domain(datatype).map(single));
    case 'text':
    case undefined:
      return everything;
  }
}

function addressMatch(selector: Selector, operator: Operator, constants: Constants, mask?: Expression): Match {
  if (mask !== undefined) throw new NotUnderstood('it masks an address');
  const side = selector.kind === 'payload' && selector.field === 'saddr' ? 'src' : 'dst';
  const family = selector.kind === 'payload' && selector.protocol === 'ip' ? 4 : 6;
  const ranges = constants.map((constant) => addressRangeOf(constant));
  if (ranges.some((range) => range.family !== family)) throw new NotUnderstood('it compares addresses of two families');
  switch (operator) {
    case '==':
      return address(side, ...ranges);
    case '!=':
      return address(
        side,
        ...AddressSet.of([wholeFamily(family)])
          .subtract(AddressSet.of(ranges))
          .ranges(),
      );
    case '<':
    case '>':
    case '<=':
    case '>=':
    case 'in':
      throw new NotUnderstood('it compares addresses by their order');
  }
}

export function addressRangeOf(constant: Expression): AddressRange {
  switch (constant.kind) {
    case 'address':
      return { family: constant.address.family, first: constant.address.value, last: constant.address.value };
    case 'prefix': {
      // nft takes host bits as written and masks them: 10.0.0.1/8 is 10.0.0.0/8.
      const { family, value } = constant.address;
      const hostBits = BigInt((family === 4 ? 32 : 128) - constant.length);
      return prefixRange({ family, value: (value >> hostBits) << hostBits, length: constant.length });
    }
    case 'range': {
      const first = addressRangeOf(constant.first);
      const last = addressRangeOf(constant.last);
      if (first.family !== last.family || first.first > last.last) throw new NotUnderstood('a range runs backwards');
      return { family: first.family, first: first.first, last: last.last };
    }
    default:
      throw new NotUnderstood('it compares an address with something else');
  }
}

function interfaceMatch(selector: Selector, operator: Operator, constants: Constants, mask?: Expression): Match {
  if (selector.kind !== 'meta' || mask !== undefined)
    throw new NotUnderstood('it compares a text that is not understood');
  const match = interfaces(selector.key === 'iifname' ? 'in' : 'out', ...constants.map(interfaceOf));
  switch (operator) {
    case '==':
      return match;
    case '!=':
      return not(match); // a missing interface compares as the empty name and breaks nothing
    case '<':
    case '>':
    case '<=':
    case '>=':
    case 'in':
      throw new NotUnderstood('it compares names by their order');
  }
}

function interfaceOf(constant: Expression): InterfacePattern {
  if (constant.kind !== 'word' || constant.text.includes('\\'))
    throw new NotUnderstood('an interface has an unusual name');
  const wildcard = constant.text.endsWith('*');
  const name = wildcard ? constant.text.slice(0, -1) : constant.text;
  if (name.includes('*') || (name === '' && !wildcard)) throw new NotUnderstood('an interface has an unusual name');
  return { name, wildcard };
}

function numberMatch(
  selector: Selector,
  datatype: Datatype,
  operator: Operator,
  constants: Constants,
  mask?: Expression,
): Match {
  const wanted = constants.map((constant) => rangeOf(constant, datatype));
  if (datatype.kind === 'number') {
    if (mask !== undefined) throw new NotUnderstood('it masks a number');
    return numberField(selector, compared(operator, wanted, datatype.max));
  }
  const bits = mask === undefined ? datatype.max : rangeOf(mask, datatype).first;
  const holds = (value: number): boolean => bitsHold(value & bits, operator, wanted, datatype.max);
  return numberField(selector, domain(datatype).filter(holds).map(single));
}

function bitsHold(value: number, operator: Operator, wanted: readonly Range[], max: number): boolean {
  if (operator === 'in') return wanted.some((range) => (value & range.first) !== 0);
  return compared(operator, wanted, max).some((range) => range.first <= value && value <= range.last);
}

/** The values of a bit mask that a packet can have: a connection has one state at a time. */
function domain(datatype: Datatype): number[] {
  if (datatype === DATATYPES.ct_state) return Object.values(CT_STATE_BITS);
  return Array.from({ length: datatype.max + 1 }, (_, value) => value);
}

function compared(operator: Operator, wanted: readonly Range[], max: number): Range[] {
  switch (operator) {
    case '==':
      return [...wanted];
    case '!=':
      return complement(wanted, max);
    case '<':
      return [{ first: 0, last: only(wanted) - 1 }];
    case '<=':
      return [{ first: 0, last: only(wanted) }];
    case '>':
      return [{ first: only(wanted) + 1, last: max }];
    case '>=':
      return [{ first: only(wanted), last: max }];
    case 'in':
      throw new NotUnderstood('it asks for bits of a number');
  }
}

function only(wanted: readonly Range[]): number {
  const [range] = wanted;
  if (wanted.length !== 1 || range === undefined || range.first !== range.last) {
    throw new NotUnderstood('it compares a number with several by their order');
  }
  return range.first;
}

function rangeOf(constant: Expression, datatype: Datatype): Range {
  switch (constant.kind) {
    case 'number':
      if (constant.value > datatype.max) throw new NotUnderstood(`${constant.value} is no ${datatype.name}`);
      return single(constant.value);
    case 'word': {
      const value = datatype.words.get(constant.text);
      if (value === undefined) throw new NotUnderstood(`\`${constant.text}\` is no ${datatype.name} that is known`);
      return single(value);
    }
    case 'range': {
      const first = rangeOf(constant.first, datatype).first;
      const last = rangeOf(constant.last, datatype).last;
      if (first > last) throw new NotUnderstood('a range runs backwards');
      return { first, last };
    }
    case 'list':
      if (datatype.kind !== 'bitmask') throw new NotUnderstood('it lists values where one is compared');
      return single(constant.parts.reduce((bits, part) => bits | rangeOf(part, datatype).first, 0));
    default:
      throw new NotUnderstood(`it compares a ${datatype.name} with something else`);
  }
}

/** Values of a number as a field of the IR, with what nft asks besides: `tcp dport` asks for TCP, `icmp type` for IPv4 too. */
function numberField(selector: Selector, ranges: readonly Range[]): Match {
  switch (selector.kind) {
    case 'meta':
      switch (selector.key) {
        case 'nfproto':
          return field('family', ...familyValues(ranges));
        case 'l4proto':
          return field('protocol', ...ranges);
        case 'skuid':
          return field('srcAccount', ...ranges);
      }
      break;
    case 'ct':
      return field('state', ...stateValues(ranges));
    case 'fib':
      if (selector.flags.length === 1) {
        return field(selector.flags[0] === 'saddr' ? 'srcType' : 'dstType', ...addressTypeValues(ranges));
      }
      break;
    case 'payload': {
      const match = payloadField(selector.protocol, selector.field, ranges);
      if (match !== undefined) return match;
      break;
    }
    case 'socket':
      break;
  }
  throw new NotUnderstood('it reads a field that is not understood');
}

function payloadField(protocol: string, name: string, ranges: readonly Range[]): Match | undefined {
  switch (protocol) {
    case 'ip':
      return name === 'protocol' ? all(field('family', 4), field('protocol', ...ranges)) : undefined;
    case 'tcp':
      if (name === 'flags') return field('tcpFlags', ...ranges);
      return all(field('protocol', PROTOCOLS.tcp), portField(name, ranges));
    case 'udp':
    case 'udplite':
    case 'dccp':
    case 'sctp':
      return all(field('protocol', PROTOCOLS[protocol]), portField(name, ranges));
    case 'th':
      return portField(name, ranges);
    case 'icmp':
      return all(field('family', 4), field('protocol', PROTOCOLS.icmp), icmpField(name, ranges));
    case 'icmpv6':
      return all(field('family', 6), field('protocol', PROTOCOLS.icmpv6), icmpField(name, ranges));
    default:
      return undefined;
  }
}

function portField(name: string, ranges: readonly Range[]): Match {
  return field(name === 'sport' ? 'sport' : 'dport', ...ranges);
}

function icmpField(name: string, ranges: readonly Range[]): Match {
  return field(name === 'type' ? 'icmpType' : 'icmpCode', ...ranges);
}

/** NFPROTO_IPV4 and NFPROTO_IPV6, include/uapi/linux/netfilter.h. */
function familyValues(ranges: readonly Range[]): number[] {
  return [
    [2, 4],
    [10, 6],
  ].flatMap(([value, family]) =>
    ranges.some((range) => range.first <= value! && value! <= range.last) ? [family!] : [],
  );
}

function stateValues(ranges: readonly Range[]): number[] {
  return CONNTRACK_STATES.flatMap((state, index) => {
    const bit = CT_STATE_BITS[state];
    return ranges.some((range) => range.first <= bit && bit <= range.last) ? [index] : [];
  });
}

function addressTypeValues(ranges: readonly Range[]): number[] {
  return ADDRESS_TYPES.flatMap((type, index) => {
    const value = DATATYPES.fib_addrtype.words.get(type);
    return value !== undefined && ranges.some((range) => range.first <= value && value <= range.last) ? [index] : [];
  });
}

function single(value: number): Range {
  return { first: value, last: value };
}

/**
 * `th dport` reads two bytes of whatever transport there is: it is a port only where the rule lets no other protocol through.
 * @param parts what must hold together with it
 */
export function checkTransport(selectors: readonly Selector[], parts: readonly Match[]): void {
  const reads = selectors.some((selector) => selector.kind === 'payload' && selector.protocol === 'th');
  if (reads && !parts.some(asksForPorts)) {
    throw new NotUnderstood('it reads ports without asking for a protocol that has them');
  }
}

function asksForPorts(match: Match): boolean {
  switch (match.kind) {
    case 'all':
      return match.of.some(asksForPorts);
    case 'any':
      return match.of.every(asksForPorts);
    case 'field':
      return (
        match.field === 'protocol' &&
        complement(PORT_PROTOCOLS.map(single), 255).every((gap) =>
          match.ranges.every((range) => range.last < gap.first || range.first > gap.last),
        )
      );
    default:
      return false;
  }
}

/** The selectors of a key, in order. */
export function keySelectors(key: Expression): Selector[] {
  const parts = key.kind === 'concat' ? key.parts : [key];
  return parts.map((part) => {
    if (!isSelector(part)) throw new NotUnderstood('its key is not understood');
    return part;
  });
}

/** What an element of a set or map asks of the packet, part by part. */
export function elementMatch(selectors: readonly Selector[], key: Expression): Match[] {
  const parts = key.kind === 'concat' ? key.parts : [key];
  if (parts.length !== selectors.length) throw new NotUnderstood('an element has not as many parts as its key');
  return parts.map((part, index) => selectorMatch(selectors[index]!, '==', [part]));
}
