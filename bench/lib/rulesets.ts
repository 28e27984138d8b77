import { hasErrors } from '../../src/diagnostic/index.ts';
import type { Ruleset } from '../../src/ir/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { nftables } from './program.ts';

/** An nftables ruleset as the program reads it. @throws Error where a part is not understood: a bench must not measure less than it says. */
export function readRuleset(text: string): Ruleset {
  const { ast, diagnostics } = nftables.parse([new SourceFile('bench.nft', text)]);
  if (ast === undefined || hasErrors(diagnostics)) throw new Error(diagnostics[0]?.message ?? 'unreadable');
  const { ruleset, opaque } = nftables.lift(ast);
  if (opaque.length > 0) throw new Error(`not understood: ${opaque[0]!.text}`);
  return ruleset;
}

/** The tables that filter only: other representations of packet sets know no changes of packets. */
export function filterOnly(ruleset: Ruleset): Ruleset {
  return {
    ...ruleset,
    tables: ruleset.tables.filter((table) =>
      table.chains.every((chain) => chain.rules.every((rule) => rule.effects === undefined)),
    ),
  };
}
