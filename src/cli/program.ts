import { Command, CommanderError } from 'commander';
import { DiagramTooLarge, TooManyConditions } from '../packetset/index.ts';
import { COMMANDS, type CommandEntry } from './commands/index.ts';
import { type Console, EXIT } from './console.ts';
import { INTERRUPTED_LINE, Interrupted } from './long-work.ts';
import { CLI_PROBLEMS } from './problems.ts';
import { reportDiagnostics, Stop, stop, writeFailureJson } from './report.ts';
import { programVersion } from './version.ts';

/** Runs one command line (without node and script); never throws, and leaves the result in `console.exitCode`. */
export async function run(args: readonly string[], console: Console): Promise<void> {
  try {
    const program = await buildProgram(console, wantedCommands(args));
    await program.parseAsync(joinArrows(args), { from: 'user' });
  } catch (error) {
    if (error instanceof Interrupted) {
      console.exitCode = EXIT.interrupted;
      console.stderr.write(INTERRUPTED_LINE);
    } else report(console, asStop(error, console), args);
  }
}

/** An unquoted flow, `agent '->' host:22`: its arrow would be taken for an option, so it is joined with its neighbours. */
function joinArrows(args: readonly string[]): string[] {
  const joined: string[] = [];
  for (const [index, arg] of args.entries()) {
    const before = arg === '->' || args[index - 1] === '->' ? joined.pop() : undefined;
    joined.push(before === undefined ? arg : `${before} ${arg}`);
  }
  return joined;
}

/** The whole program with every command loaded: for completion and the reference page. */
export async function wholeProgram(console: Console): Promise<Command> {
  return buildProgram(console, COMMANDS);
}

/** A program in which only `wanted` commands are loaded; the others have their name and summary, for the help. */
async function buildProgram(console: Console, wanted: readonly CommandEntry[]): Promise<Command> {
  const program = new Command('portcullis')
    .description('One default-deny network policy for AI agents, proven, and enforced by every firewall around them.')
    .version(programVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help, or that of a command')
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => console.stdout.write(text),
      writeErr: (text) => console.stderr.write(text),
      outputError: () => undefined, // an error is thrown as well, and `report` words it
      getOutHelpWidth: () => console.stdout.width,
      getErrHelpWidth: () => console.stderr.width,
      getOutHasColors: () => console.stdout.colors.isColorSupported,
      getErrHasColors: () => console.stderr.colors.isColorSupported,
    });
  for (const entry of COMMANDS) {
    const command = wanted.includes(entry) ? (await entry.load())(console) : new Command(entry.name);
    program.addCommand(command.copyInheritedSettings(program).summary(entry.summary));
  }
  return program;
}

function wantedCommands(args: readonly string[]): readonly CommandEntry[] {
  const [first, second] = args.filter((arg) => !arg.startsWith('-'));
  const name = first === 'help' ? second : first;
  return COMMANDS.filter((entry) => entry.name === name);
}

function asStop(error: unknown, console: Console): Stop | undefined {
  if (error instanceof Stop) return error;
  if (error instanceof CommanderError) return usageStop(error);
  if (error instanceof TooManyConditions) return stop(EXIT.machine, CLI_PROBLEMS.tooManyConditions, error.most);
  if (error instanceof DiagramTooLarge) return stop(EXIT.machine, CLI_PROBLEMS.tooLarge, error.bound);
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  if (console.env.PORTCULLIS_DEBUG === '1' && error instanceof Error) console.stderr.write(`${error.stack}\n`);
  return stop(EXIT.machine, CLI_PROBLEMS.internal, what.split('\n')[0] ?? what);
}

/** Commander ends `--help` and `--version` by an exception, too: those are answers, not problems. */
function usageStop(error: CommanderError): Stop | undefined {
  if (error.exitCode === 0) return undefined;
  if (error.code === 'commander.help') return new Stop(EXIT.unusable, []); // no command at all: the help has been shown
  const [problem = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const meant = suggestion === undefined ? undefined : /\(Did you mean (.*)\?\)/.exec(suggestion)?.[1];
  const help = meant === undefined ? '`portcullis --help` lists what there is' : `did you mean \`${meant}\`?`;
  return stop(EXIT.unusable, CLI_PROBLEMS.usage, inBackticks(problem), help);
}

function inBackticks(message: string): string {
  return message.replace(/'([^']*)'/g, '`$1`').replace(/\.$/, '');
}

function report(console: Console, cause: Stop | undefined, args: readonly string[]): void {
  if (cause === undefined) return;
  console.exitCode = cause.exitCode;
  if (cause.diagnostics.length === 0) return;
  if (args.includes('--json')) writeFailureJson(console, cause.diagnostics);
  else reportDiagnostics(console, cause.diagnostics);
}
