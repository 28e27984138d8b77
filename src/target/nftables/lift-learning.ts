import type * as nft from './ast.ts';
import { amountInLargestUnit, inLargestUnits } from './byte-unit.ts';
import type { SetLearning } from './lift-context.ts';
import { type ChainFacts, statementCalls, tableFacts } from './lift-facts.ts';
import { printLimit } from './print-rule.ts';

/** The sets that rules of a table change while packets pass, with where they do. */
export function learntSets(table: nft.Table): ReadonlyMap<string, SetLearning> {
  const { chains: facts } = tableFacts(table);
  const learning = table.chains.filter(({ name }) => facts.get(name)?.learns === true);
  if (learning.length === 0) return new Map();
  const direct = new Map<string, Map<string, number[]>>(); // set -> chain -> positions
  const shrinking = new Set<string>();
  const counts = new Map<string, Set<string>>(); // set -> how its elements count, by rule
  for (const chain of learning) {
    for (const [index, rule] of chain.rules.entries()) {
      for (const statement of rule.statements) {
        if (statement.kind !== 'set-update') continue;
        note(direct, statement.set, chain.name, index);
        if (statement.operation === 'delete') shrinking.add(statement.set);
        else counts.set(statement.set, (counts.get(statement.set) ?? new Set()).add(countingOf(statement.statements)));
      }
    }
  }
  for (const [set, chains] of direct) {
    const changing = callersOf(new Set(chains.keys()), facts);
    for (const chain of table.chains) {
      for (const [index, rule] of chain.rules.entries()) {
        if (rule.statements.some((each) => statementCalls(each, table).some((name) => changing.has(name))))
          note(direct, set, chain.name, index);
      }
    }
  }
  return new Map(
    [...direct].map(([set, changes]) => [
      set,
      { changes, shrinks: shrinking.has(set), countsDiffer: (counts.get(set)?.size ?? 0) > 1 },
    ]),
  );
}

/** What of a rule's statements can break it, as text; counters never do. */
function countingOf(statements: readonly nft.Statement[]): string {
  return statements.flatMap(countingText).join();
}

function countingText(statement: nft.Statement): readonly string[] {
  switch (statement.kind) {
    case 'limit':
      return [printLimit(inLargestUnits(statement))];
    case 'quota':
      return [`quota ${statement.over} ${amountInLargestUnit(statement.amount)}`];
    case 'ct-count':
      return [`ct count ${statement.over} ${statement.amount}`];
    default:
      return [];
  }
}

function note(sets: Map<string, Map<string, number[]>>, set: string, chain: string, position: number): void {
  let chains = sets.get(set);
  if (chains === undefined) {
    chains = new Map();
    sets.set(set, chains);
  }
  const positions = chains.get(chain);
  if (positions === undefined) chains.set(chain, [position]);
  else positions.push(position);
}

/** Chains that are among these, or lead to one of them. */
function callersOf(chains: ReadonlySet<string>, facts: ReadonlyMap<string, ChainFacts>): ReadonlySet<string> {
  const found = new Set(chains);
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const [caller, { calls }] of facts) if ([...calls].some((name) => found.has(name))) found.add(caller);
  }
  return found;
}
