import type { Match } from '../../ir/index.ts';
import type { Expression, Selector } from './ast.ts';
import { DATATYPES, type Datatype } from './datatype.ts';
import { isSelector, selectorDatatype } from './fields.ts';
import { type Computation, computedSelector } from './lift-bits.ts';
import type { ChainContext } from './lift-context.ts';
import { asksForPorts, isTransport, portSubject } from './lift-payload.ts';
import { presenceOf, type Subject, subjectOf } from './lift-subject.ts';
import { numberOf } from './lift-value.ts';

/** A part of a key: what is read, and what is computed from it. */
export interface KeyPart {
  readonly selector: Selector;
  readonly subject: Subject;
  readonly computation?: Computation;
}

/** The parts where the packets are known to have ports, if the conditions that they have met say so. */
export function partsUnder(conditions: readonly Match[], parts: readonly KeyPart[]): readonly KeyPart[] {
  const isAffected = parts.some(({ selector }) => isTransport(selector));
  return isAffected && conditions.some(asksForPorts) ? withPorts(parts) : parts;
}

/** The same parts where it is known that the packet has ports. */
export function withPorts(parts: readonly KeyPart[]): readonly KeyPart[] {
  return parts.map((part) => ({ ...part, subject: portSubject(part.selector) ?? part.subject }));
}

/** The parts of a key, in order. */
export function keyParts(key: Expression, context: ChainContext): KeyPart[] {
  return key.kind === 'concat' ? key.parts.map((part) => keyPart(part, context)) : [keyPart(key, context)];
}

function keyPart(part: Expression, context: ChainContext): KeyPart {
  if (isSelector(part)) return { selector: part, subject: subjectOf(part, context) };
  const { selector, computation } = computedSelector(part, (operand) => operandValue(operand, part));
  const subject = subjectOf(selector, context);
  return { selector, subject, ...(computation === undefined ? {} : { computation }) };
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
  return presenceOf(subject);
}
