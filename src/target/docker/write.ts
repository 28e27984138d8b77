import { type Diagnostic, diagnose, hasErrors, sortDiagnostics } from '../../diagnostic/index.ts';
import type { DockerContainer, DockerFacts } from '../../docker/index.ts';
import type { Intent } from '../../ir/index.ts';
import type { Artifact } from '../target.ts';
import { flowsBetween } from './apart.ts';
import { COMMANDS_FILE, networkCommands } from './commands.ts';
import type { Layout } from './layout.ts';
import { networkOptions } from './network-options.ts';
import { OVERRIDE_FILE, overrideFile, type ServicePlan, serviceDiagnostics } from './override.ts';
import { narrowPorts } from './ports.ts';
import { DOCKER_RENDER_PROBLEMS } from './problems.ts';
import { PolicyReach } from './reach.ts';

export interface DockerOptions {
  readonly harden: boolean; // file systems that cannot be written, no capabilities at all
}

export interface DockerWritten {
  readonly artifacts: readonly Artifact[]; // none where there are errors
  readonly diagnostics: readonly Diagnostic[]; // sorted
}

/**
 * What Docker itself has to be told so that it fits the policy: where it publishes ports, which networks it makes, what containers do without.
 * @param facts of the layout, every container with its addresses @param intent resolved with these
 */
export function writeDocker(layout: Layout, facts: DockerFacts, intent: Intent, options: DockerOptions): DockerWritten {
  const { project, networks } = layout;
  const reach = new PolicyReach(intent, facts);
  const addressed = new Map(facts.containers.map((container) => [container.name, container]));
  const plans = (project?.services ?? []).map((service): ServicePlan => {
    const container = addressed.get(service.container.name) ?? service.container;
    return {
      service,
      joins: layout.joins.get(service.key) ?? [],
      ports: service.borrowsNetwork // then it has none: Compose or Docker refuses or forgets them
        ? []
        : narrowPorts(service.container, ({ protocol, families }, port) =>
            reach.ofPort(container, protocol, port, families),
          ),
      isOfAccounts: ({ port, index, fate }) =>
        (fate === 'loopback' || port.on !== undefined) &&
        reach.ofPort(container, port.protocol, port.containerPorts.first + index, [4, 6]) === 'machine' &&
        reach.isOfAccounts(container, port.protocol, port.containerPorts.first + index),
    };
  });
  const made = networks.map((network) => {
    if (network.maker === 'command') return networkOptions(network, reach);
    const isPublished = plans.some(
      ({ service, ports }) =>
        ports.some(({ fate }) => fate !== 'dropped') &&
        isOn(addressed.get(service.container.name) ?? service.container, network.name),
    );
    return networkOptions(network, reach, isPublished);
  });
  const diagnostics = sortDiagnostics([
    ...layout.diagnostics,
    ...sourceProblems(layout),
    ...(project === undefined && networks.length === 0 && !hasErrors(layout.diagnostics)
      ? [diagnose(DOCKER_RENDER_PROBLEMS.nothing, undefined, intent.name)]
      : []),
    ...plans.flatMap(({ service }) => noRoom(addressed.get(service.container.name) ?? service.container, service.key)),
    ...plans.flatMap(serviceDiagnostics),
    ...flowsBetween(facts, intent),
  ]);
  if (hasErrors(diagnostics)) return { artifacts: [], diagnostics };
  const byCommand = made.filter(({ network }) => network.maker === 'command');
  return {
    artifacts: [
      ...(project === undefined
        ? []
        : [{ name: OVERRIDE_FILE, text: overrideFile(intent.name, project, plans, made, options.harden) }]),
      ...(byCommand.length === 0 ? [] : [{ name: COMMANDS_FILE, text: networkCommands(byCommand) }]),
    ],
    diagnostics,
  };
}

/** What other files bring has not been looked at. */
function sourceProblems({ project }: Layout): Diagnostic[] {
  if (project === undefined) return [];
  const others = project.services
    .filter((service) => service.extends)
    .map(({ key, container }) =>
      diagnose(
        DOCKER_RENDER_PROBLEMS.elsewhere,
        container.span,
        `the service \`${key}\` takes parts of another (\`extends\`)`,
      ),
    );
  const included = project.includes
    ? [diagnose(DOCKER_RENDER_PROBLEMS.elsewhere, undefined, `the project \`${project.name}\` includes other files`)]
    : [];
  return [...others, ...included];
}

function noRoom({ attachments, span }: DockerContainer, key: string): Diagnostic[] {
  return attachments.some(({ addresses }) => addresses.length === 0)
    ? [diagnose(DOCKER_RENDER_PROBLEMS.noRoom, span, key)]
    : [];
}

function isOn({ attachments }: DockerContainer, name: string): boolean {
  return attachments.some(({ network }) => network === name);
}
