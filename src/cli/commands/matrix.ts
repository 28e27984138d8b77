import { Command, Option } from 'commander';
import {
  type Accepted,
  acceptedPackets,
  type MatrixQuestion,
  type ServiceMatrix,
  serviceMatrix,
  TooManyEdges,
} from '../../analysis/index.ts';
import { HOOKS, type Hook } from '../../ir/index.ts';
import { ACCOUNT_OPTION, accountsOf, collect } from '../accounts.ts';
import { type Console, EXIT, JSON_OPTION, writeJson } from '../console.ts';
import { DOCKER_OPTION, withContainers } from '../containers.ts';
import { longWork } from '../long-work.ts';
import { POLICY_ARGUMENT } from '../policy-input.ts';
import { CLI_PROBLEMS } from '../problems.ts';
import { stop } from '../report.ts';
import { servicesOf } from '../service-argument.ts';
import { IN_OPTION, subjectOf } from '../subject.ts';
import { conditionLines, textTable } from '../table.ts';

interface MatrixOptions {
  readonly at: Hook;
  readonly service: string;
  readonly family?: '4' | '6';
  readonly iif?: string;
  readonly oif?: string;
  readonly in?: readonly string[];
  readonly account?: readonly string[];
  readonly docker?: readonly string[];
  readonly json?: boolean;
}

export function matrixCommand(console: Console): Command {
  return new Command('matrix')
    .description('The address space split into groups that a service treats alike, and who of them reaches whom.')
    .argument('[policy]', POLICY_ARGUMENT)
    .option('--in <file>', IN_OPTION, collect)
    .addOption(new Option('--at <hook>', 'where the packet stands').choices(HOOKS).default('input'))
    .requiredOption('--service <service>', 'such as tcp/22, udp/53, icmp/echo-request, or a name such as ssh')
    .addOption(new Option('--family <family>', 'only IPv4 or only IPv6').choices(['4', '6']))
    .option('--iif <name>', 'only packets that come in by this interface (default: any but lo)')
    .option('--oif <name>', 'only packets that go out by this interface (default: any but lo)')
    .option('--account <name=uid>', ACCOUNT_OPTION, collect)
    .option('--docker <file>', DOCKER_OPTION, collect)
    .option('--json', JSON_OPTION)
    .action(async (policy: string | undefined, options: MatrixOptions) => {
      const services = servicesOf(options.service);
      const asked = { ...options, ...(policy === undefined ? {} : { policy }) };
      const { ruleset, routes } = await subjectOf(
        withContainers(console, options.docker),
        asked,
        accountsOf(console, options.account),
      );
      const question: MatrixQuestion = {
        hook: options.at,
        services,
        families: options.family === undefined ? [4, 6] : options.family === '4' ? [4] : [6],
        ...(options.iif === undefined ? {} : { inInterface: { name: options.iif, wildcard: false } }),
        ...(options.oif === undefined ? {} : { outInterface: { name: options.oif, wildcard: false } }),
      };
      const found = longWork(console, 'grouping addresses', (watcher) =>
        boundedMatrix(acceptedPackets(ruleset, watcher, routes), question),
      );
      if (options.json === true) writeJson(console, found);
      else console.stdout.write(matrixText(found));
    });
}

function boundedMatrix(accepted: Accepted, question: MatrixQuestion): ServiceMatrix {
  try {
    return serviceMatrix(accepted, question);
  } catch (error) {
    if (error instanceof TooManyEdges) throw stop(EXIT.unusable, CLI_PROBLEMS.tooManyEdges);
    throw error;
  }
}

const SHOWN_RANGES = 6; // of one group

function matrixText(found: ServiceMatrix): string {
  const edges = Map.groupBy(found.edges, (edge) => edge.from);
  const rows = found.groups.map(({ id, addresses }) => {
    const shown = addresses.slice(0, SHOWN_RANGES).join(', ');
    const more = addresses.length > SHOWN_RANGES ? ` and ${addresses.length - SHOWN_RANGES} more` : '';
    const reached = edges.get(id)?.map((edge) => edge.to) ?? [];
    return [id, reached.length === 0 ? '-' : reached.join(', '), `${shown}${more}`];
  });
  return `${[textTable(['group', 'reaches', 'addresses'], rows), ...conditionLines(found.conditions)].join('\n')}\n`;
}
