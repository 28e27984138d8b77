import type { Diagnostic } from '../../diagnostic/index.ts';
import type { SourceFile } from '../../source/index.ts';
import type { Command, Program } from './ast.ts';
import { BlockReader, diagnoseStray, type Includer } from './parse-block.ts';
import { parseCommand } from './parse-command.ts';
import { tokenize } from './token.ts';
import { TokenStream } from './token-stream.ts';

/** nft's text. A program comes with no error or not at all: a rule that was not understood must not be missing silently. */
export function parseText(
  file: SourceFile,
  includer?: Includer,
): {
  readonly program: Program | undefined;
  readonly diagnostics: readonly Diagnostic[];
} {
  const stream = new TokenStream(tokenize(file));
  const reader = new BlockReader(stream, includer);
  const commands: Command[] = [];
  stream.skipSeparators();
  while (stream.peek().kind !== 'end') {
    reader.statement(() => {
      const command = parseCommand(reader);
      if (command !== undefined) commands.push(command);
    });
    if (stream.is('}')) reader.problem(diagnoseStray(stream.take().span));
    stream.skipSeparators();
  }
  const { diagnostics } = reader;
  return { program: diagnostics.length === 0 ? { commands } : undefined, diagnostics };
}
