import { ADDRESS_TYPES, CONNTRACK_STATES, type InterfacePattern, type Range } from '../../ir/index.ts';
import {
  type Address,
  type AddressRange,
  addressBits,
  highestAddress,
  parseAddress,
  prefixRange,
} from '../../net/index.ts';
import { NotUnderstood } from '../netfilter/not-understood.ts';
import { CT_STATE_BITS, trafficClass } from '../netfilter/words.ts';
import type { Expression } from './ast.ts';
import { DATATYPES, type Datatype } from './datatype.ts';
import { numberValue } from './token-stream.ts';

export function addressRangeOf(constant: Expression, family: 4 | 6): AddressRange {
  const range = rangeOfAddress(constant, family);
  if (range.family !== family) throw new NotUnderstood('it compares addresses of two families');
  return range;
}

function rangeOfAddress(constant: Expression, family: 4 | 6): AddressRange {
  switch (constant.kind) {
    case 'address':
      return { family: constant.address.family, first: constant.address.value, last: constant.address.value };
    case 'prefix': {
      // nft takes host bits as written and masks them: 10.0.0.1/8 is 10.0.0.0/8.
      const { family: own, value } = constant.address;
      const hostBits = BigInt(addressBits(own) - constant.length);
      return prefixRange({ family: own, value: (value >> hostBits) << hostBits, length: constant.length });
    }
    case 'number': {
      const value = BigInt(constant.value);
      if (value > highestAddress(family)) throw new NotUnderstood(`${constant.value} is no address`);
      return { family, first: value, last: value };
    }
    case 'range': {
      const first = rangeOfAddress(constant.first, family);
      const last = rangeOfAddress(constant.last, family);
      if (first.family !== last.family || first.first > last.last) throw new NotUnderstood('a range runs backwards');
      return { family: first.family, first: first.first, last: last.last };
    }
    case 'word': {
      const address = parseAddress(constant.text); // in quotes
      if (address !== undefined) return { family: address.family, first: address.value, last: address.value };
      throw new NotUnderstood(`\`${constant.text}\` is a name, whose addresses nobody knows here`);
    }
    default:
      throw new NotUnderstood('it compares an address with something else');
  }
}

/** One address, where a constant is one. */
export function addressOf(constant: Expression): Address | undefined {
  return constant.kind === 'address' ? constant.address : undefined;
}

export function interfaceOf(constant: Expression): InterfacePattern {
  const text = nameOf(constant);
  const escaped = text.endsWith('\\*'); // a star that is a star
  const wildcard = text.endsWith('*') && !escaped;
  const name = wildcard ? text.slice(0, -1) : escaped ? `${text.slice(0, -2)}*` : text;
  if ((name.includes('*') && !escaped) || name.includes('\\') || (name === '' && !wildcard)) {
    throw new NotUnderstood('an interface has an unusual name');
  }
  return { name, wildcard };
}

/** A name that looks like an address (`10.0.0.53`) was read as one: then the name is what is written there, unless that is a variable. */
function nameOf(constant: Expression): string {
  if (constant.kind === 'word') return constant.text;
  if (constant.kind === 'address' && constant.span !== undefined) {
    const { file, start, end } = constant.span;
    const written = file.text.slice(start, end).replace(/^"|"$/g, '');
    if (parseAddress(written)?.value === constant.address.value) return written;
  }
  throw new NotUnderstood('it compares an interface with something else');
}

export function rangeOf(constant: Expression, datatype: Datatype): Range {
  switch (constant.kind) {
    case 'number':
      if (constant.value > datatype.max) throw new NotUnderstood(`${constant.value} is no ${datatype.name}`);
      return single(constant.value);
    case 'number-prefix': {
      const size = 2 ** Math.max(0, 32 - Math.clz32(datatype.max) - constant.length);
      const first = constant.value - (constant.value % size);
      if (first > datatype.max) throw new NotUnderstood(`${constant.value} is no ${datatype.name}`);
      return { first, last: first + size - 1 };
    }
    case 'word':
      return single(wordValue(constant.text, datatype));
    case 'range': {
      const first = rangeOf(constant.first, datatype).first;
      const last = rangeOf(constant.last, datatype).last;
      if (first > last) throw new NotUnderstood('a range runs backwards');
      return { first, last };
    }
    case 'list':
      if (datatype.kind !== 'bitmask') throw new NotUnderstood('it lists values where one is compared');
      return single(constant.parts.reduce((bits, part) => (bits | rangeOf(part, datatype).first) >>> 0, 0));
    case 'anything':
      return { first: 0, last: datatype.max };
    default:
      throw new NotUnderstood(`it compares a ${datatype.name} with something else`);
  }
}

function wordValue(text: string, datatype: Datatype): number {
  const value =
    datatype.words.get(text) ??
    (datatype === DATATYPES.hour ? secondsOfDay(text) : undefined) ??
    (datatype.name === DATATYPES.classid.name ? trafficClass(text) : undefined) ??
    quotedNumber(text);
  if (value === undefined) throw new NotUnderstood(`\`${text}\` is no ${datatype.name} that is known`);
  if (value > datatype.max) throw new NotUnderstood(`${text} is no ${datatype.name}`);
  return value;
}

function quotedNumber(text: string): number | undefined {
  const value = /^[0-9]+$/.test(text) ? numberValue(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}

/** `"17:00"`, `"17:00:30"`. */
function secondsOfDay(text: string): number | undefined {
  const found = /^([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?$/.exec(text);
  return found === null ? undefined : Number(found[1]) * 3600 + Number(found[2]) * 60 + Number(found[3] ?? 0);
}

/** A number alone. @throws NotUnderstood where it is a range or a word that nobody knows. */
export function numberOf(constant: Expression, datatype: Datatype): number {
  const { first, last } = rangeOf(constant, datatype);
  if (first !== last) throw new NotUnderstood('it takes several values where one is needed');
  return first;
}

/** NFPROTO_IPV4 and NFPROTO_IPV6, include/uapi/linux/netfilter.h. */
export const NFPROTO: Readonly<Record<number, number>> = { 2: 4, 10: 6 };
/** ETH_P_IP and ETH_P_IPV6, include/uapi/linux/if_ether.h. */
export const ETHER_TYPES: Readonly<Record<number, number>> = { 2048: 4, 34525: 6 };

/** The families whose number lies in the ranges. */
export function familyValues(ranges: readonly Range[], numbers: Readonly<Record<number, number>>): number[] {
  return Object.entries(numbers).flatMap(([value, family]) => (inRanges(ranges, Number(value)) ? [family] : []));
}

export function stateValues(ranges: readonly Range[]): number[] {
  return CONNTRACK_STATES.flatMap((state, index) => (inRanges(ranges, CT_STATE_BITS[state]) ? [index] : []));
}

export function addressTypeValues(ranges: readonly Range[]): number[] {
  return ADDRESS_TYPES.flatMap((type, index) => {
    const value = DATATYPES.fib_addrtype.words.get(type);
    return value !== undefined && inRanges(ranges, value) ? [index] : [];
  });
}

export function inRanges(ranges: readonly Range[], value: number): boolean {
  return ranges.some((range) => range.first <= value && value <= range.last);
}

export function single(value: number): Range {
  return { first: value, last: value };
}
