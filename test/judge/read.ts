import { type Diagnostic, hasErrors } from '../../src/diagnostic/index.ts';
import { type Match, type Rule, type Ruleset, symbolKey } from '../../src/ir/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import type { Lifted } from '../../src/target/index.ts';
import { nftablesTarget } from '../../src/target/nftables/index.ts';
import { whenHolds } from './unknowns.ts';

/** What our reader makes of a ruleset: its meaning with what is left open in it, or what it cannot read at all. */
export type Reading = Understood | { readonly kind: 'refused'; readonly constructs: readonly string[] };

export interface Understood {
  readonly kind: 'understood';
  readonly ruleset: Ruleset;
  readonly unknown: ReadonlySet<string>; // keys of symbols that nobody knows, here either
  readonly notUnderstood: ReadonlySet<string>; // texts of rules that are not understood altogether
  readonly doubts: readonly string[]; // both, for people
}

export function readRuleset(name: string, text: string): Reading {
  const { ast, diagnostics } = nftablesTarget.parse([new SourceFile(name, text)]);
  if (ast === undefined || hasErrors(diagnostics))
    return { kind: 'refused', constructs: diagnostics.map(diagnosticText) };
  return understood(nftablesTarget.lift(ast));
}

/** A meaning with what is left open in it. */
export function understood({ ruleset, opaque }: Lifted): Understood {
  const unknown = unknownConditions(ruleset);
  return {
    kind: 'understood',
    ruleset,
    unknown: new Set(unknown.keys()),
    notUnderstood: new Set(opaque.map((each) => each.text)),
    doubts: [
      ...opaque.map(({ reason, text: rule }) => `${reason}: ${rule}`),
      ...[...unknown.values()].map((condition) => `cannot be known: ${condition}`),
    ],
  };
}

function diagnosticText({ message, span }: Diagnostic): string {
  return span === undefined
    ? message
    : `${message}: ${span.file.lineText(span.file.positionAt(span.start).line).trim()}`;
}

/** The conditions that nobody knows, by their keys. */
function unknownConditions(ruleset: Ruleset): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  visitMatches(ruleset, (match) => {
    if (match.kind !== 'symbol' || match.symbol.kind !== 'unknown') return;
    if (whenHolds(match.symbol.text) === undefined) found.set(symbolKey(match.symbol), match.symbol.text);
  });
  return found;
}

/** Every match of a ruleset and every part of it. */
export function visitMatches(ruleset: Ruleset, visit: (match: Match) => void): void {
  for (const match of matchesOf(ruleset)) visit(match);
}

export function matchesOf(ruleset: Ruleset): readonly Match[] {
  return ruleset.tables.flatMap(({ chains }) => chains.flatMap(({ rules }) => rules.flatMap(ruleMatches)));
}

/** The matches of a rule and of the elements of its map, with all their parts. */
export function ruleMatches({ match, action }: Rule): readonly Match[] {
  return [match, ...(action.kind === 'dispatch' ? action.cases.map((each) => each.match) : [])].flatMap(withParts);
}

function withParts(match: Match): readonly Match[] {
  switch (match.kind) {
    case 'not':
      return [match, ...withParts(match.of)];
    case 'all':
    case 'any':
      return [match, ...match.of.flatMap(withParts)];
    default:
      return [match];
  }
}
