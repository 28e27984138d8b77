import { type Diagnostic, diagnose } from '../../diagnostic/index.ts';
import type { SourceFile } from '../../source/index.ts';
import { linesOf } from '../iptables/line.ts';
import { RuleList, rulesOf } from './changes.ts';
import { type Command, parseCommand } from './command.ts';
import { UFW_PROBLEMS } from './problems.ts';
import type { Profiles } from './profiles.ts';
import type { UfwRule } from './rule.ts';
import { PROLOGUE } from './script.ts';
import { type Settings, STOCK_SETTINGS } from './settings.ts';
import { type ShellCommand, shellCommands } from './shell-line.ts';

export const ADDED_HEADER = /^Added user rules \(see 'ufw status' for running firewall\):/m;

/** Where a list of commands leads to. */
export interface CommandsRun {
  readonly settings: Settings;
  readonly rules: RuleList;
  readonly diagnostics: readonly Diagnostic[];
}

/** Whether a text is a list of commands: at least one line is a command of ufw. */
export function isCommands(text: string): boolean {
  return /^\s*(?:sudo\s+)?(?:\/usr\/sbin\/)?ufw\s+\S/m.test(text);
}

/** Programs that change no firewall, whatever stands around them in a script. */
const HARMLESS: ReadonlySet<string> = new Set(['echo', 'printf', 'yes', 'true', 'set', 'exit', 'sleep', 'export']);

/**
 * The commands of a script, or the list of `ufw show added`, from an ufw that has no rules yet and is not enabled. Beside commands of ufw a
 * line may have remarks and words that change nothing; all else is named and not followed.
 */
export function runCommands(files: readonly SourceFile[], profiles: Profiles): CommandsRun {
  const machine = new Machine(profiles);
  for (const file of files) {
    const isAdded = ADDED_HEADER.test(file.text);
    const from = file.text.startsWith(PROLOGUE) ? PROLOGUE.length : 0;
    for (const { start, end } of linesOf(file)) {
      const line = file.text.slice(start, end).trim();
      if (start < from || line === '' || line.startsWith('#')) continue;
      if (isAdded && (ADDED_HEADER.test(line) || line === '(None)')) continue;
      const span = { file, start, end };
      const commands = shellCommands(file, start, end);
      if (commands === undefined) machine.say(diagnose(UFW_PROBLEMS.notUfw, span, line));
      else for (const command of commands) machine.run(command, isAdded);
    }
  }
  return machine.end();
}

class Machine {
  readonly #profiles: Profiles;
  readonly #rules = new RuleList();
  readonly #diagnostics: Diagnostic[] = [];
  #settings: Settings = { ...STOCK_SETTINGS, isEnabled: false };

  constructor(profiles: Profiles) {
    this.#profiles = profiles;
  }

  say(diagnostic: Diagnostic): void {
    this.#diagnostics.push(diagnostic);
  }

  /** @param isListed the rule is there: it does not matter whether ufw would still take it */
  run({ words, span }: ShellCommand, isListed: boolean): void {
    const [program = '', ...rest] = words[0] === 'sudo' ? words.slice(1) : words;
    if (program === 'ufw' || program === '/usr/sbin/ufw')
      this.#command(parseCommand(rest), { words: rest, span }, isListed);
    else if (!HARMLESS.has(program)) this.say(diagnose(UFW_PROBLEMS.notUfw, span, words.join(' ')));
  }

  #command(command: Command, { words, span }: ShellCommand, isListed: boolean): void {
    switch (command.kind) {
      case 'nothing':
        break;
      case 'refused':
        this.say(diagnose(UFW_PROBLEMS.refused, span, command.why));
        break;
      case 'rule': {
        const { change, rule } = command;
        const missing = this.#profiles.missing([rule.from.app, rule.to.app]);
        if (missing === undefined || isListed || change.kind === 'delete')
          this.#done(this.#rules.apply(change, rulesOf(rule, span, this.#profiles.find)), span);
        else this.say(diagnose(UFW_PROBLEMS.refused, span, `Could not find a profile matching '${missing}'`));
        break;
      }
      case 'delete-number':
        if (!/^(?:--force|-f)$/.test(words[0] ?? '')) this.say(diagnose(UFW_PROBLEMS.asks, span, words.join(' ')));
        this.#done(this.#rules.deleteNumber(command.number), span);
        break;
      case 'default':
        if (this.#settings.isEnabled) this.say(diagnose(UFW_PROBLEMS.opens, span, words.join(' ')));
        this.#set({ policies: { ...this.#settings.policies, [command.chain]: command.policy } });
        break;
      case 'logging': {
        const { logLevel } = this.#settings;
        this.#set({ logLevel: command.level === 'on' ? (logLevel === 'off' ? 'low' : logLevel) : command.level });
        break;
      }
      case 'enable':
        if (this.#settings.policies.input !== 'ACCEPT' && !this.#rules.all().some(letsSshIn))
          this.say(diagnose(UFW_PROBLEMS.lockout, span));
        this.#set({ isEnabled: true });
        break;
      case 'disable':
      case 'reset':
        if (command.kind === 'reset' && !command.isForced) this.say(diagnose(UFW_PROBLEMS.asks, span, 'reset'));
        if (this.#settings.isEnabled || command.kind === 'reset')
          this.say(diagnose(UFW_PROBLEMS.opens, span, command.kind));
        this.#set({ isEnabled: false });
        if (command.kind === 'reset') this.#rules.clear();
        break;
      case 'reload':
        if (!this.#settings.isEnabled)
          this.say(diagnose(UFW_PROBLEMS.notDone, span, 'Firewall not enabled (skipping reload)'));
        break;
    }
  }

  #done(why: string | undefined, span: ShellCommand['span']): void {
    if (why !== undefined) this.say(diagnose(UFW_PROBLEMS.notDone, span, why));
  }

  #set(changed: Partial<Settings>): void {
    this.#settings = { ...this.#settings, ...changed };
  }

  end(): CommandsRun {
    return { settings: this.#settings, rules: this.#rules, diagnostics: this.#diagnostics };
  }
}

/** Whether a rule is one for those who administer the machine, from wherever. */
function letsSshIn({ direction, action, protocol, to }: UfwRule): boolean {
  if (direction !== 'in' || action === 'deny' || action === 'reject' || protocol === 'udp') return false;
  if (protocol !== 'any' && protocol !== 'tcp') return false;
  if (to.ports === 'any') return true;
  return to.ports.split(',').some((part) => {
    const [first = 0, last = first] = part.split(':').map(Number);
    return first <= 22 && 22 <= last;
  });
}
