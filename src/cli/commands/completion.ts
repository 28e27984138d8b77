import { basename } from 'node:path';
import { Argument, Command } from 'commander';
import { completionScript, SHELLS, type Shell } from '../completion.ts';
import { type Console, EXIT } from '../console.ts';
import { CLI_PROBLEMS } from '../problems.ts';
import { wholeProgram } from '../program.ts';
import { stop } from '../report.ts';

export function completionCommand(console: Console): Command {
  return new Command('completion')
    .description("Prints a shell's completion script for this program.")
    .addArgument(new Argument('[shell]', 'the shell (default: the one in $SHELL)').choices(SHELLS))
    .addHelpText('after', HELP)
    .action(async (shell: Shell | undefined) => {
      console.stdout.write(completionScript(await wholeProgram(console), shell ?? ownShell(console)));
    });
}

const HELP = `
To install it:
  bash   echo 'eval "$(portcullis completion bash)"' >> ~/.bashrc
  zsh    echo 'eval "$(portcullis completion zsh)"' >> ~/.zshrc     (after compinit)
  fish   portcullis completion fish > ~/.config/fish/completions/portcullis.fish`;

function ownShell(console: Console): Shell {
  const name = basename(console.env.SHELL ?? '');
  const shell = SHELLS.find((each) => each === name);
  if (shell === undefined) throw stop(EXIT.unusable, CLI_PROBLEMS.unknownShell, name);
  return shell;
}
