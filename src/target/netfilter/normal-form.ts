import { type Field, HOOKS, type InterfacePattern, type Match, type Range } from '../../ir/index.ts';
import { type AddressRange, PORT_PROTOCOLS, PROTOCOLS, wholeFamily } from '../../net/index.ts';
import { AddressSet } from '../../packetset/index.ts';
import { complement } from './ranges.ts';

/** Thrown where no rule can say what is asked; `lower` makes it a diagnostic. */
export class Unwritable extends Error {}

export type Atom =
  | { readonly kind: 'field'; readonly field: Field; readonly ranges: readonly Range[] }
  | { readonly kind: 'address'; readonly side: 'src' | 'dst'; readonly ranges: readonly AddressRange[] }
  | {
      readonly kind: 'interface';
      readonly side: 'in' | 'out';
      readonly names: readonly InterfacePattern[];
      readonly negated: boolean;
    };

type Alternatives = readonly (readonly Atom[])[];

/** Disjunctive normal form, in which a negation has become the other values of its field. */
export function normalForm(match: Match, positive: boolean): Alternatives {
  switch (match.kind) {
    case 'everything':
      return positive ? [[]] : [];
    case 'nothing':
      return positive ? [] : [[]];
    case 'not':
      return normalForm(match.of, !positive);
    case 'all':
    case 'any': {
      const parts = match.of.map((part) => normalForm(part, positive));
      return (match.kind === 'all') === positive ? product(parts) : parts.flat();
    }
    case 'field':
      return positive ? [[match]] : otherValues(match.field, match.ranges);
    case 'address': {
      if (positive) return [[match]];
      const others = AddressSet.of([wholeFamily(4), wholeFamily(6)])
        .subtract(AddressSet.of(match.ranges))
        .ranges();
      return [[{ ...match, ranges: others }]];
    }
    case 'interface':
      return [[{ ...match, negated: !positive }]];
    case 'quantity':
      throw new Unwritable(`a number that no header holds (${match.quantity})`);
    case 'symbol':
      throw new Unwritable(`a property that packets do not carry (${match.symbol.kind})`);
  }
}

function product(parts: readonly Alternatives[]): Alternatives {
  return parts.reduce<Alternatives>(
    (sum, part) => sum.flatMap((left) => part.map((right) => [...left, ...right])),
    [[]],
  );
}

/** A field's other values, or not having the field: `not (port 22)` holds for a ping. */
function otherValues(field: Field, ranges: readonly Range[]): Alternatives {
  const has: Alternatives = [[{ kind: 'field', field, ranges: complement(ranges, HIGHEST[field]) }]];
  const owners = OWNERS[field];
  if (owners === undefined) return has;
  const strangers = complement(owners.map(single), 255);
  return [...has, [{ kind: 'field', field: 'protocol', ranges: strangers }]];
}

/** The highest value, inclusive. */
const HIGHEST: Readonly<Record<Field, number>> = {
  hook: HOOKS.length - 1,
  family: 6,
  protocol: 255,
  sport: 65535,
  dport: 65535,
  icmpType: 255,
  icmpCode: 255,
  tcpFlags: 255,
  state: 4,
  srcAccount: 0xffff_fffe,
  dstAccount: 0xffff_fffe,
  srcType: 8,
  dstType: 8,
};

/** The protocols whose packets have a field. */
const OWNERS: Readonly<Partial<Record<Field, readonly number[]>>> = {
  sport: PORT_PROTOCOLS,
  dport: PORT_PROTOCOLS,
  icmpType: [PROTOCOLS.icmp, PROTOCOLS.icmpv6],
  icmpCode: [PROTOCOLS.icmp, PROTOCOLS.icmpv6],
  tcpFlags: [PROTOCOLS.tcp],
};

function single(value: number): Range {
  return { first: value, last: value };
}
