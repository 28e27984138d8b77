import assert from 'node:assert/strict';
import { type Action, all, field, type Rule, type Ruleset } from '../../src/ir/index.ts';
import { HeaderSpace } from '../../src/packetset/index.ts';
import { denote, packetsOf } from '../../src/semantics/index.ts';
import type { SourceFile } from '../../src/source/index.ts';
import { nftablesTarget } from '../../src/target/nftables/index.ts';
import { includeBeside } from './read.ts';

/** What our reader makes of a text, without any complaint. */
export function meaningOf(file: SourceFile): Ruleset {
  const { ast, diagnostics } = nftablesTarget.parse([file], includeBeside);
  const problems = diagnostics.filter(({ severity }) => severity !== 'info');
  assert.deepEqual(
    problems.map(({ message, span }) => `${span?.file.lineText(span.file.positionAt(span.start).line)}: ${message}`),
    [],
  );
  assert.ok(ast !== undefined);
  return nftablesTarget.lift(ast).ruleset;
}

/** Two rulesets mean the same: in each rule, which earlier rules may hide, and altogether. */
export function assertSameMeaning(actual: Ruleset, expected: Ruleset, what: string): void {
  const space = new HeaderSpace();
  assert.deepEqual(
    actual.tables.map(({ name, families, chains }) => [
      name,
      families,
      chains.map((chain) => [chain.name, chain.base]),
    ]),
    expected.tables.map(({ name, families, chains }) => [
      name,
      families,
      chains.map((chain) => [chain.name, chain.base]),
    ]),
    what,
  );
  for (const [t, table] of expected.tables.entries()) {
    for (const [c, chain] of table.chains.entries()) {
      const own = actual.tables[t]!.chains[c]!.rules;
      const place = `${what}: ${table.name} ${chain.name}`;
      assert.deepEqual(own.map(outline), chain.rules.map(outline), place);
      for (const [index, rule] of chain.rules.entries()) {
        const here = field('family', ...table.families); // of others, no packet comes to the table
        const same = (a: Rule['match'], b: Rule['match']): boolean =>
          packetsOf(space, all(here, a)).equals(packetsOf(space, all(here, b)));
        // What a lookup needs may be asked for before it, or in each of its elements.
        const [cases, others] = [own[index]!, rule].map(casesOf);
        assert.ok(
          others!.length > 0 || same(own[index]!.match, rule.match),
          `${place}: ${own[index]!.origin.text} / ${rule.origin.text}`,
        );
        for (const each of others!) {
          assert.ok(
            cases!.some((other) => outlineOf(other.action) === outlineOf(each.action) && same(other.match, each.match)),
            `${place}: ${rule.origin.text}, ${each.origin?.text}`,
          );
        }
      }
    }
  }
  const [a, b] = [denote(space, actual), denote(space, expected)];
  for (const verdict of ['accept', 'drop', 'reject'] as const)
    assert.ok(a[verdict].equals(b[verdict]), `${what}: ${verdict}`);
}

function casesOf({ match, action }: Rule) {
  return action.kind === 'dispatch' ? action.cases.map((each) => ({ ...each, match: all(match, each.match) })) : [];
}

function outline(rule: Rule): unknown {
  return [rule.effects ?? [], outlineOf(rule.action)];
}

function outlineOf(action: Action): string {
  return action.kind === 'dispatch' ? `dispatch to ${action.cases.length}` : JSON.stringify(action);
}
