import type { Expression, Operator } from './ast.ts';
import { leftDatatype } from './fields.ts';

/**
 * The comparison that nft means where a match names none: a bit mask asks for any of the bits, unless it is looked up in a set,
 * lies in a range, or is compared through a mask (`tcp flags & (syn | ack) == syn`); all else is equality.
 */
export function implicitOperator(left: Expression, right: Expression): Operator {
  switch (right.kind) {
    case 'set':
    case 'set-reference':
    case 'range':
      return '==';
    default:
      if (left.kind === 'binary') return '==';
  }
  return leftDatatype(left)?.kind === 'bitmask' ? 'in' : '==';
}
