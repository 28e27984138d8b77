import { address, everything, field, interfaces, type Match, not, type Range } from '../../ir/index.ts';
import { PORT_PROTOCOLS, wholeFamily } from '../../net/index.ts';
import { AddressSet } from '../../packetset/index.ts';
import type { Expression, Operator, Selector } from './ast.ts';
import { CT_STATE_BITS, DATATYPES, type Datatype, isSelector, selectorDatatype } from './datatype.ts';
import { numberField } from './lift-field.ts';
import { addressRangeOf, interfaceOf, NotUnderstood, rangeOf, single } from './lift-value.ts';
import { complement } from './ranges.ts';

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
