import { type Diagnostic, hasErrors } from '../../src/diagnostic/index.ts';
import type { Match, Ruleset } from '../../src/ir/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { nftablesTarget } from '../../src/target/nftables/index.ts';
import { whenHolds } from './unknowns.ts';

/** What our reader makes of a ruleset: its meaning, or the constructs that it does not understand. */
export type Reading =
  | { readonly kind: 'understood'; readonly ruleset: Ruleset }
  | { readonly kind: 'refused'; readonly constructs: readonly string[] };

export function readRuleset(name: string, text: string): Reading {
  const { ast, diagnostics } = nftablesTarget.parse([new SourceFile(name, text)]);
  if (ast === undefined || hasErrors(diagnostics))
    return { kind: 'refused', constructs: diagnostics.map(diagnosticText) };
  const { ruleset, opaque } = nftablesTarget.lift(ast);
  if (opaque.length > 0)
    return { kind: 'refused', constructs: opaque.map(({ reason, text: rule }) => `${reason}: ${rule}`) };
  const undecided = unknownConditions(ruleset).filter((text) => whenHolds(text) === undefined);
  return undecided.length > 0
    ? { kind: 'refused', constructs: undecided.map((text) => `cannot be known: ${text}`) }
    : { kind: 'understood', ruleset };
}

function diagnosticText({ message, span }: Diagnostic): string {
  return span === undefined
    ? message
    : `${message}: ${span.file.lineText(span.file.positionAt(span.start).line).trim()}`;
}

/** The texts of all conditions that the reader calls unknown. */
export function unknownConditions(ruleset: Ruleset): string[] {
  const found = new Set<string>();
  visitMatches(ruleset, (match) => {
    if (match.kind === 'symbol' && match.symbol.kind === 'unknown') found.add(match.symbol.text);
  });
  return [...found];
}

/** Every match of a ruleset and every part of it. */
export function visitMatches(ruleset: Ruleset, visit: (match: Match) => void): void {
  const walk = (match: Match): void => {
    visit(match);
    if (match.kind === 'not') walk(match.of);
    if (match.kind === 'all' || match.kind === 'any') for (const part of match.of) walk(part);
  };
  for (const table of ruleset.tables) {
    for (const chain of table.chains) {
      for (const rule of chain.rules) {
        walk(rule.match);
        if (rule.action.kind === 'dispatch') for (const each of rule.action.cases) walk(each.match);
      }
    }
  }
}
