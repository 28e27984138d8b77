import { type Diagnostic, sortDiagnostics } from '../diagnostic/index.ts';
import { Reporter, readYaml } from '../policy/index.ts';
import type { SourceFile } from '../source/index.ts';
import { factsOfProject } from './compose.ts';
import { COMPOSE_TAGS } from './compose-merge.ts';
import { type ComposeFile, composeProjects, isCompose } from './compose-projects.ts';
import { type DockerFacts, NO_FACTS } from './facts.ts';
import { containerOf, daemonOf, networkOf } from './inspect.ts';
import { DOCKER_PROBLEMS } from './problems.ts';
import type { ComposeProject } from './project.ts';
import { Tree } from './tree.ts';

export interface ReadDocker {
  readonly facts: DockerFacts | undefined; // undefined where there are errors
  readonly projects: readonly ComposeProject[]; // of the Compose files among them; none where there are errors
  readonly diagnostics: readonly Diagnostic[]; // sorted
}

/**
 * What Docker's files say together; each is known by its content. Of what two of them tell, the earlier counts, but Compose files of one
 * project are laid over each other in their order, as Compose does.
 */
export function readDocker(files: readonly SourceFile[]): ReadDocker {
  const report = new Reporter();
  const read = files.map((file) => readFile(file, report));
  const projects = composeProjects(
    read.flatMap((each) => ('node' in each ? [each] : [])),
    report,
  );
  const diagnostics = sortDiagnostics(report.diagnostics());
  if (diagnostics.some(({ severity }) => severity === 'error')) return { facts: undefined, projects: [], diagnostics };
  const facts = read.flatMap((each): readonly DockerFacts[] => {
    if (!('node' in each)) return [each];
    const project = projects.find(({ files: [first] }) => first === each.file);
    return project === undefined ? [] : [factsOfProject(project)];
  });
  return { facts: joined(facts), projects, diagnostics };
}

function joined(parts: readonly DockerFacts[]): DockerFacts {
  return {
    daemon: Object.assign({}, ...parts.map(({ daemon }) => daemon).toReversed()),
    networks: first(parts.flatMap(({ networks }) => networks)),
    containers: first(parts.flatMap(({ containers }) => containers)),
  };
}

function first<T extends { readonly name: string }>(all: readonly T[]): T[] {
  return [...Map.groupBy(all, ({ name }) => name).values()].map(([one]) => one!);
}

const DAEMON_KEYS = [
  'ServerVersion',
  'iptables',
  'ip6tables',
  'userland-proxy',
  'icc',
  'hosts',
  'firewall-backend',
  'ip',
  'bip',
  'data-root',
  'default-address-pools',
  'log-driver',
  'storage-driver',
  'fixed-cidr',
  'live-restore',
];

function readFile(file: SourceFile, report: Reporter): DockerFacts | ComposeFile {
  const node = readYaml(file, report, COMPOSE_TAGS);
  if (node === undefined) return NO_FACTS;
  const tree = new Tree(node);
  const items = tree.isList ? tree.items() : [tree];
  if (items.length === 0) return NO_FACTS; // a machine without any
  const listed = items.map(itemOf);
  if (listed.every((each) => each !== undefined)) return joined(listed);
  if (isCompose(tree)) return { file, node };
  if (DAEMON_KEYS.some((key) => tree.has(key))) return { ...NO_FACTS, daemon: daemonOf(tree) };
  report.say(DOCKER_PROBLEMS.unrecognised, tree.span, file.name);
  return NO_FACTS;
}

function itemOf(item: Tree): DockerFacts | undefined {
  if (item.has('IPAM')) {
    const network = networkOf(item);
    return network === undefined ? undefined : { ...NO_FACTS, networks: [network] };
  }
  if (!item.has('HostConfig')) return undefined;
  const container = containerOf(item);
  return container === undefined ? undefined : { ...NO_FACTS, containers: [container] };
}
