import { all, any, anyOf, everything, interfaces, type Match, not, nothing, type Range } from '../../ir/index.ts';
import { formatAddress, formatRange } from '../../net/index.ts';
import { TooManyRanges } from '../netfilter/bits.ts';
import { interfaceKnown } from '../netfilter/entries.ts';
import { NotUnderstood } from '../netfilter/not-understood.ts';
import type { Expression, Operator, Selector } from './ast.ts';
import { wordsOf } from './fields.ts';
import { addressMatch, numberMatch, quantityMatch } from './lift-compare.ts';
import type { ChainContext } from './lift-context.ts';
import { type KeyPart, presence, withPorts } from './lift-key.ts';
import { asksForPorts, portSubject } from './lift-payload.ts';
import { isAbsentElsewhere, optionGuard, type Subject } from './lift-subject.ts';
import { plainText } from './lift-text.ts';
import { addressRangeOf, interfaceOf } from './lift-value.ts';
import { printExpression } from './print-rule.ts';

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
  const { keep, flip } = part.computation ?? { keep: 0n, flip: 0n };
  const width = (1n << BigInt(family === 6 ? 128 : 32)) - 1n;
  const computed = `${printExpression(selector)} & ${value(keep & width)}`;
  const text = `${computed}${flip === 0n ? '' : ` ^ ${value(flip & width)}`}`;
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

function interfaceMatch(
  side: 'in' | 'out',
  selector: Selector,
  operator: Operator,
  constants: readonly Expression[],
  context: ChainContext,
): Match {
  const byNumber = selector.kind === 'meta' && (selector.key === 'iif' || selector.key === 'oif');
  if (byNumber && constants.some(isNumber)) {
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
  if (known === 'either')
    throw new NotUnderstood('packets come here both where that interface is known and where it is not');
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

/** nft takes `iif "8080"` for a number where no interface has that name, and lists it as `iif 8080`. */
function isNumber(constant: Expression): boolean {
  return constant.kind === 'number' || (constant.kind === 'word' && /^\d+$/.test(constant.text));
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
  const asked = operator === '==' || operator === '!=' ? existence(selector, constants) : undefined;
  if (asked !== undefined) {
    const exists = unknowns.property(`${text} exists`);
    const [among, isThere] = isAbsentElsewhere(selector)
      ? [everything, all(optionGuard(selector.header), exists)]
      : [guard, exists];
    const isAsked = any(asked.exists ? isThere : nothing, asked.missing ? not(isThere) : nothing);
    return all(among, operator === '==' ? isAsked : not(isAsked));
  }
  const right = constants.map((constant) => plainText(constant, wordsOf(selector))).sort();
  const sign = operator === '==' || operator === 'in' ? '' : `${operator} `;
  const full = `${text} ${sign}${right.length === 1 ? right[0] : `{ ${right.join(', ')} }`}`;
  return all(guard, volatile ? unknowns.occurrence(full, context) : unknowns.property(full));
}

interface Existence {
  readonly exists: boolean;
  readonly missing: boolean;
}

/** What a comparison asks that something be; `undefined` where it asks for more. nft -n writes 1 and 0, and so the kernel compares. */
function existence(selector: Selector, constants: readonly Expression[]): Existence | undefined {
  const [first] = constants;
  const word = first === undefined || constants.length > 1 ? undefined : plainText(first);
  if (word === 'exists' || word === 'missing') return { exists: word === 'exists', missing: word === 'missing' };
  // What a route leads to has a number of its own, but for 0.
  if (selector.kind === 'fib') return word === '0' ? { exists: false, missing: true } : undefined;
  if (!isPresence(selector)) return undefined;
  const ranges = constants.map((constant) => presenceRange(constant));
  if (ranges.includes(undefined)) return undefined;
  const holds = (value: number): boolean =>
    ranges.some((range) => range !== undefined && range.first <= value && value <= range.last);
  return { exists: holds(1), missing: holds(0) };
}

/** Whether nothing but presence can be asked of it. */
function isPresence(selector: Selector): boolean {
  return selector.kind === 'option'
    ? selector.field === undefined
    : selector.kind === 'socket' && (selector.key === 'transparent' || selector.key === 'wildcard');
}

function presenceRange(constant: Expression): Range | undefined {
  switch (constant.kind) {
    case 'number':
      return { first: constant.value, last: constant.value };
    case 'word':
      return constant.text === 'exists'
        ? { first: 1, last: 1 }
        : constant.text === 'missing'
          ? { first: 0, last: 0 }
          : undefined;
    case 'range': {
      const [first, last] = [presenceRange(constant.first), presenceRange(constant.last)];
      return first === undefined || last === undefined ? undefined : { first: first.first, last: last.last };
    }
    case 'anything':
      return { first: 0, last: 1 };
    default:
      return undefined;
  }
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
  if (parts.length === 1) {
    return operator === '!=' && keys.some((key) => key.kind === 'anything')
      ? nothing
      : partMatch(parts[0]!, operator, keys, context);
  }
  const tuples = anyOf(keys.map((key) => elementMatch(parts, key, context)));
  switch (operator) {
    case '==':
      return tuples;
    case '!=':
      return all(...parts.map(presence), not(tuples));
    default:
      throw new NotUnderstood('it compares tuples by their order');
  }
}
