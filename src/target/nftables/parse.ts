import { type Diagnostic, diagnose, excerpt } from '../../diagnostic/index.ts';
import type { SourceFile } from '../../source/index.ts';
import type { Command, Program } from './ast.ts';
import { BlockReader, diagnoseStray, type Includer } from './parse-block.ts';
import { parseCommand } from './parse-command.ts';
import { NFTABLES_PROBLEMS } from './problems.ts';
import { spanOf } from './token.ts';
import { TokenStream } from './token-stream.ts';

/** nft's text. A program comes with no error or not at all: a rule that was not understood must not be missing silently. */
export function parseText(
  file: SourceFile,
  includer?: Includer,
): {
  readonly program: Program | undefined;
  readonly diagnostics: readonly Diagnostic[];
} {
  const stream = new TokenStream(file);
  const reader = new BlockReader(stream, includer);
  const commands: Command[] = [];
  stream.skipSeparators();
  const begin = stream.peek().start;
  while (stream.peek().kind !== 'end') {
    reader.statement(() => {
      const command = parseCommand(reader);
      if (command !== undefined) commands.push(command);
    });
    if (stream.is('}')) reader.problem(diagnoseStray(spanOf(stream.take())));
    stream.skipSeparators();
  }
  const diagnostics = commands.length === 0 ? withoutFlood(reader.diagnostics, begin) : reader.diagnostics;
  return { program: diagnostics.length === 0 ? { commands } : undefined, diagnostics };
}

/** Of a text of which nothing is nft, the first line says it: a log of a thousand lines would be a thousand mistakes. */
function withoutFlood(diagnostics: readonly Diagnostic[], begin: number): readonly Diagnostic[] {
  const [first, ...others] = diagnostics;
  if (first?.span?.start !== begin || others.length === 0) return diagnostics;
  const { file, start } = first.span;
  const line = file.lineText(file.positionAt(start).line).trim();
  return [diagnose(NFTABLES_PROBLEMS.notNftables, first.span, file.name, excerpt(line, 60))];
}
