import { ADDRESS_TYPES, CONNTRACK_STATES, type InterfacePattern, type Range } from '../../ir/index.ts';
import { type AddressRange, prefixRange } from '../../net/index.ts';
import type { Expression } from './ast.ts';
import { CT_STATE_BITS, DATATYPES, type Datatype } from './datatype.ts';

/** Thrown where a construct has no meaning that the reader can vouch for; caught by `lift`, which makes it an `Opaque`. */
export class NotUnderstood extends Error {}

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

export function interfaceOf(constant: Expression): InterfacePattern {
  if (constant.kind !== 'word' || constant.text.includes('\\'))
    throw new NotUnderstood('an interface has an unusual name');
  const wildcard = constant.text.endsWith('*');
  const name = wildcard ? constant.text.slice(0, -1) : constant.text;
  if (name.includes('*') || (name === '' && !wildcard)) throw new NotUnderstood('an interface has an unusual name');
  return { name, wildcard };
}

export function rangeOf(constant: Expression, datatype: Datatype): Range {
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

/** NFPROTO_IPV4 and NFPROTO_IPV6, include/uapi/linux/netfilter.h. */
export function familyValues(ranges: readonly Range[]): number[] {
  return [
    [2, 4],
    [10, 6],
  ].flatMap(([value, family]) =>
    ranges.some((range) => range.first <= value! && value! <= range.last) ? [family!] : [],
  );
}

export function stateValues(ranges: readonly Range[]): number[] {
  return CONNTRACK_STATES.flatMap((state, index) => {
    const bit = CT_STATE_BITS[state];
    return ranges.some((range) => range.first <= bit && bit <= range.last) ? [index] : [];
  });
}

export function addressTypeValues(ranges: readonly Range[]): number[] {
  return ADDRESS_TYPES.flatMap((type, index) => {
    const value = DATATYPES.fib_addrtype.words.get(type);
    return value !== undefined && ranges.some((range) => range.first <= value && value <= range.last) ? [index] : [];
  });
}

export function single(value: number): Range {
  return { first: value, last: value };
}
