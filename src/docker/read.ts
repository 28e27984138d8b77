import { type Diagnostic, sortDiagnostics } from '../diagnostic/index.ts';
import { Reporter, readYaml } from '../policy/index.ts';
import type { SourceFile } from '../source/index.ts';
import { composeFacts } from './compose.ts';
import { type DockerFacts, NO_FACTS } from './facts.ts';
import { containerOf, daemonOf, networkOf } from './inspect.ts';
import { DOCKER_PROBLEMS } from './problems.ts';
import { Tree } from './tree.ts';

export interface ReadDocker {
  readonly facts: DockerFacts | undefined; // undefined where there are errors
  readonly diagnostics: readonly Diagnostic[]; // sorted
}

/** What Docker's files say together; each is known by its content. Of what two of them tell, the earlier counts. */
export function readDocker(files: readonly SourceFile[]): ReadDocker {
  const report = new Reporter();
  const read = files.map((file) => readFile(file, report));
  const diagnostics = sortDiagnostics(report.diagnostics());
  if (diagnostics.some(({ severity }) => severity === 'error')) return { facts: undefined, diagnostics };
  return { facts: joined(read), diagnostics };
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

function readFile(file: SourceFile, report: Reporter): DockerFacts {
  const node = readYaml(file, report);
  if (node === undefined) return NO_FACTS;
  const tree = new Tree(node);
  const items = tree.isList ? tree.items() : [tree];
  if (items.length === 0) return NO_FACTS; // a machine without any
  const listed = items.map(itemOf);
  if (listed.every((each) => each !== undefined)) return joined(listed);
  if (tree.at('services').isMap) return composeFacts(tree, folderOf(file.name), report);
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

/** Compose calls a project after the folder of its file. */
function folderOf(path: string): string {
  return path.split('/').at(-2) ?? 'default';
}
