import { Command, Option } from 'commander';
import { ACCOUNT_OPTION, accountsOf, collect } from '../accounts.ts';
import { DESPITE_ERRORS, givenFiles } from '../cluster/input.ts';
import { CLUSTER_COMMAND_PROBLEMS } from '../cluster/problems.ts';
import { compare, comparisonText } from '../comparison.ts';
import { type Console, EXIT, JSON_OPTION, writeJson } from '../console.ts';
import { DOCKER_OPTION, withContainers } from '../containers.ts';
import { LIVE, readSources, returnSource, STDIN } from '../files.ts';
import { FORMATS, type Format, formatOf } from '../format.ts';
import { longWork } from '../long-work.ts';
import { stop } from '../report.ts';
import { FORMAT_OPTION, readPair } from '../subject.ts';

interface DiffOptions {
  readonly format?: Format;
  readonly new?: boolean;
  readonly account?: readonly string[];
  readonly docker?: readonly string[];
  readonly namespace?: readonly string[];
  readonly despiteErrors?: boolean;
  readonly json?: boolean;
}

export function diffCommand(console: Console): Command {
  return new Command('diff')
    .description('What B lets through that A does not, and the reverse, each with a packet that shows it.')
    .argument(
      '<a>',
      'a policy, a firewall configuration, a folder of manifests, or `live`: the rules that this machine has now',
    )
    .argument('<b>', 'another')
    .option('--new', 'compare only first packets of connections')
    .addOption(new Option('--format <format>', FORMAT_OPTION).choices(FORMATS))
    .option('--account <name=uid>', ACCOUNT_OPTION, collect)
    .option('--docker <file>', DOCKER_OPTION, collect)
    .option('--namespace <name>', 'of a policy beside manifests: that it governs, default deny (repeatable)', collect)
    .option('--despite-errors', DESPITE_ERRORS)
    .option('--json', JSON_OPTION)
    .addHelpText('after', '\nExit codes: 0 they let the same packets through, 1 they differ, 2 a file cannot be used.')
    .action(async (a: string, b: string, options: DiffOptions) => {
      const [before, after] = [
        await givenFiles(console, [a], options.format),
        await givenFiles(console, [b], options.format),
      ];
      if (before.manifests.length > 0 && after.manifests.length > 0) {
        const { diffOfClusters } = await import('../cluster/diff-command.ts'); // most comparisons are of machines
        console.exitCode = await diffOfClusters(console, {
          before: before.manifests,
          after: after.manifests,
          names: [a, b],
          despiteErrors: options.despiteErrors === true,
          json: options.json === true,
        });
        return;
      }
      if (before.manifests.length > 0 || after.manifests.length > 0) {
        const [other, ...more] = [...before.others, ...after.others];
        if (other === undefined || more.length > 0 || !(await isPolicy(console, other, options.format)))
          throw stop(EXIT.unusable, CLUSTER_COMMAND_PROBLEMS.manifestsHere, before.manifests.length > 0 ? a : b);
        const { diffOfPolicy } = await import('../cluster/diff-policy.ts');
        console.exitCode = await diffOfPolicy(console, {
          policy: other,
          manifests: [...before.manifests, ...after.manifests],
          names: [a, b],
          isPolicyFirst: before.manifests.length === 0,
          namespaces: options.namespace ?? [],
          json: options.json === true,
        });
        return;
      }
      const pair = await readPair(
        withContainers(console, options.docker),
        a,
        b,
        accountsOf(console, options.account),
        options.format,
      );
      const found = longWork(console, 'comparing', (watcher) => compare(pair, options.new === true, watcher));
      if (options.json === true) writeJson(console, found);
      else console.stdout.write(comparisonText(console.stdout, found, a, b));
      console.exitCode = found.equal ? EXIT.holds : EXIT.findings;
    });
}

async function isPolicy(console: Console, name: string, format: Format | undefined): Promise<boolean> {
  const sources = name === LIVE ? [] : await readSources(console, [name]);
  if (name === STDIN) for (const source of sources) returnSource(console, source);
  return sources.some((source) => (format ?? formatOf(source)) === 'policy');
}
