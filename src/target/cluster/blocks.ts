import {
  type AddressRange,
  type Family,
  formatAddress,
  type Prefix,
  prefixRange,
  rangePrefixes,
} from '../../net/index.ts';
import { AddressSet } from '../../packetset/index.ts';

/** A prefix without some that lie in it. */
export interface Block {
  readonly cidr: string;
  readonly except: readonly string[];
}

/** The fewest blocks that hold exactly these addresses, as far as one block for all of a family with exceptions is fewer than prefixes alone. */
export function blocksOf(ranges: readonly AddressRange[]): readonly Block[] {
  return ([4, 6] as const).flatMap((family) => {
    const own = ranges.filter((range) => range.family === family);
    const prefixes = own.flatMap(rangePrefixes);
    if (prefixes.length < 3) return prefixes.map((each) => ({ cidr: cidrText(each), except: [] }));
    const around = coverOf(own, family);
    const except = AddressSet.of([prefixRange(around)])
      .subtract(AddressSet.of(own))
      .ranges()
      .flatMap(rangePrefixes);
    return except.length + 1 < prefixes.length
      ? [{ cidr: cidrText(around), except: except.map(cidrText) }]
      : prefixes.map((each) => ({ cidr: cidrText(each), except: [] }));
  });
}

export function prefixesOf(ranges: readonly AddressRange[]): readonly string[] {
  return ranges.flatMap(rangePrefixes).map(cidrText);
}

/** The longest prefix that holds all of them. */
function coverOf(ranges: readonly AddressRange[], family: Family): Prefix {
  const first = ranges.reduce((least, range) => (range.first < least ? range.first : least), ranges[0]!.first);
  const last = ranges.reduce((most, range) => (range.last > most ? range.last : most), ranges[0]!.last);
  let length = family === 4 ? 32 : 128;
  let hostBits = 0n;
  while (first >> hostBits !== last >> hostBits) {
    hostBits++;
    length--;
  }
  return { family, value: (first >> hostBits) << hostBits, length };
}

/** With its length, also of one address: the API takes nothing else. */
function cidrText(prefix: Prefix): string {
  return `${formatAddress(prefix)}/${prefix.length}`;
}
