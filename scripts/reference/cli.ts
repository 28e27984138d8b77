import { existsSync } from 'node:fs';
import pico from 'picocolors';
import { COMMANDS } from '../../src/cli/commands/index.ts';
import { type Console, EXIT } from '../../src/cli/console.ts';
import { run } from '../../src/cli/program.ts';

/** docs/reference/cli.md: the help of every command, as the program itself prints it. */
export async function cliReference(): Promise<string> {
  const parts = [INTRODUCTION, block(await helpOf([])), EXIT_CODES];
  for (const { name } of COMMANDS) {
    parts.push(`## portcullis ${name}`, block(await helpOf([name])));
    const schemas = [name, `${name}-line`].filter((each) =>
      existsSync(new URL(`../../schema/${each}.json`, import.meta.url)),
    );
    if (schemas.length > 0)
      parts.push(`Its JSON: ${schemas.map((each) => `[${each}.json](../../schema/${each}.json)`).join(', ')}.`);
  }
  return `${parts.join('\n\n')}\n`;
}

const INTRODUCTION = `<!-- Written by \`npm run reference\`. -->
# Commands`;

const EXIT_CODES = `With \`--json\` a command prints exactly one document on standard output, in the shape of its schema; where it could
not do its work, that of [failure.json](../../schema/failure.json). Everything else goes to standard error. A policy
that is not named is \`portcullis.yaml\` in the current folder; \`-\` is standard input.

| Exit code | Means |
|---|---|
| ${EXIT.holds} | done, or everything asked holds |
| ${EXIT.findings} | findings, differences or failed tests |
| ${EXIT.unusable} | input or arguments that cannot be used |
| ${EXIT.refused} | refused for safety |
| ${EXIT.machine} | the machine said no: the kernel, permissions, a missing tool, or a fault of the program |
| ${EXIT.interrupted} | interrupted by Ctrl-C; no file was changed |

\`NO_COLOR\` and \`FORCE_COLOR\` are honoured. \`PORTCULLIS_DEBUG=1\` shows where a fault of the program happened.`;

function block(text: string): string {
  return `\`\`\`text\n${text.trimEnd()}\n\`\`\``;
}

async function helpOf(command: readonly string[]): Promise<string> {
  let text = '';
  const output = {
    write: (written: string): void => {
      text += written;
    },
    writeBytes: (utf8: Uint8Array): boolean => {
      text += Buffer.from(utf8).toString();
      return true;
    },
    isTerminal: false,
    width: 100,
    colors: pico.createColors(false),
  };
  const console: Console = {
    stdout: output,
    stderr: output,
    readStdin: async () => new Uint8Array(),
    env: {},
    cwd: '/',
    today: '2026-01-01',
    exitCode: EXIT.holds,
  };
  await run([...command, '--help'], console);
  return text;
}
