import { all, type Match, ofWidth, quantity, type Range } from '../../ir/index.ts';
import { type AddressRange, addressBits, highestAddress, wholeFamily } from '../../net/index.ts';
import { AddressSet } from '../../packetset/index.ts';
import { beforeFlip, beforeMask, type Interval, toIntervals, toRanges } from '../netfilter/bits.ts';
import { NotUnderstood } from '../netfilter/not-understood.ts';
import { complement } from '../netfilter/ranges.ts';
import type { Expression, Operator } from './ast.ts';
import { DATATYPES, type Datatype, widthOf } from './datatype.ts';
import type { Computation } from './lift-bits.ts';
import type { Subject } from './lift-subject.ts';
import { addressRangeOf, rangeOf, single } from './lift-value.ts';

/** A comparison as one of ranges: what lies in them after the mask. */
interface Comparison {
  readonly keep?: bigint; // absent: all bits
  readonly ranges: readonly Range[];
}

function comparison(
  datatype: Datatype,
  highest: number,
  operator: Operator,
  constants: readonly Expression[],
  computation: Computation | undefined,
): Comparison {
  const daytime = daytimeOf(operator, constants, datatype);
  if (daytime !== undefined) return comparison(datatype, highest, ...daytime, computation);
  const wanted = constants.map((constant) => rangeOf(constant, wide(datatype, computation)));
  if (operator === 'in' || operator === '!') {
    // Any of the bits, or none.
    if (computation !== undefined && computation.flip !== 0n) {
      throw new NotUnderstood('it asks for bits of what it computes');
    }
    const bits = BigInt(wanted.reduce((sum, range) => (sum | only([range])) >>> 0, 0));
    const keep = computation === undefined ? bits : bits & computation.keep;
    return { keep, ranges: operator === 'in' ? [{ first: 1, last: highest }] : [single(0)] };
  }
  const ranges = compared(operator, wanted, highest);
  if (computation === undefined) return { ranges };
  const intervals = beforeFlip(toIntervals(ranges), computation.flip);
  return { keep: computation.keep, ranges: toRanges(clipped(intervals)) };
}

/**
 * Hours that run over midnight: nft turns them round and asks for the opposite (`expr_evaluate_relational`, src/evaluate.c). `undefined`
 * for all other comparisons.
 */
function daytimeOf(
  operator: Operator,
  constants: readonly Expression[],
  datatype: Datatype,
): [Operator, readonly Expression[]] | undefined {
  if (datatype !== DATATYPES.hour || constants.length !== 1) return undefined;
  const range = constants[0]!;
  if (range.kind !== 'range') return undefined;
  if (operator !== '==' && operator !== '!=') return undefined;
  if (rangeOf(range.first, datatype).first <= rangeOf(range.last, datatype).last) return undefined;
  return [operator === '==' ? '!=' : '==', [{ ...range, first: range.last, last: range.first }]];
}

/** In 32 bits: what lies above no number here can be. */
function clipped(intervals: readonly Interval[]): Interval[] {
  const last = 0xffff_ffffn;
  return intervals.flatMap((each) =>
    each.first > last ? [] : [{ first: each.first, last: each.last > last ? last : each.last }],
  );
}

/** What is computed may be wider than the field: `ip dscp << 2`, and set-in bits above a narrow one. */
function wide(datatype: Datatype, computation: Computation | undefined): Datatype {
  return computation === undefined ? datatype : { ...datatype, max: 0xffff_ffff };
}

/** The highest number of as many bits as a datatype has. */
function highestOf(datatype: Datatype): number {
  return 2 ** widthOf(datatype) - 1;
}

export function numberMatch(
  { datatype, match }: Extract<Subject, { kind: 'number' }>,
  computation: Computation | undefined,
  operator: Operator,
  constants: readonly Expression[],
): Match {
  const highest = highestOf(datatype);
  const { keep, ranges } = comparison(datatype, highest, operator, constants, computation);
  if (keep === undefined) return match(ranges);
  return match(toRanges(beforeMask(toIntervals(ranges), keep & BigInt(highest), widthOf(datatype))));
}

export function quantityMatch(
  { datatype, quantity: name, guard }: Extract<Subject, { kind: 'quantity' }>,
  computation: Computation | undefined,
  operator: Operator,
  constants: readonly Expression[],
): Match {
  const highest = highestOf(datatype);
  const { keep, ranges } = comparison(datatype, highest, operator, constants, computation);
  const mask = keep === undefined ? highest : Number(keep & BigInt(highest));
  return all(guard, ofWidth(widthOf(datatype), quantity(name, mask, ...ranges)));
}

function compared(
  operator: '==' | '!=' | '<' | '<=' | '>' | '>=',
  wanted: readonly Range[],
  highest: number,
): readonly Range[] {
  switch (operator) {
    case '==':
      return wanted;
    case '!=':
      return complement(wanted, highest);
    case '<':
      return only(wanted) === 0 ? [] : [{ first: 0, last: only(wanted) - 1 }];
    case '<=':
      return [{ first: 0, last: only(wanted) }];
    case '>':
      return only(wanted) >= highest ? [] : [{ first: only(wanted) + 1, last: highest }];
    case '>=':
      return [{ first: only(wanted), last: highest }];
  }
}

function only(wanted: readonly Range[]): number {
  const [range] = wanted;
  if (wanted.length !== 1 || range === undefined || range.first !== range.last) {
    throw new NotUnderstood('it compares a number with several by their order');
  }
  return range.first;
}

export function addressMatch(
  { family, match }: Extract<Subject, { kind: 'address' }>,
  computation: Computation | undefined,
  operator: Operator,
  constants: readonly Expression[],
): Match {
  const wanted = constants.map((constant) =>
    constant.kind === 'anything' ? wholeFamily(family) : addressRangeOf(constant, family),
  );
  const ranges = comparedAddresses(operator, wanted, family);
  if (computation === undefined) return match(ranges);
  const bits = addressBits(family);
  const whole = (1n << BigInt(bits)) - 1n;
  const flipped = beforeFlip(ranges, computation.flip & whole);
  return match(beforeMask(flipped, computation.keep & whole, bits).map((each) => ({ family, ...each })));
}

function comparedAddresses(
  operator: Operator,
  wanted: readonly AddressRange[],
  family: 4 | 6,
): readonly AddressRange[] {
  switch (operator) {
    case '==':
      return wanted;
    case '!=':
      return AddressSet.of([wholeFamily(family)])
        .subtract(AddressSet.of(wanted))
        .ranges();
    case '<':
      return cut(0n, onlyAddress(wanted) - 1n);
    case '<=':
      return cut(0n, onlyAddress(wanted));
    case '>':
      return cut(onlyAddress(wanted) + 1n, highestAddress(family));
    case '>=':
      return cut(onlyAddress(wanted), highestAddress(family));
    case 'in':
    case '!':
      throw new NotUnderstood('it asks for bits of an address');
  }
  function cut(first: bigint, last: bigint): AddressRange[] {
    return first > last ? [] : [{ family, first, last }];
  }
}

function onlyAddress(wanted: readonly AddressRange[]): bigint {
  const [range] = wanted;
  if (wanted.length !== 1 || range === undefined || range.first !== range.last) {
    throw new NotUnderstood('it compares an address with several by their order');
  }
  return range.first;
}
