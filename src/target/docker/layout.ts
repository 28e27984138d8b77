import { type Diagnostic, diagnose } from '../../diagnostic/index.ts';
import type {
  Attachment,
  ComposeNetwork,
  ComposeProject,
  ComposeService,
  ContainerZone,
  DockerFacts,
  DockerNetwork,
} from '../../docker/index.ts';
import { type AddressRange, type Prefix, prefixRange, rangePrefixes } from '../../net/index.ts';
import { AddressSet } from '../../packetset/index.ts';
import type { Span } from '../../source/index.ts';
import { type Membership, membershipsOf, type Placement, placementProblems } from './members.ts';
import { DOCKER_RENDER_PROBLEMS } from './problems.ts';

/** A network that the policy lays out. */
export interface LaidOutNetwork {
  readonly name: string;
  readonly zones: readonly string[]; // that are told by it
  readonly subnets: readonly Prefix[]; // one of each family at most
  readonly bridge?: string;
  readonly key?: string; // in the Compose file
  readonly maker: 'compose' | 'command'; // one of them: Compose refuses networks that others have made as its own
}

/** What Docker will run once it is told, as far as that follows from who is in which zone: whom flows let in is not asked. */
export interface Layout {
  readonly project?: ComposeProject;
  readonly networks: readonly LaidOutNetwork[];
  readonly joins: ReadonlyMap<string, readonly LaidOutNetwork[]>; // by the key of the service: networks that it is put on
  readonly facts: DockerFacts;
  readonly diagnostics: readonly Diagnostic[];
}

/** Puts every service of a zone that lays out its network on that network. */
export function layOut(
  found: DockerFacts,
  project: ComposeProject | undefined,
  zones: readonly ContainerZone[],
  placements: readonly Placement[],
): Layout {
  const wanted = wantedNetworks(zones);
  const laidOut = new Set(wanted.map(({ name }) => name));
  const diagnostics = placementProblems(placements, project, zones, laidOut);
  const members = new Map(
    (project?.services ?? []).map((service) => [service, membershipsOf(service, zones, laidOut, placements)]),
  );
  for (const [{ key, borrowsNetwork, container }, zonesOf] of members) {
    for (const { zone } of borrowsNetwork ? zonesOf : [])
      diagnostics.push(diagnose(DOCKER_RENDER_PROBLEMS.borrowed, container.span, key, zone));
  }
  const networks = wanted.flatMap((each) => {
    const network = placed(each, project, [...members]);
    const problem = problemOf(each, project);
    if (problem !== undefined)
      diagnostics.push(diagnose(DOCKER_RENDER_PROBLEMS.badNetwork, each.span, each.name, problem));
    return problem === undefined ? [network] : [];
  });
  const joins = new Map(
    [...members].flatMap(([service, zonesOf]) => {
      const names = new Set(service.borrowsNetwork ? [] : zonesOf.map(({ network }) => network));
      const own = networks.filter(({ name, key }) => names.has(name) && key !== undefined && !isOn(service, name));
      return own.length === 0 ? [] : [[service.key, own] as const];
    }),
  );
  return {
    ...(project === undefined ? {} : { project }),
    networks,
    joins,
    facts: factsAfter(found, project, networks, joins),
    diagnostics,
  };
}

interface Wanted {
  readonly name: string;
  readonly span: Span;
  readonly zones: readonly string[];
  readonly ranges: readonly AddressRange[];
  readonly bridges: readonly string[];
}

/** What several zones say of one network is one network. */
function wantedNetworks(zones: readonly ContainerZone[]): Wanted[] {
  const byName = Map.groupBy(zones, ({ network }) => network);
  return [...byName].flatMap(([name, own]) => {
    const ranges = AddressSet.of(own.flatMap(({ subnets }) => subnets)).ranges();
    const [first] = own;
    if (name === undefined || first === undefined || ranges.length === 0) return [];
    const bridges = [...new Set(own.flatMap(({ bridge }) => bridge ?? []))];
    return [{ name, span: first.span, zones: own.map((zone) => zone.name), ranges, bridges }];
  });
}

function isOn({ container }: ComposeService, network: string): boolean {
  return container.attachments.some((attachment) => attachment.network === network);
}

function placed(
  { name, zones, ranges, bridges: [bridge] }: Wanted,
  project: ComposeProject | undefined,
  members: readonly (readonly [ComposeService, readonly Membership[]])[],
): LaidOutNetwork {
  const declared = project?.networks.find(({ facts }) => facts.name === name);
  const isUsed = members.some(
    ([service, own]) => isOn(service, name) || (!service.borrowsNetwork && own.some(({ network }) => network === name)),
  );
  const key = declared?.key ?? (isUsed ? freeKey(name, project?.networks ?? []) : undefined);
  return {
    name,
    zones,
    subnets: ranges.flatMap(rangePrefixes),
    ...(bridge === undefined ? {} : { bridge }),
    ...(key === undefined ? {} : { key }),
    maker: key === undefined || declared?.external === true ? 'command' : 'compose',
  };
}

function freeKey(name: string, networks: readonly ComposeNetwork[]): string {
  let key = name;
  while (networks.some((each) => each.key === key)) key = `portcullis-${key}`;
  return key;
}

/** Names: daemon/names of moby. One prefix of each family: drivers/bridge of libnetwork. */
function problemOf({ name, ranges, bridges }: Wanted, project: ComposeProject | undefined): string | undefined {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name)) return 'that is no name for one';
  const prefixes = ranges.map(rangePrefixes);
  if (prefixes.some(({ length }) => length !== 1)) return 'its subnets are no prefixes';
  for (const family of [4, 6] as const) {
    if (ranges.filter((range) => range.family === family).length > 1) return `it has several subnets of IPv${family}`;
  }
  if (bridges.length > 1) return `zones give it several bridges: ${bridges.map((each) => `\`${each}\``).join(', ')}`;
  const declared = project?.networks.find(({ facts }) => facts.name === name);
  if (declared !== undefined && declared.facts.driver !== 'bridge')
    return `the Compose file makes it with the driver \`${declared.facts.driver}\``;
  return undefined;
}

function factsAfter(
  found: DockerFacts,
  project: ComposeProject | undefined,
  networks: readonly LaidOutNetwork[],
  joins: Layout['joins'],
): DockerFacts {
  const names = new Set(networks.map(({ name }) => name));
  const services = new Map(project?.services.map((service) => [service.container, service]));
  return {
    ...found,
    networks: [...found.networks.filter(({ name }) => !names.has(name)), ...networks.map(networkFacts)],
    containers: found.containers.map((container) => {
      const service = services.get(container);
      const joined = service === undefined ? [] : (joins.get(service.key) ?? []);
      if (service === undefined || joined.length === 0) return container;
      const added = joined.map(({ name }): Attachment => ({ network: name, addresses: [] }));
      return { ...container, attachments: service.namesNetworks ? [...container.attachments, ...added] : added };
    }),
  };
}

function networkFacts({ name, bridge, subnets }: LaidOutNetwork): DockerNetwork {
  const ranges = subnets.map(prefixRange);
  return {
    name,
    driver: 'bridge',
    subnets: ranges,
    internal: false,
    icc: true,
    masquerade: true,
    ...(bridge === undefined ? {} : { bridge }),
  };
}
