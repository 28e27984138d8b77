import { hasErrors } from '../../../src/diagnostic/index.ts';
import { SourceFile } from '../../../src/source/index.ts';
import { iptablesReader } from '../../../src/target/iptables/index.ts';
import type { Outcome } from './outcome.ts';

/** What our reader makes of each rule of a text that `iptables-save` wrote, in its order. */
export function gradeSaved(text: string): Outcome[] {
  const whole = gradeWhole(text);
  if (whole !== undefined) return whole;
  // One rule spoils the text: each for itself, then, among the same chains.
  const lines = text.split('\n');
  return ruleLines(text).map((at) => {
    const alone = lines.filter((line, index) => index === at || !line.startsWith('-A ')).join('\n');
    return gradeWhole(alone)?.[0] ?? { kind: 'failed', why: firstComplaint(alone) };
  });
}

function gradeWhole(text: string): Outcome[] | undefined {
  const file = new SourceFile('saved', text);
  try {
    const { ast, diagnostics } = iptablesReader.parse([file]);
    if (ast === undefined || hasErrors(diagnostics)) return undefined;
    const { ruleset, opaque } = iptablesReader.lift(ast);
    const lineOf = (start: number): number => file.positionAt(start).line - 1;
    const opaqueLines = new Set(opaque.map(({ span }) => lineOf(span.start)));
    const meantLines = new Set(
      ruleset.tables
        .flatMap(({ chains }) => chains.flatMap(({ rules }) => rules.flatMap(({ origin }) => origin.span ?? [])))
        .map(({ start }) => lineOf(start)),
    );
    return ruleLines(text).map((at) => {
      if (opaqueLines.has(at)) return { kind: 'opaque' };
      return meantLines.has(at) ? { kind: 'meaning' } : { kind: 'failed', why: 'the rule is in neither' };
    });
  } catch {
    return undefined;
  }
}

function ruleLines(text: string): number[] {
  return text.split('\n').flatMap((line, index) => (line.startsWith('-A ') ? [index] : []));
}

function firstComplaint(text: string): string {
  try {
    const { ast, diagnostics } = iptablesReader.parse([new SourceFile('saved', text)]);
    if (ast !== undefined) iptablesReader.lift(ast);
    return diagnostics.find((each) => hasErrors([each]))?.message ?? 'no complaint';
  } catch (error) {
    return `crashed: ${error instanceof Error ? error.message : String(error)}`;
  }
}
