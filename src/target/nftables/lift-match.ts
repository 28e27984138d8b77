import { all, any, everything, interfaces, type Match, not, nothing, quantity, type Range } from '../../ir/index.ts';
import { type AddressRange, addressBits, formatAddress, formatRange, wholeFamily } from '../../net/index.ts';
import { AddressSet } from '../../packetset/index.ts';
import type { Expression, Operator, Selector } from './ast.ts';
import { DATATYPES, type Datatype } from './datatype.ts';
import { selectorDatatype, wordsOf } from './fields.ts';
import {
  beforeFlip,
  beforeMask,
  beforeShift,
  type Computation,
  computedSelector,
  type Interval,
  TooManyRanges,
  toIntervals,
  toRanges,
} from './lift-bits.ts';
import { type ChainContext, interfaceKnown } from './lift-context.ts';
import { asksForPorts, portSubject, type Subject, subjectOf } from './lift-subject.ts';
import { plainText } from './lift-text.ts';
import { addressRangeOf, interfaceOf, NotUnderstood, numberOf, rangeOf, single } from './lift-value.ts';
import { printExpression } from './print-rule.ts';
import { complement } from './ranges.ts';

/** A part of a key: what is read, and what is computed from it. */
export interface KeyPart {
  readonly selector: Selector;
  readonly subject: Subject;
  readonly computation?: Computation;
}

/** The same parts where it is known that the packet has ports. */
export function withPorts(parts: readonly KeyPart[]): readonly KeyPart[] {
  return parts.map((part) => ({ ...part, subject: portSubject(part.selector) ?? part.subject }));
}

/** The parts of a key, in order. */
export function keyParts(key: Expression, context: ChainContext): KeyPart[] {
  const parts = key.kind === 'concat' ? key.parts : [key];
  return parts.map((part): KeyPart => {
    const { selector, computation } = computedSelector(part, (operand) => operandValue(operand, part));
    const subject = subjectOf(selector, context);
    return { selector, subject, ...(computation === undefined ? {} : { computation }) };
  });
}

function operandValue(operand: Expression, part: Expression): bigint {
  if (operand.kind === 'address') return operand.address.value;
  const left = part.kind === 'binary' ? innermost(part) : undefined;
  const datatype = left ?? DATATYPES.mark;
  // A mask of bits in words, or a number: as wide as 32 bits whatever the field holds.
  return BigInt(operand.kind === 'number' ? operand.value : numberOf(operand, datatype));
}

function innermost(part: Expression): Datatype | undefined {
  if (part.kind === 'binary') return innermost(part.left);
  switch (part.kind) {
    case 'payload':
    case 'meta':
    case 'ct':
    case 'raw':
      return selectorDatatype(part);
    default:
      return undefined;
  }
}

/** The packets that have the part at all. */
export function presence({ subject }: Pick<KeyPart, 'subject'>): Match {
  switch (subject.kind) {
    case 'number':
      return subject.match([{ first: 0, last: subject.datatype.max }]);
    case 'address':
    case 'quantity':
    case 'other':
      return subject.guard;
    case 'interface':
      return everything;
    case 'absent':
      return nothing;
  }
}

/** The packets for which a part compares so with any of the constants. */
export function partMatch(
  part: KeyPart,
  operator: Operator,
  constants: readonly Expression[],
  context: ChainContext,
): Match {
  try {
    return comparedPart(part, operator, constants, context);
  } catch (error) {
    if (!(error instanceof TooManyRanges)) throw error;
    return scatteredMatch(part, operator, constants, context);
  }
}

/** A comparison of single bits, known by its text: written alike whether the values were given as numbers or as addresses. */
function scatteredMatch(
  part: KeyPart,
  operator: Operator,
  constants: readonly Expression[],
  context: ChainContext,
): Match {
  const { subject, selector } = part;
  const family = subject.kind === 'address' ? subject.family : undefined;
  const value = (bits: bigint): string =>
    family === undefined ? String(bits) : formatAddress({ family, value: bits });
  const { keep, flip, shift } = part.computation ?? { keep: 0n, flip: 0n, shift: 0 };
  const width = (1n << BigInt(family === 6 ? 128 : 32)) - 1n;
  const computed = `${printExpression(selector)} & ${value(keep & width)}`;
  const text = `${computed}${flip === 0n ? '' : ` ^ ${value(flip & width)}`}${shift === 0 ? '' : ` >> ${shift}`}`;
  const words = constants.map((constant): Expression => {
    const shown =
      family === undefined || constant.kind === 'anything' ? undefined : formatRange(addressRangeOf(constant, family));
    return shown === undefined ? constant : { kind: 'word', text: shown, quoted: false };
  });
  return otherMatch(selector, { text, guard: presence(part), volatile: false }, operator, words, context);
}

