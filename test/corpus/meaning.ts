import assert from 'node:assert/strict';
import { type Action, all, field, type Match, type Rule, type Ruleset, type Table } from '../../src/ir/index.ts';
import { HeaderSpace, type PacketSet } from '../../src/packetset/index.ts';
import { denote, packetsOf } from '../../src/semantics/index.ts';
import type { SourceFile } from '../../src/source/index.ts';
import { nftablesTarget } from '../../src/target/nftables/index.ts';
import type { Lifted } from '../../src/target/target.ts';
import { includeBeside } from './read.ts';

/** What our reader makes of a text, without any complaint. */
export function meaningOf(file: SourceFile): Ruleset {
  return liftedFrom(file).ruleset;
}

/** As `meaningOf`, with what is not understood. */
export function liftedFrom(file: SourceFile): Lifted {
  const { ast, diagnostics } = nftablesTarget.parse([file], includeBeside);
  const problems = diagnostics.filter(({ severity }) => severity !== 'info');
  assert.deepEqual(
    problems.map(({ message, span }) => `${span?.file.lineText(span.file.positionAt(span.start).line)}: ${message}`),
    [],
  );
  assert.ok(ast !== undefined);
  return nftablesTarget.lift(ast);
}

/** A way in which two rulesets differ. */
export interface Difference {
  readonly what: string;
  readonly rule?: Rule; // of the expected ruleset, where it is one rule that differs
  readonly isWider?: boolean; // the other rule does the same with more packets
}

/** Two rulesets mean the same: in each rule, which earlier rules may hide, and altogether. */
export function assertSameMeaning(actual: Ruleset, expected: Ruleset, what: string): void {
  for (const difference of differences(actual, expected)) assert.fail(`${what}: ${difference.what}`);
}

/** In the order of the chains; what becomes of packets in the end is compared where the rules are the same. */
export function* differences(actual: Ruleset, expected: Ruleset): Generator<Difference> {
  const [shape, expectedShape] = [shapeOf(actual), shapeOf(expected)];
  if (shape !== expectedShape) {
    yield { what: `${shape} / ${expectedShape}` };
    return;
  }
  const space = new HeaderSpace();
  let isSame = true;
  for (const [t, table] of expected.tables.entries()) {
    for (const [c, chain] of table.chains.entries()) {
      const own = actual.tables[t]!.chains[c]!.rules;
      for (const [index, rule] of chain.rules.entries()) {
        const found = differenceOf(space, table, own[index]!, rule);
        if (found === undefined) continue;
        isSame = false;
        yield { ...found, what: `${table.name} ${chain.name}: ${found.what}`, rule };
      }
    }
  }
  if (!isSame) return;
  const [a, b] = [denote(space, actual), denote(space, expected)];
  for (const verdict of ['accept', 'drop', 'reject'] as const)
    if (!a[verdict].equals(b[verdict])) yield { what: verdict };
}

function differenceOf(space: HeaderSpace, table: Table, actual: Rule, expected: Rule): Difference | undefined {
  const [outlined, wanted] = [outline(actual), outline(expected)];
  if (outlined !== wanted) return { what: `${outlined} / ${wanted}` };
  const here = field('family', ...table.families); // of others, no packet comes to the table
  const packets = (match: Match): PacketSet => packetsOf(space, all(here, match));
  const same = (a: Match, b: Match): boolean => packets(a).equals(packets(b));
  // What a lookup needs may be asked for before it, or in each of its elements.
  const [cases, others] = [casesOf(actual), casesOf(expected)];
  if (others.length === 0 && !same(actual.match, expected.match))
    return {
      what: `${actual.origin.text} / ${expected.origin.text}`,
      isWider: packets(actual.match).contains(packets(expected.match)),
    };
  const missing = others.find(
    (each) =>
      !cases.some((other) => outlineOf(other.action) === outlineOf(each.action) && same(other.match, each.match)),
  );
  return missing === undefined ? undefined : { what: `${expected.origin.text}, ${missing.origin?.text}` };
}

function shapeOf({ tables }: Ruleset): string {
  return JSON.stringify(
    tables.map(({ name, families, chains }) => [
      name,
      families,
      chains.map((chain) => [chain.name, chain.base, chain.rules.length]),
    ]),
  );
}

function casesOf({ match, action }: Rule) {
  return action.kind === 'dispatch' ? action.cases.map((each) => ({ ...each, match: all(match, each.match) })) : [];
}

function outline(rule: Rule): string {
  return `${JSON.stringify(rule.effects ?? [], (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))} ${outlineOf(rule.action)}`;
}

function outlineOf(action: Action): string {
  return action.kind === 'dispatch' ? `dispatch to ${action.cases.length}` : JSON.stringify(action);
}
