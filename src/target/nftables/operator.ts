import type { Expression, Operator } from './ast.ts';
import { leftDatatype } from './fields.ts';

/**
 * The comparison that nft means where a match names none: a bit mask asks for any of the bits, unless it is looked up in a set,
 * lies in a range, or is compared through a mask (`tcp flags & (syn | ack) == syn`); all else is equality. A set of one may be taken for its
 * value: `membership` tells more.
 */
export function implicitOperator(left: Expression, right: Expression): Operator {
  switch (right.kind) {
    case 'set': {
      const [only, ...others] = right.elements;
      return only === undefined || others.length > 0 ? '==' : implicitOperator(left, only.key);
    }
    case 'anything':
    case 'set-reference':
    case 'range':
      return '==';
    default:
      if (left.kind === 'binary') return '==';
  }
  return leftDatatype(left)?.kind === 'bitmask' ? 'in' : '==';
}
