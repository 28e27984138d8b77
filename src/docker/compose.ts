import type { Reporter } from '../policy/index.ts';
import type { SourceFile, Span } from '../source/index.ts';
import { composePort } from './compose-port.ts';
import {
  COMPOSE_PROJECT,
  COMPOSE_SERVICE,
  type DockerContainer,
  type DockerFacts,
  type DockerNetwork,
  type PublishedPort,
} from './facts.ts';
import { addressOf, modeOf, subnetOf } from './inspect.ts';
import { capability, isDockerSocket, secretsAmong } from './powers.ts';
import { DOCKER_PROBLEMS } from './problems.ts';
import type { ComposeProject, ComposeService } from './project.ts';
import type { Tree } from './tree.ts';
import { interpolated } from './variables.ts';

/** What the Compose files of a project will become (compose-spec.io): each service one container, whatever its scale. */
export function composeProject(
  files: readonly SourceFile[],
  tree: Tree,
  folder: string,
  report: Reporter,
): ComposeProject {
  const name = projectName(wordsOf(tree.at('name')) ?? folder);
  const declared = tree.at('networks').entries();
  const services = tree.at('services').entries();
  const usesDefault = services.some(([, service]) =>
    service.has('networks') ? namesDefault(service.at('networks')) : !service.has('network_mode'),
  );
  const named = new Map(declared.map(([key, network]) => [key, networkName(name, key, network)]));
  if (usesDefault && !named.has('default')) named.set('default', `${name}_default`);
  const known = new Map(declared);
  return {
    name,
    files,
    includes: tree.has('include'),
    services: services.map(([key, service]) => new Service(key, service, name, named, report).read()),
    networks: [...named].map(([key, network]) => ({
      key,
      external: known.get(key)?.at('external').flag() ?? known.get(key)?.at('external').isMap ?? false,
      facts: composeNetwork(network, known.get(key)),
    })),
  };
}

export function factsOfProject({ networks, services }: ComposeProject): DockerFacts {
  return {
    daemon: {},
    networks: networks.map(({ facts }) => facts),
    containers: services.map(({ container }) => container),
  };
}

/** A word with its variables put in. Of those without a default only ports are told: there they decide what is open. */
function wordsOf(tree: Tree): string | undefined {
  const text = tree.text();
  return text === undefined ? undefined : interpolated(text, () => undefined);
}

/** It need not be declared. */
function namesDefault(networks: Tree): boolean {
  return networks.has('default') || networks.words().includes('default');
}

/** As Compose makes one of a folder's name: lower case letters, digits, `-` and `_`. */
function projectName(name: string): string {
  return (
    name
      .toLowerCase()
      .replace(/[^a-z0-9_-]/g, '')
      .replace(/^[_-]+/, '') || 'default'
  );
}

function networkName(project: string, key: string, network: Tree): string {
  const name = wordsOf(network.at('name'));
  if (name !== undefined) return name;
  return network.at('external').flag() === true ? key : `${project}_${key}`;
}

function composeNetwork(name: string, network: Tree | undefined): DockerNetwork {
  const option = (key: string): string | undefined =>
    network === undefined ? undefined : wordsOf(network.at('driver_opts', `com.docker.network.${key}`));
  const bridge = option('bridge.name');
  const subnets = network?.at('ipam', 'config').items() ?? [];
  return {
    name,
    driver: network?.at('driver').text() ?? 'bridge',
    subnets: subnets.flatMap((config) => subnetOf(wordsOf(config.at('subnet')))),
    internal: network?.at('internal').flag() ?? false,
    icc: option('bridge.enable_icc') !== 'false',
    masquerade: option('bridge.enable_ip_masquerade') !== 'false',
    ...(bridge === undefined ? {} : { bridge }),
    ...(network?.span === undefined ? {} : { span: network.span }),
  };
}

class Service {
  readonly #key: string;
  readonly #service: Tree;
  readonly #project: string;
  readonly #networks: ReadonlyMap<string, string>; // key in the file -> name
  readonly #report: Reporter;

  constructor(key: string, service: Tree, project: string, networks: ReadonlyMap<string, string>, report: Reporter) {
    this.#key = key;
    this.#service = service;
    this.#project = project;
    this.#networks = networks;
    this.#report = report;
  }

  read(): ComposeService {
    const service = this.#service;
    return {
      key: this.#key,
      container: this.#container(),
      namesNetworks: service.has('networks'),
      borrowsNetwork: service.has('network_mode'),
      extends: service.has('extends'),
      mounts: [...service.at('volumes').items().map(mountedAt), ...service.at('tmpfs').words().map(pathOf)],
      securityOptions: service.at('security_opt').words(),
    };
  }

  #container(): DockerContainer {
    const service = this.#service;
    const own = [...service.at('labels').pairs()].map(([key, value]) => [key, value ?? ''] as const);
    const sources = service
      .at('volumes')
      .items()
      .map((volume) => volume.at('source').text() ?? volume.text() ?? '');
    return {
      name: service.at('container_name').text() ?? `${this.#project}-${this.#key}-1`,
      labels: new Map([[COMPOSE_PROJECT, this.#project], [COMPOSE_SERVICE, this.#key], ...own]),
      isRunning: true,
      mode: modeOf(service.at('network_mode').text() ?? ''),
      attachments: this.#attachments(),
      published: service
        .at('ports')
        .items()
        .flatMap((port) => this.#port(port)),
      powers: {
        privileged: service.at('privileged').flag() ?? false,
        added: service.at('cap_add').words().map(capability),
        dropped: service.at('cap_drop').words().map(capability),
        readOnly: service.at('read_only').flag() ?? false,
        socket: sources.some((source) => isDockerSocket(source.split(':')[0] ?? '')),
        secrets: secretsAmong(service.at('environment').pairs()),
      },
      ...(service.span === undefined ? {} : { span: service.span }),
    };
  }

  #attachments(): DockerContainer['attachments'] {
    const service = this.#service;
    if (service.has('network_mode')) return [];
    const listed = service.at('networks');
    const keys = listed.isMap
      ? listed.entries()
      : service.has('networks')
        ? listed.items().flatMap((item) => [[item.text() ?? '', undefined] as const])
        : [['default', undefined] as const];
    return keys.flatMap(([key, details]) => {
      const network = this.#networks.get(key);
      if (network === undefined) {
        this.#report.say(DOCKER_PROBLEMS.unknownNetwork, listed.span, this.#key, key);
        return [];
      }
      const asked = details === undefined ? [] : [details.at('ipv4_address'), details.at('ipv6_address')];
      const addresses = asked.flatMap((each) => addressOf(each) ?? []);
      return [{ network, addresses }];
    });
  }

  #port(port: Tree): PublishedPort[] {
    const read = composePort(port, (text) => this.#words(text, port.span));
    if (typeof read !== 'string') return [read];
    this.#report.say(DOCKER_PROBLEMS.badPort, port.span, this.#key, read);
    return [];
  }

  #words(text: string, span: Span | undefined): string {
    return interpolated(text, (name) => {
      this.#report.say(DOCKER_PROBLEMS.unsetVariable, span, name);
    });
  }
}

/** Where a volume is seen within: `SOURCE:TARGET:MODE`, or `TARGET` alone. */
function mountedAt(volume: Tree): string {
  const [first = '', second] = interpolated(volume.text() ?? '', () => undefined).split(':');
  return volume.at('target').text() ?? second ?? first;
}

function pathOf(tmpfs: string): string {
  return tmpfs.split(':')[0] ?? '';
}
