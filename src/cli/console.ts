import type { Colors } from 'picocolors/types.js';
import type { DockerFacts } from '../docker/index.ts';

/**
 * The contract of a command, `src/cli/commands/NAME.ts`:
 *
 *     export function nameCommand(console: Console): Command {
 *       return new Command('name')
 *         .description('what it does, in a sentence')
 *         .option('--json', JSON_OPTION)
 *         .action(async (policy: string | undefined, options: Options) => {
 *           console.exitCode = await runName(console, policy, options);
 *         });
 *     }
 *
 * and one line in `commands/index.ts`. Results go to `console.stdout`, everything else to `console.stderr`. With `--json`
 * standard output holds exactly one document (`writeJson`). What stops a command is thrown as a `Stop` with diagnostics:
 * `main` reports it in the form that was asked for, and the command ends with the Stop's exit code.
 */
export interface Console {
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
  /** All of standard input, as UTF-8. */
  readonly readStdin: () => Promise<Uint8Array>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly today: string; // YYYY-MM-DD in UTC: what expiry dates are held against
  /** What Docker runs on the machine that is meant; `undefined` where nobody knows. */
  readonly containers?: () => DockerFacts | undefined;
  exitCode: ExitCode;
}

export interface TextOutput {
  readonly write: (text: string) => void;
  /** @returns whether they are written already: otherwise nobody may change them */
  readonly writeBytes: (utf8: Uint8Array) => boolean;
  readonly isTerminal: boolean;
  readonly width: number; // columns; 100 where there is no terminal
  readonly colors: Colors; // paints only where colour is wanted
}

/** What a script can hold on to; nothing else is ever returned. */
export const EXIT = {
  holds: 0, // done, or everything asked holds
  findings: 1, // findings, differences or failed tests
  unusable: 2, // input or arguments that cannot be used
  refused: 3, // refused for safety: would lock you out, would cut what you did not confirm
  machine: 4, // the machine said no: kernel, permissions, a missing tool, or a fault of this program
  interrupted: 130, // by Ctrl-C: 128 and the number of SIGINT, as shells have it
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The words of the `--json` option, the same for every command. */
export const JSON_OPTION = 'print one JSON document on standard output, and nothing else there';

/** `NO_COLOR` (no-color.org) and `TERM=dumb` say no, `FORCE_COLOR` says yes, otherwise a terminal gets colour. */
export function wantsColour(env: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '0') return true;
  return isTerminal && env.TERM !== 'dumb';
}

/** One document, one line break at the end; the only thing that a command with `--json` writes to standard output. */
export function writeJson(console: Console, document: object): void {
  console.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
}
