import { Command, Option } from 'commander';
import { HOOKS, type Hook } from '../../ir/index.ts';
import type { Watcher } from '../../packetset/index.ts';
import type { SourceFile } from '../../source/index.ts';
import { ACCOUNT_OPTION, accountsOf, collect } from '../accounts.ts';
import { AnswerLines } from '../answer-line.ts';
import { answerJson, answerText, type PathExtent } from '../answer-text.ts';
import { Asker } from '../asker.ts';
import { DESPITE_ERRORS, givenFiles } from '../cluster/input.ts';
import { type Console, EXIT, type ExitCode, JSON_OPTION, writeJson } from '../console.ts';
import { DOCKER_OPTION, withContainers } from '../containers.ts';
import { readSource } from '../files.ts';
import { longWork } from '../long-work.ts';
import { POLICY_ARGUMENT } from '../policy-input.ts';
import { CLI_PROBLEMS } from '../problems.ts';
import { Stop, stop } from '../report.ts';
import { IN_OPTION, subjectOf } from '../subject.ts';

interface WhyOptions {
  readonly at?: Hook;
  readonly in?: readonly string[];
  readonly flows?: string;
  readonly policy?: string;
  readonly account?: readonly string[];
  readonly docker?: readonly string[];
  readonly wholePath?: boolean;
  readonly despiteErrors?: boolean;
  readonly json?: boolean;
}

export function whyCommand(console: Console): Command {
  return new Command('why')
    .description('The verdict on a flow, and the rules that lead to it.')
    .argument('[flow...]', 'a flow, such as "tcp agent -> discord.com:443"')
    .option('-p, --policy <file>', POLICY_ARGUMENT)
    .option('--in <file>', IN_OPTION, collect)
    .option('--flows <file>', 'answer every line of a file of flows (- is standard input), one JSON line each')
    .addOption(new Option('--at <hook>', 'where the packet stands').choices(HOOKS))
    .option('--account <name=uid>', ACCOUNT_OPTION, collect)
    .option('--docker <file>', DOCKER_OPTION, collect)
    .option('--whole-path', 'tell every rule on the way, also those that did not match')
    .option('--despite-errors', DESPITE_ERRORS)
    .option('--json', JSON_OPTION)
    .addHelpText('after', HELP)
    .action(async (words: readonly string[], options: WhyOptions) => {
      console.exitCode = await why(console, words.join(' '), options);
    });
}

const HELP = `
Flows:
  tcp 203.0.113.9 -> host:22                      from an address to this machine
  udp agent -> 9.9.9.9:53                         from a zone of the policy to an address
  tcp agent -> discord.com:443                    by name
  icmpv6 echo-request [2001:db8::1] -> host       IPv6 in brackets where a port could follow
  tcp host -> 10.0.0.9:22 oif eth1 uid openclaw   suffixes: iif, oif, uid, state, mark
  tcp shop/web[Deployment] -> shop/db[Service]:5432   between workloads, with manifests (--in FOLDER)
Quote the flow: a bare > is a redirection for the shell.

A file of flows has one on each line; empty lines and lines that begin with # are passed over. A line that cannot be
used is answered in its place by {"flow", "error"}, and the command ends with 2.

Exit codes: 0 answered, whatever the verdict; 2 a flow, the policy or the configuration cannot be used.`;

async function why(console: Console, text: string, options: WhyOptions): Promise<ExitCode> {
  if ((text === '') === (options.flows === undefined)) throw stop(EXIT.unusable, CLI_PROBLEMS.noFlow);
  const accounts = accountsOf(console, options.account);
  const { manifests, others } = await givenFiles(console, options.in ?? []);
  if (manifests.length > 0) {
    const { whyInCluster } = await import('../cluster/why-command.ts'); // most questions are about a machine
    return whyInCluster(withContainers(console, options.docker), text, accounts, {
      manifests,
      nodes: others,
      despiteErrors: options.despiteErrors === true,
      flows: options.flows === undefined ? undefined : await readSource(console, options.flows),
      json: options.json === true,
      extent: options.wholePath === true ? 'whole' : 'matching',
    });
  }
  const subject = await subjectOf(withContainers(console, options.docker), options, accounts);
  const extent: PathExtent = options.wholePath === true ? 'whole' : 'matching';
  const asker = (watcher: Watcher): Asker => new Asker(subject, accounts, options.at, watcher);
  if (options.flows !== undefined) {
    const file = await readSource(console, options.flows);
    return longWork(console, 'answering', (watcher) =>
      answerFile(new AnswerLines(console.stdout, subject, extent), asker(watcher), file, watcher),
    );
  }
  const asked = longWork(console, 'answering', (watcher) => asker(watcher).ask(text));
  if (asked.kind === 'unusable') throw new Stop(EXIT.unusable, asked.diagnostics);
  if (options.json === true) writeJson(console, answerJson(text, asked, subject, extent));
  else console.stdout.write(answerText(console.stdout, asked, subject, extent));
  return EXIT.holds;
}

/** One JSON line for each flow of a file. */
function answerFile(lines: AnswerLines, asker: Asker, file: SourceFile, watcher: Watcher): ExitCode {
  let exitCode: ExitCode = EXIT.holds;
  const { text } = file;
  watcher.begin(file.lineCount, 'lines');
  for (let next = 0; next < text.length; ) {
    watcher.advance();
    const newline = text.indexOf('\n', next);
    const lineEnd = newline === -1 ? text.length : newline;
    const [start, end] = trimmed(text, next, lineEnd);
    next = lineEnd + 1;
    if (start === end || text.charCodeAt(start) === HASH) continue;
    const span = { file, start, end };
    const asked = asker.askOneOfMany(span);
    if (asked.kind === 'answered') lines.answer(span, asked);
    else {
      exitCode = EXIT.unusable;
      lines.error(span, asked.diagnostics);
    }
  }
  lines.end();
  return exitCode;
}

const HASH = 0x23;
const FIRST_PLAIN = 0x21; // characters from here on ...
const LAST_PLAIN = 0x7e; // ... up to here are no white space

/** The stretch without the white space around it. */
function trimmed(text: string, start: number, end: number): readonly [number, number] {
  const isPlain = (at: number): boolean => text.charCodeAt(at) >= FIRST_PLAIN && text.charCodeAt(at) <= LAST_PLAIN;
  if (start < end && isPlain(start) && isPlain(end - 1)) return [start, end]; // as nearly every line
  const line = text.slice(start, end);
  const first = end - line.trimStart().length;
  return [first, first + line.trim().length];
}