function comparedPart(
  part: KeyPart,
  operator: Operator,
  constants: readonly Expression[],
  context: ChainContext,
): Match {
  const { subject, computation } = part;
  switch (subject.kind) {
    case 'number':
      return numberMatch(subject, computation, operator, constants);
    case 'quantity':
      return quantityMatch(subject, computation, operator, constants);
    case 'address':
      return addressMatch(subject, computation, operator, constants);
    case 'interface':
      if (computation !== undefined) throw new NotUnderstood('it computes with a name');
      return interfaceMatch(subject.side, part.selector, operator, constants, context);
    case 'other':
      if (computation !== undefined) throw new NotUnderstood('it computes with a field that is not understood');
      return otherMatch(part.selector, subject, operator, constants, context);
    case 'absent':
      return nothing;
  }
}

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
  const wanted = constants.map((constant) => rangeOf(constant, wide(datatype, computation)));
  if (operator === 'in' || operator === '!') {
    // Any of the bits, or none.
    if (computation !== undefined && (computation.flip !== 0n || computation.shift > 0)) {
      throw new NotUnderstood('it asks for bits of what it computes');
    }
    const bits = BigInt(wanted.reduce((sum, range) => (sum | only([range])) >>> 0, 0));
    const keep = computation === undefined ? bits : bits & computation.keep;
    return { keep, ranges: operator === 'in' ? [{ first: 1, last: highest }] : [single(0)] };
  }
  const ranges = compared(operator, wanted, highest);
  if (computation === undefined) return { ranges };
  const intervals = beforeFlip(beforeShift(toIntervals(ranges), computation.shift), computation.flip);
  return { keep: computation.keep, ranges: toRanges(clipped(intervals)) };
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
  return 2 ** (32 - Math.clz32(datatype.max)) - 1;
}

function numberMatch(
  { datatype, match }: Extract<Subject, { kind: 'number' }>,
  computation: Computation | undefined,
  operator: Operator,
  constants: readonly Expression[],
): Match {
  const highest = highestOf(datatype);
  const { keep, ranges } = comparison(datatype, highest, operator, constants, computation);
  if (keep === undefined) return match(ranges);
  const bits = 32 - Math.clz32(datatype.max);
  return match(toRanges(beforeMask(toIntervals(ranges), keep & BigInt(highest), bits)));
}

function quantityMatch(
  { datatype, quantity: name, guard }: Extract<Subject, { kind: 'quantity' }>,
  computation: Computation | undefined,
  operator: Operator,
  constants: readonly Expression[],
): Match {
  const highest = highestOf(datatype);
  const { keep, ranges } = comparison(datatype, highest, operator, constants, computation);
  const mask = keep === undefined ? highest : Number(keep & BigInt(highest));
  return all(guard, quantity(name, mask, ...ranges));
}

