import type { Command, Option } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/**
 * What a shell needs to complete a command line, as plain data. The scripts are generated whole from it: at a TAB no program of
 * ours is started, and nothing that stands on the line is ever evaluated.
 */
interface CommandWords {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly OptionWords[];
  readonly choices: readonly string[]; // of its first argument
}

interface OptionWords {
  readonly names: readonly string[]; // `--json`, `-o`
  readonly description: string;
  readonly takes: 'nothing' | 'anything' | readonly string[];
}

/** The completion script of a program for a shell. */
export function completionScript(program: Command, shell: Shell): string {
  const commands = program.commands.map(commandWords);
  switch (shell) {
    case 'bash':
      return bashScript(commands);
    case 'zsh':
      return zshScript(commands);
    case 'fish':
      return fishScript(commands);
  }
}

function commandWords(command: Command): CommandWords {
  const help = command.createHelp();
  return {
    name: command.name(),
    summary: command.summary(),
    options: help.visibleOptions(command).map(optionWords),
    choices: command.registeredArguments[0]?.argChoices ?? [],
  };
}

function optionWords(option: Option): OptionWords {
  return {
    names: [option.long, option.short].filter((name) => name !== undefined && name !== null),
    description: option.description,
    takes: option.isBoolean() ? 'nothing' : (option.argChoices ?? 'anything'),
  };
}

function bashScript(commands: readonly CommandWords[]): string {
  const cases = commands.map(({ name, options, choices }) => {
    const values = options.flatMap(({ names, takes }) => {
      if (takes === 'nothing') return [];
      return [`        ${names.join('|')}) words=${quoted(takes === 'anything' ? '' : takes.join(' '))} options= ;;`];
    });
    return [
      `    ${name})`,
      `      words=${quoted(choices.join(' '))} options=${quoted(options.flatMap((option) => option.names).join(' '))}`,
      ...(values.length === 0 ? [] : ['      case $previous in', ...values, '      esac']),
      '      ;;',
    ].join('\n');
  });
  return `# bash completion for portcullis: eval "$(portcullis completion bash)"
_portcullis() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command= words= options= at
  for ((at = 1; at < COMP_CWORD; at++)); do
    if [[ \${COMP_WORDS[at]} != -* ]]; then command=\${COMP_WORDS[at]}; break; fi
  done
  case $command in
    '') words=${quoted(commands.map(({ name }) => name).join(' '))} options='--help --version' ;;
${cases.join('\n')}
  esac
  if [[ $current == -* ]]; then words=$options; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o bashdefault -o default -F _portcullis portcullis
`;
}

function zshScript(commands: readonly CommandWords[]): string {
  const list = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`);
  const cases = commands.map(({ name, options, choices }) => {
    const specs = options.flatMap(({ names, description, takes }) => {
      const value = takes === 'nothing' ? '' : takes === 'anything' ? ':value:_files' : `:value:(${takes.join(' ')})`;
      const group = names.length > 1 ? `(${names.join(' ')})` : '';
      return names.map((each) => quoted(`${group}${each}[${zshText(description)}]${value}`));
    });
    const first = choices.length === 0 ? [] : [quoted(`1:target:(${choices.join(' ')})`)];
    return `    ${name}) _arguments ${[...specs, ...first, quoted('*:file:_files')].join(' ')} ;;`;
  });
  return `#compdef portcullis
# zsh completion for portcullis: eval "$(portcullis completion zsh)"
_portcullis() {
  local -a commands
  commands=(
${list.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
${cases.join('\n')}
  esac
}
compdef _portcullis portcullis
`;
}

function fishScript(commands: readonly CommandWords[]): string {
  const lines = commands.flatMap(({ name, summary, options, choices }) => {
    const when = `-n ${quoted(`__fish_seen_subcommand_from ${name}`)}`;
    return [
      `complete -c portcullis -n __fish_use_subcommand -f -a ${name} -d ${fishQuoted(summary)}`,
      ...options.map(({ names, description, takes }) => {
        const flags = names.map((each) => (each.startsWith('--') ? `-l ${each.slice(2)}` : `-s ${each.slice(1)}`));
        const value = takes === 'nothing' ? '' : takes === 'anything' ? ' -r' : ` -x -a ${quoted(takes.join(' '))}`;
        return `complete -c portcullis ${when} ${flags.join(' ')}${value} -d ${fishQuoted(description)}`;
      }),
      ...(choices.length === 0 ? [] : [`complete -c portcullis ${when} -a ${quoted(choices.join(' '))}`]),
    ];
  });
  return `# fish completion for portcullis: portcullis completion fish | source\n${lines.join('\n')}\n`;
}

/** In single quotes of a POSIX shell: nothing in it is special but the quote itself. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** fish knows two escapes within single quotes (fish-doc, Quotes). */
function fishQuoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}

/** Within the brackets of an _arguments specification (zshcompsys(1)). */
function zshText(text: string): string {
  return text.replace(/[\\[\]]/g, '\\$&');
}
