import { NotUnderstood } from '../netfilter/not-understood.ts';
import type { Expression, Selector } from './ast.ts';
import { isSelector } from './fields.ts';

/** What is computed from a value before it is compared: `(value & keep) ^ flip`, of any width. */
export interface Computation {
  readonly keep: bigint;
  readonly flip: bigint;
}

/** A selector with what is computed from it; `undefined` where that is nothing. */
export interface ComputedSelector {
  readonly selector: Selector;
  readonly computation?: Computation;
}

const ALL = (1n << 128n) - 1n;

/** Takes a key's part apart. `constant` reads the operands. */
export function computedSelector(part: Expression, constant: (operand: Expression) => bigint): ComputedSelector {
  if (isSelector(part)) return { selector: part };
  if (part.kind !== 'binary') throw new NotUnderstood('its key is not understood');
  const inner = computedSelector(part.left, constant);
  const before = inner.computation ?? { keep: ALL, flip: 0n };
  const operand = constant(part.right);
  switch (part.operator) {
    case '&':
      return { ...inner, computation: { ...before, keep: before.keep & operand, flip: before.flip & operand } };
    case '|': {
      const rest = ALL ^ operand;
      return { ...inner, computation: { ...before, keep: before.keep & rest, flip: (before.flip & rest) | operand } };
    }
    case '^':
      return { ...inner, computation: { ...before, flip: before.flip ^ operand } };
    case '>>':
    case '<<':
      // nft 1.0.6 to 1.1.3 write what it is compared with at another width (`ip ttl >> 4 3` never matches), and list the rule without it.
      throw new NotUnderstood('it shifts a value, which releases of nft compare with bytes that the value has not');
  }
}