function compared(operator: '==' | '!=' | '<' | '<=' | '>' | '>=', wanted: readonly Range[], highest: number): Range[] {
  switch (operator) {
    case '==':
      return [...wanted];
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

function addressMatch(
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
  if (computation.shift > 0) throw new NotUnderstood('it shifts an address');
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
  const whole = wholeFamily(family);
  switch (operator) {
    case '==':
      return wanted;
    case '!=':
      return AddressSet.of([whole]).subtract(AddressSet.of(wanted)).ranges();
    case '<':
      return cut(whole.first, onlyAddress(wanted) - 1n);
    case '<=':
      return cut(whole.first, onlyAddress(wanted));
    case '>':
      return cut(onlyAddress(wanted) + 1n, whole.last);
    case '>=':
      return cut(onlyAddress(wanted), whole.last);
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

function interfaceMatch(
  side: 'in' | 'out',
  selector: Selector,
  operator: Operator,
  constants: readonly Expression[],
  context: ChainContext,
): Match {
  const byNumber = selector.kind === 'meta' && (selector.key === 'iif' || selector.key === 'oif');
  if (byNumber && constants.some((constant) => constant.kind === 'number')) {
    // The number of an interface says nothing without the machine that gave it.
    return otherMatch(
      selector,
      { text: `meta ${selector.key}`, guard: everything, volatile: false },
      operator,
      constants,
      context,
    );
  }
  const names = constants.map((constant) =>
    constant.kind === 'anything' ? { name: '', wildcard: true } : interfaceOf(constant),
  );
  const known = interfaceKnown(side, context.entries);
  if (known === 'either') throw new NotUnderstood('packets come here both before and after their way out is known');
  const nameless = names.some(({ name, wildcard }) => wildcard && name === '') ? everything : nothing;
  const match = known === 'no' ? nameless : interfaces(side, ...names);
  switch (operator) {
    case '==':
      return match;
    case '!=':
      return not(match); // a missing interface compares as the empty name and breaks nothing
    default:
      throw new NotUnderstood('it compares names by their order');
  }
}

/** A comparison that is known by its text alone; `exists` and `missing` are each other's opposite. */
function otherMatch(
  selector: Selector,
  { text, guard, volatile }: Pick<Extract<Subject, { kind: 'other' }>, 'text' | 'guard' | 'volatile'>,
  operator: Operator,
  constants: readonly Expression[],
  context: ChainContext,
): Match {
  const { unknowns } = context.program;
  const truth = operator === '==' || operator === '!=' ? existence(selector, constants) : undefined;
  if (truth !== undefined) {
    const exists = unknowns.property(`${text} exists`);
    return all(guard, truth === (operator === '==') ? exists : not(exists));
  }
  const right = constants.map((constant) => plainText(constant, wordsOf(selector))).sort();
  const sign = operator === '==' || operator === 'in' ? '' : `${operator} `;
  const full = `${text} ${sign}${right.length === 1 ? right[0] : `{ ${right.join(', ')} }`}`;
  return all(guard, volatile ? unknowns.occurrence(full, context) : unknowns.property(full));
}

/** Whether a comparison asks if something is there (`true`) or missing (`false`). nft -n writes 1 and 0. */
function existence(selector: Selector, constants: readonly Expression[]): boolean | undefined {
  const [constant] = constants;
  if (constants.length !== 1 || constant === undefined) return undefined;
  const text = plainText(constant);
  if (text === 'exists' || text === 'missing') return text === 'exists';
  const isRoute = selector.kind === 'fib';
  const isPresence = (selector.kind === 'option' && selector.field === undefined) || selector.kind === 'socket';
  if (isRoute) return text === '0' ? false : undefined;
  return isPresence && (text === '0' || text === '1') ? text === '1' : undefined;
}

/** What an element of a set or map asks of the packet, part by part. */
export function elementMatch(parts: readonly KeyPart[], key: Expression, context: ChainContext): Match {
  if (key.kind === 'anything') return all(...parts.map(presence));
  const values = key.kind === 'concat' ? key.parts : [key];
  if (values.length !== parts.length) throw new NotUnderstood('an element has not as many parts as its key');
  const matches = parts.map((part, index) => partMatch(part, '==', [values[index]!], context));
  if (!parts.some(({ selector }) => portSubject(selector) !== undefined) || !matches.some(asksForPorts))
    return all(...matches);
  return all(...withPorts(parts).map((part, index) => partMatch(part, '==', [values[index]!], context)));
}

/** Tuples of which any must be there, or none. */
export function tupleMatch(
  parts: readonly KeyPart[],
  operator: Operator,
  keys: readonly Expression[],
  context: ChainContext,
): Match {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) {
    return keys.some((key) => key.kind === 'anything') && operator === '!='
      ? nothing
      : partMatch(only, operator, keys, context);
  }
  const tuples = any(...keys.map((key) => elementMatch(parts, key, context)));
  switch (operator) {
    case '==':
      return tuples;
    case '!=':
      return all(...parts.map(presence), not(tuples));
    default:
      throw new NotUnderstood('it compares tuples by their order');
  }
}
