import type { Action, Chain, Flow, Match, Rule, Ruleset, Table, Verdict } from '../ir/index.ts';
import { HeaderSpace } from '../packetset/index.ts';
import { evaluate, packetsOf, type RuleFault, ruleFaults } from '../semantics/index.ts';

/** Something in a ruleset that has no effect, as it is worth telling: what follows from another finding is left out. */
export type RuleFinding =
  | {
      readonly kind: 'contradicted' | 'shadowed' | 'redundant' | 'impossible';
      readonly table: Table;
      readonly chain: Chain;
      readonly rule: Rule;
      readonly by: readonly Rule[]; // that make it so, a few of them
      readonly atEnd: boolean; // redundant: by the end of the chain, too
      readonly witness?: Witness;
    }
  | {
      readonly kind: 'unreachable';
      readonly table: Table;
      readonly chain: Chain; // as a whole
      readonly by: readonly Rule[]; // that lead there, though no packet comes; none: nothing does
    };

/** A packet that shows it, and what becomes of it. */
export interface Witness {
  readonly flow: Flow;
  readonly verdict: Verdict;
}

/** @param opaque the packets that rules which were not understood may decide: about these nothing is called redundant */
export function ruleFindings(ruleset: Ruleset, opaque: readonly Match[]): RuleFinding[] {
  const space = new HeaderSpace();
  const unclear = space.union(opaque.map((packets) => packetsOf(space, packets)));
  const faults = ruleFaults(space, ruleset).filter(
    (fault) => fault.kind !== 'redundant' || (!isCustomary(fault) && !fault.packets.intersects(unclear)),
  );
  const faulty = new Set(faults.map(({ rule }) => rule));
  return faults.flatMap((fault, index): RuleFinding[] => {
    const { kind, table, chain, rule, by, atEnd, witness: flow } = fault;
    if (kind === 'unreachable') {
      const isToldAlready =
        faults[index - 1]?.chain === chain || (by.length > 0 && by.every((each) => faulty.has(each)));
      return isToldAlready ? [] : [{ kind, table, chain, by }];
    }
    // It may be needed once the rule that makes it redundant is gone.
    if (kind === 'redundant' && by.some((each) => faulty.has(each))) return [];
    const witness = flow === undefined ? {} : { witness: { flow, verdict: evaluate(ruleset, flow).verdict } };
    return [{ kind: fault.contradicts ? 'contradicted' : kind, table, chain, rule, by, atEnd, ...witness }];
  });
}

/** What people and programs write on purpose. */
function isCustomary({ table, chain, rule, index, by }: RuleFault): boolean {
  const { action, match } = rule;
  // A last `return`, and a last word that says aloud, often counting or logging, what the chain's end does anyway.
  const isLast = index === chain.rules.length - 1;
  if (isLast && (action.kind === 'return' || (action.kind === 'verdict' && match.kind === 'everything'))) return true;
  // Two rejects may tell the sender different things.
  if (action.kind === 'verdict' && action.verdict === 'reject' && by.length > 0) return true;
  // Jumps to chains that are kept for others to fill.
  return !givesVerdict(table, action);
}

function givesVerdict(table: Table, action: Action): boolean {
  switch (action.kind) {
    case 'verdict':
    case 'return':
      return true;
    case 'continue':
      return false;
    case 'jump':
    case 'goto': {
      const called = table.chains.find(({ name }) => name === action.chain);
      return called?.rules.some((rule) => rule.action.kind !== 'return' && givesVerdict(table, rule.action)) ?? false;
    }
    case 'dispatch':
      return action.cases.some((each) => givesVerdict(table, each.action));
  }
}
