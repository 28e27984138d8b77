import { Command } from 'commander';
import { type Reachability, reachability, TooManyPairs } from '../../analysis/index.ts';
import type { Intent, Ruleset } from '../../ir/index.ts';
import type { Watcher } from '../../packetset/index.ts';
import { ACCOUNT_OPTION, accountsOf, collect } from '../accounts.ts';
import { type Console, EXIT, JSON_OPTION, writeJson } from '../console.ts';
import { DOCKER_OPTION, withContainers } from '../containers.ts';
import { longWork } from '../long-work.ts';
import { POLICY_ARGUMENT } from '../policy-input.ts';
import { CLI_PROBLEMS } from '../problems.ts';
import { reachDot, reachMarkdown, reachText } from '../reach-text.ts';
import { stop } from '../report.ts';
import { IN_OPTION, type Subject, subjectOf } from '../subject.ts';

interface ReachOptions {
  readonly policy?: string;
  readonly in?: readonly string[];
  readonly account?: readonly string[];
  readonly docker?: readonly string[];
  readonly json?: boolean;
  readonly markdown?: boolean;
  readonly dot?: boolean;
}

export function reachCommand(console: Console): Command {
  return new Command('reach')
    .description('Who can reach whom on what: every zone to every other, by first packets.')
    .argument('[policy]', POLICY_ARGUMENT)
    .option('--in <file>', IN_OPTION, collect)
    .option('--markdown', 'a Markdown table')
    .option('--dot', 'a graph for Graphviz')
    .option('--account <name=uid>', ACCOUNT_OPTION, collect)
    .option('--docker <file>', DOCKER_OPTION, collect)
    .option('--json', JSON_OPTION)
    .addHelpText('after', '\nA service in parentheses is open to some of the packets between the two, not to all.')
    .action(async (policy: string | undefined, options: ReachOptions) => {
      const asked = { ...options, ...(policy === undefined ? {} : { policy }) };
      const { intent, ruleset, routes } = await subjectOf(
        withContainers(console, options.docker),
        asked,
        accountsOf(console, options.account),
      );
      const found = longWork(console, 'finding who reaches whom', (watcher) =>
        boundedReachability(intent, ruleset, watcher, routes),
      );
      if (options.json === true) writeJson(console, found);
      else if (options.markdown === true) console.stdout.write(reachMarkdown(found));
      else if (options.dot === true) console.stdout.write(reachDot(found));
      else console.stdout.write(reachText(found, console.stdout));
    });
}

function boundedReachability(
  intent: Intent,
  ruleset: Ruleset,
  watcher: Watcher,
  routes: Subject['routes'],
): Reachability {
  try {
    return reachability(intent, ruleset, watcher, routes);
  } catch (error) {
    if (error instanceof TooManyPairs) throw stop(EXIT.unusable, CLI_PROBLEMS.tooManyPairs, error.pairs);
    throw error;
  }
}
