import type { Action, DispatchCase } from '../../ir/index.ts';
import { NotUnderstood } from '../netfilter/not-understood.ts';
import type * as nft from './ast.ts';

/** Whether a statement does anything to a packet: a limit before a mere log changes no verdict. */
export function acts(statement: nft.Statement): boolean {
  switch (statement.kind) {
    case 'counter':
    case 'counter-object':
    case 'log':
      return false;
    case 'other':
      return statement.effect !== 'none';
    default:
      return true;
  }
}

const ACCEPT = { kind: 'verdict', verdict: 'accept' } as const;
const DROP = { kind: 'verdict', verdict: 'drop' } as const;

export function verdictAction(verdict: nft.VerdictExpression): Exclude<Action, { kind: 'dispatch' }> {
  switch (verdict.kind) {
    case 'accept':
      return ACCEPT;
    case 'drop':
      return DROP;
    case 'jump':
    case 'goto':
      return { kind: verdict.kind, chain: verdict.chain };
    case 'return':
    case 'continue':
      return { kind: verdict.kind };
  }
}

export function elementVerdict(element: nft.Element): DispatchCase['action'] {
  if (element.data?.kind !== 'verdict') throw new NotUnderstood('an element of a verdict map has no verdict');
  return verdictAction(element.data.verdict);
}
