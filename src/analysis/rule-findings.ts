import type { Action, Chain, Flow, Match, Rule, Ruleset, Table, Verdict } from '../ir/index.ts';
import { HeaderSpace, UNWATCHED, type Watcher } from '../packetset/index.ts';
import { evaluate, packetsOf, type RuleFault, ruleFaults } from '../semantics/index.ts';
import type { SourceFile } from '../source/index.ts';

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
export function ruleFindings(ruleset: Ruleset, opaque: readonly Match[], watcher: Watcher = UNWATCHED): RuleFinding[] {
  const space = HeaderSpace.watched(watcher);
  const unclear = space.union(opaque.map((packets) => packetsOf(space, packets)));
  const faults = ruleFaults(space, ruleset).filter(
    (fault) => fault.kind !== 'redundant' || (!isCustomary(fault) && !fault.packets.intersects(unclear)),
  );
  const faulty = new Map(faults.map((fault) => [fault.rule, fault]));
  const written = writtenRules(ruleset);
  return faults.flatMap((fault, index): RuleFinding[] => {
    const { kind, table, chain, rule, by, atEnd, witness: flow } = fault;
    if (kind === 'unreachable') {
      const isToldAlready =
        faults[index - 1]?.chain === chain || (by.length > 0 && by.every((each) => faulty.has(each)));
      return isToldAlready ? [] : [{ kind, table, chain, by }];
    }
    const parts = written.partsOf(rule);
    if (parts[0] !== rule) return []; // nobody wrote it, or it has been told with its first part
    const ofParts = parts.flatMap((each) => faulty.get(each) ?? []);
    if (ofParts.length < parts.length) return [];
    // It may be needed once the rule that makes it redundant is gone.
    if (ofParts.some((each) => each.kind === 'redundant' && each.by.some((rule) => faulty.has(rule)))) return [];
    const witness = flow === undefined ? {} : { witness: { flow, verdict: evaluate(ruleset, flow).verdict } };
    return [{ kind: fault.contradicts ? 'contradicted' : kind, table, chain, rule, by, atEnd, ...witness }];
  });
}

interface WrittenRules {
  readonly count: number;
  /** The rules that stand for one that somebody wrote; none where a reader made the rule up, for what no rule says. */
  readonly partsOf: (rule: Rule) => readonly Rule[];
}

/** The rules of a ruleset as they are written: one of them may have become several, or none. */
export function writtenRules(ruleset: Ruleset): WrittenRules {
  const rules = ruleset.tables.flatMap((table) => table.chains.flatMap((chain) => chain.rules));
  const places = new Map<SourceFile, Map<number, Rule[]>>();
  for (const rule of rules) {
    const { span } = rule.origin;
    if (span === undefined) continue;
    const ofFile = places.get(span.file) ?? new Map<number, Rule[]>();
    places.set(span.file, ofFile.set(span.start, [...(ofFile.get(span.start) ?? []), rule]));
  }
  if (places.size === 0) return { count: rules.length, partsOf: (rule) => [rule] }; // it was never text
  return {
    count: [...places.values()].reduce((sum, ofFile) => sum + ofFile.size, 0),
    partsOf: ({ origin: { span } }) => (span === undefined ? [] : (places.get(span.file)?.get(span.start) ?? [])),
  };
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
