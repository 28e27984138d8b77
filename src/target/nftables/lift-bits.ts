import { NotUnderstood } from '../netfilter/not-understood.ts';
import type { Expression, Selector } from './ast.ts';
import { isSelector } from './fields.ts';

/** What is computed from a value before it is compared: `((value & keep) ^ flip) >> shift`, of any width. */
export interface Computation {
  readonly keep: bigint;
  readonly flip: bigint;
  readonly shift: number; // bits to the right
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
  const before = inner.computation ?? { keep: ALL, flip: 0n, shift: 0 };
  if (before.shift > 0) throw new NotUnderstood('it computes with a value that is shifted');
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
      return { ...inner, computation: { ...before, shift: Number(operand) } };
    case '<<':
      throw new NotUnderstood('it shifts a value to the left');
  }
}
