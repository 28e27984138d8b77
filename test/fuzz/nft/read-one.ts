import { escapeControls, hasErrors, renderDiagnostic } from '../../../src/diagnostic/index.ts';
import type { Ruleset } from '../../../src/ir/index.ts';
import { DiagramTooLarge, HeaderSpace } from '../../../src/packetset/index.ts';
import { denote } from '../../../src/semantics/index.ts';
import { SourceFile } from '../../../src/source/index.ts';
import { type Includer, nftablesTarget, type Program } from '../../../src/target/nftables/index.ts';
import { finalProgram } from '../../../src/target/nftables/program.ts';
import { includeBeside } from '../../corpus/read.ts';

/** Reads a ruleset as a command would. @throws Error where anything is not as it must be, whatever the bytes. */
export function readOne(input: string): 'refused' | 'read' | 'opaque' | 'too large' {
  const file = new SourceFile('input', input);
  const { ast, diagnostics } = nftablesTarget.parse([file], includeParts);
  for (const diagnostic of diagnostics) {
    const text = renderDiagnostic(diagnostic);
    if (text.split('\n').some((line) => escapeControls(line) !== line))
      throw new Error(`raw control characters: ${text}`);
    const { span } = diagnostic;
    if (span === undefined) throw new Error(`no place: ${text}`);
    if (!(0 <= span.start && span.start <= span.end && span.end <= span.file.text.length)) {
      throw new Error(`a place outside the file: ${span.start}-${span.end}: ${text}`);
    }
  }
  if ((ast !== undefined) === hasErrors(diagnostics))
    throw new Error('a program in spite of errors, or neither of them');
  if (ast === undefined) return 'refused';
  const { ruleset, opaque } = nftablesTarget.lift(ast);
  checkEveryRule(ast, ruleset);
  try {
    denote(new HeaderSpace(), ruleset);
  } catch (error) {
    if (error instanceof DiagramTooLarge) return 'too large';
    throw error;
  }
  return opaque.length > 0 ? 'opaque' : 'read';
}

/** The corpus' own parts, and nothing else of this machine. */
export const includeParts: Includer = (pattern) =>
  pattern.startsWith('parts/') ? includeBeside(pattern, PIECES) : { problem: 'there is no such file' };

const PIECES = new SourceFile(new URL('../../corpus/nft/pieces.nft', import.meta.url).pathname, '');
const DECIDING = ['inet', 'ip', 'ip6', 'netdev'];

/** No rule is left out silently. */
function checkEveryRule(program: Program, ruleset: Ruleset): void {
  const lifted = new Set(
    ruleset.tables.flatMap((table) => table.chains.flatMap((chain) => chain.rules.map((rule) => rule.origin.span))),
  );
  for (const table of finalProgram(program).tables) {
    if (!DECIDING.includes(table.family) || table.dormant === 'yes') continue;
    for (const chain of table.chains) {
      for (const rule of chain.rules) {
        if (!lifted.has(rule.span))
          throw new Error(`a rule of chain ${chain.name} is missing: ${JSON.stringify(rule.statements.length)}`);
      }
    }
  }
}
