import { Command } from 'commander';
import { type Reachability, reachability, TooManyPairs } from '../../analysis/index.ts';
import type { Intent, Ruleset } from '../../ir/index.ts';
import type { Watcher } from '../../packetset/index.ts';
import { ACCOUNT_OPTION, accountsOf, collect } from '../accounts.ts';
import { DESPITE_ERRORS, givenFiles } from '../cluster/input.ts';
import { CLUSTER_COMMAND_PROBLEMS } from '../cluster/problems.ts';
import { type ReachPairs, writePairsCsv } from '../cluster/reach-output.ts';
import { writeSvg } from '../cluster/svg.ts';
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
  readonly csv?: boolean;
  readonly markdown?: boolean;
  readonly dot?: boolean;
  readonly svg?: boolean;
  readonly focus?: readonly string[];
  readonly explain?: boolean;
  readonly exposure?: boolean;
  readonly despiteErrors?: boolean;
}

export function reachCommand(console: Console): Command {
  return new Command('reach')
    .description(
      'Who can reach whom on what: every zone of a policy to every other, or every workload of a folder of manifests, by first packets.',
    )
    .argument('[policy]', `${POLICY_ARGUMENT}, or manifests: files, folders or - (more with --in)`)
    .option('--in <file>', IN_OPTION, collect)
    .option('--csv', 'rows for a spreadsheet')
    .option('--markdown', 'a Markdown table')
    .option('--dot', 'a graph for Graphviz')
    .option('--svg', 'a picture')
    .option('--focus <workload>', 'of manifests: only what begins or ends there (repeatable)', collect)
    .option('--explain', 'of manifests: the policies and rules that let each pair meet, or keep it apart')
    .option('--exposure', 'of manifests: also what pods that do not exist yet could reach, or be reached by')
    .option('--despite-errors', DESPITE_ERRORS)
    .option('--account <name=uid>', ACCOUNT_OPTION, collect)
    .option('--docker <file>', DOCKER_OPTION, collect)
    .option('--json', JSON_OPTION)
    .addHelpText('after', '\nA service in parentheses is open to some of the packets between the two, not to all.')
    .action(async (policy: string | undefined, options: ReachOptions) => {
      if (policy !== undefined || options.in !== undefined) {
        const given = await givenFiles(console, [...(policy === undefined ? [] : [policy]), ...(options.in ?? [])]);
        if (given.manifests.length > 0) {
          if (given.others.length > 0) throw stop(EXIT.unusable, CLUSTER_COMMAND_PROBLEMS.onlyManifests, 'reach');
          const { reachInCluster } = await import('../cluster/reach-command.ts'); // most questions are about a machine
          console.exitCode = await reachInCluster(console, given.manifests, {
            output: OUTPUTS.find((each) => options[each] === true) ?? 'text',
            focus: options.focus ?? [],
            explain: options.explain === true,
            exposure: options.exposure === true,
            despiteErrors: options.despiteErrors === true,
          });
          return;
        }
      }
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
      else if (options.csv === true) writePairsCsv(console, pairsOfZones(found));
      else if (options.dot === true) console.stdout.write(reachDot(found));
      else if (options.svg === true) await writeSvg(console, reachDot(found));
      else console.stdout.write(reachText(found, console.stdout));
    });
}

const OUTPUTS = ['json', 'csv', 'markdown', 'dot', 'svg'] as const;

function pairsOfZones({ endpoints, connections }: Reachability): ReachPairs {
  return {
    ids: endpoints.map(({ id }) => id),
    connections: () =>
      connections.map(({ from, to, allowed }) => ({
        from,
        to,
        allowed: allowed.map(({ protocol, ports, types }) => {
          const detail = ports ?? types;
          return { protocol, ...(detail === undefined ? {} : { ports: detail }) };
        }),
      })),
  };
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
