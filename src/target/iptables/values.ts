import type { Range } from '../../ir/index.ts';
import { type Address, type AddressRange, addressBits, type Family, PROTOCOLS, parseAddress } from '../../net/index.ts';
import { beforeMask } from '../netfilter/bits.ts';
import { NotUnderstood } from '../netfilter/not-understood.ts';
import { SERVICE_PORTS } from '../netfilter/services.ts';
import { PROTOCOL_WORDS } from '../netfilter/words.ts';
import { lookup } from './lookup.ts';

/** A whole number as C reads it: decimal, `0x` hexadecimal or `0` octal. @param most inclusive */
export function numberOf(text: string, most: number): number {
  const value = /^0x[0-9a-f]+$/i.test(text)
    ? Number(text)
    : /^0[0-7]*$/.test(text)
      ? Number.parseInt(text, 8)
      : /^[1-9][0-9]*$/.test(text)
        ? Number(text)
        : Number.NaN;
  if (!(value <= most)) throw new NotUnderstood(`\`${text}\` is no number up to ${most}`);
  return value;
}

/** `5`, `5:9`, `:9`, `5:` */
export function rangeOf(text: string, most: number, separator = ':', one = numberOf): Range {
  const [first = '', last, ...more] = text.split(separator);
  if (more.length > 0) throw new NotUnderstood(`\`${text}\` is no range`);
  if (last === undefined) {
    const value = one(first, most);
    return { first: value, last: value };
  }
  const range = { first: first === '' ? 0 : one(first, most), last: last === '' ? most : one(last, most) };
  if (range.first > range.last) throw new NotUnderstood(`\`${text}\` runs backwards`);
  return range;
}

const MOST_PORT = 65535;

export function portOf(text: string): number {
  return SERVICE_PORTS.get(text) ?? numberOf(text, MOST_PORT);
}

export function portRange(text: string): Range {
  if (SERVICE_PORTS.has(text)) return rangeOf(String(portOf(text)), MOST_PORT);
  return rangeOf(text, MOST_PORT, ':', portOf);
}

/** `undefined` for `all`. */
export function protocolOf(text: string): number | undefined {
  const word = text.toLowerCase();
  if (word === 'all') return undefined;
  const named = lookup(PROTOCOL_WORDS, word) ?? lookup(EXTRA_PROTOCOLS, word);
  const number = named ?? numberOf(text, 255);
  return number === 0 ? undefined : number;
}

const EXTRA_PROTOCOLS: Readonly<Record<string, number>> = {
  mh: 135,
  'ipv6-mh': 135,
  'ipv6-hopopts': 0,
  hopopt: 0,
  udplite: PROTOCOLS.udplite,
};

/** A number, and the bits of it that count. */
export interface Masked {
  readonly value: number;
  readonly mask: number;
}

/** `0x1/0xff`; without a mask all bits count. @param most inclusive, all bits set */
export function maskedOf(text: string, most: number): Masked {
  const [value = '', mask, ...more] = text.split('/');
  if (more.length > 0) throw new NotUnderstood(`\`${text}\` is no number with a mask`);
  return { value: numberOf(value, most), mask: mask === undefined ? most : numberOf(mask, most) };
}

export function addressOf(text: string, family: Family): Address {
  const address = parseAddress(text);
  if (address === undefined) throw new NotUnderstood(`\`${text}\` is no address: whose it is, nobody knows here`);
  if (address.family !== family) throw new NotUnderstood(`\`${text}\` is no address of IPv${family}`);
  return address;
}

/** `10.0.0.1`, `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, also with bits set that the mask does not ask for. */
export function networkOf(text: string, family: Family): readonly AddressRange[] {
  const [written = '', length, ...more] = text.split('/');
  if (more.length > 0) throw new NotUnderstood(`\`${text}\` is no network`);
  const { value } = addressOf(length === undefined ? written : padded(written, family), family);
  const mask = length === undefined ? highest(family) : maskOf(length, family);
  return beforeMask([{ first: value & mask, last: value & mask }], mask, addressBits(family)).map((each) => ({
    family,
    ...each,
  }));
}

/** `10/8` is `10.0.0.0/8`. */
function padded(text: string, family: Family): string {
  if (family === 6 || !/^\d+(?:\.\d+){0,2}$/.test(text)) return text;
  return [...text.split('.'), '0', '0', '0'].slice(0, 4).join('.');
}

function maskOf(text: string, family: Family): bigint {
  const bits = addressBits(family);
  if (/[.:]/.test(text)) return addressOf(text, family).value;
  return (highest(family) >> BigInt(bits - numberOf(text, bits))) << BigInt(bits - numberOf(text, bits));
}

function highest(family: Family): bigint {
  return (1n << BigInt(addressBits(family))) - 1n;
}

/** `10.0.0.1-10.0.0.9` */
export function addressRangeOf(text: string, family: Family): AddressRange {
  const [first = '', last, ...more] = text.split('-');
  const from = addressOf(first, family);
  const to = last === undefined ? from : addressOf(last, family);
  if (more.length > 0 || from.value > to.value) throw new NotUnderstood(`\`${text}\` is no range of addresses`);
  return { family, first: from.value, last: to.value };
}
