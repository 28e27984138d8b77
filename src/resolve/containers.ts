import { COMPOSE_PROJECT, COMPOSE_SERVICE, type DockerContainer, type DockerFacts } from '../docker/index.ts';
import type { Peer } from '../ir/index.ts';
import { type Address, type AddressRange, addressRange } from '../net/index.ts';
import { AddressSet } from '../packetset/index.ts';
import type { DockerRecognition, Labels, Reporter, ZoneDeclaration } from '../policy/index.ts';
import { RESOLVE_PROBLEMS } from './problems.ts';

/**
 * The part of a zone that Docker recognises, as packets show it to this machine: addresses behind a bridge. A network is its subnets, a
 * container the addresses that it has on its networks.
 * @returns undefined where nobody knows: that is not the same as nobody being there
 */
export function containerPeers(
  zone: ZoneDeclaration,
  known: () => DockerFacts | undefined,
  report: Reporter,
): readonly Peer[] | undefined {
  const asked = zone.elsewhere.docker;
  if (asked === undefined) return undefined;
  const declared = declaredNetwork(asked);
  if (declared !== undefined && !namesContainers(asked)) return [declared];
  const facts = known();
  if (facts === undefined) return undefined;
  if (asked.network !== undefined && !facts.networks.some(({ name }) => name === asked.network)) {
    const names = facts.networks.map(({ name }) => name);
    return report.say(RESOLVE_PROBLEMS.noSuchNetwork, zone.span, asked.network, report.suggest(asked.network, names));
  }
  return namesContainers(asked) ? ofContainers(zone, asked, facts, report) : ofNetwork(zone, facts, report);
}

/** Whether a zone is some containers, rather than a network. */
export function namesContainers({ container, labels, project, service }: DockerRecognition): boolean {
  return [container, labels, project, service].some((each) => each !== undefined);
}

/** A network that the policy itself lays out: nobody need be asked. */
function declaredNetwork({ subnets = [], bridge }: DockerRecognition): Peer | undefined {
  if (subnets.length === 0) return undefined;
  return behind(
    bridge?.value,
    subnets.map(({ value }) => value),
  );
}

function behind(bridge: string | undefined, ranges: readonly AddressRange[]): Extract<Peer, { kind: 'remote' }> {
  return {
    kind: 'remote',
    ranges: AddressSet.of(ranges).ranges(),
    ...(bridge === undefined ? {} : { interfaces: [{ name: bridge, wildcard: false }] }),
  };
}

function ofNetwork(
  { span, elsewhere }: ZoneDeclaration,
  { networks }: DockerFacts,
  report: Reporter,
): readonly Peer[] | undefined {
  const found = networks.filter(({ name }) => name === elsewhere.docker?.network);
  const [unknown] = found.filter(({ subnets }) => subnets.length === 0);
  if (unknown !== undefined) return report.say(RESOLVE_PROBLEMS.noSubnet, span, unknown.name);
  return found.map(({ bridge, subnets }) => behind(bridge, subnets));
}

function ofContainers(
  { span, name: zone }: ZoneDeclaration,
  asked: DockerRecognition,
  facts: DockerFacts,
  report: Reporter,
): readonly Peer[] {
  const meant = facts.containers.filter((container) => container.isRunning && isMeant(container, asked));
  if (meant.length === 0) report.say(RESOLVE_PROBLEMS.noContainer, span, zone);
  const bridges = bridgesOf(facts);
  const peers = meant.flatMap((container) => {
    if (container.mode.kind === 'host' || container.mode.kind === 'container') {
      report.say(RESOLVE_PROBLEMS.borrowedNetwork, span, container.name, container.mode.kind);
    }
    for (const { network, addresses } of container.attachments) {
      if (addresses.length === 0) report.say(RESOLVE_PROBLEMS.noAddress, span, container.name, network);
    }
    return placesOf(container, asked, bridges).map(({ bridge, address }) => ({
      ...behind(bridge, [addressRange(address)]),
      ...(bridge === undefined ? {} : { live: zone }), // where nobody knows the bridge yet, nobody can follow
    }));
  });
  // A zone in which nobody is now keeps its place in the rules: somebody may come.
  return peers.length === 0 ? [{ kind: 'remote', ranges: [], live: zone }] : peers;
}

/** Where a container is met. */
export interface ContainerPlace {
  readonly bridge: string | undefined; // absent where the daemon has yet to choose it
  readonly address: Address;
}

/** The places of a container that a zone means: none where it is not one of them. */
export function placesInZone(
  container: DockerContainer,
  asked: DockerRecognition,
  bridges: ReadonlyMap<string, string>,
): readonly ContainerPlace[] {
  return container.isRunning && isMeant(container, asked) ? placesOf(container, asked, bridges) : [];
}

function placesOf(
  { attachments }: DockerContainer,
  asked: DockerRecognition,
  bridges: ReadonlyMap<string, string>,
): readonly ContainerPlace[] {
  return attachments
    .filter(({ network }) => asked.network === undefined || network === asked.network)
    .flatMap(({ network, addresses }) => addresses.map((address) => ({ bridge: bridges.get(network), address })));
}

/** The interface of each network, by its name. */
export function bridgesOf({ networks }: DockerFacts): ReadonlyMap<string, string> {
  return new Map(networks.flatMap(({ name, bridge }) => (bridge === undefined ? [] : [[name, bridge] as const])));
}

export function isMeant({ name, labels }: DockerContainer, asked: DockerRecognition): boolean {
  return (
    (asked.container === undefined || asked.container.includes(name)) &&
    (asked.project === undefined || labels.get(COMPOSE_PROJECT) === asked.project) &&
    (asked.service === undefined || asked.service.includes(labels.get(COMPOSE_SERVICE) ?? '')) &&
    hasLabels(labels, asked.labels)
  );
}

function hasLabels(labels: ReadonlyMap<string, string>, wanted: Labels = new Map()): boolean {
  return [...wanted].every(([key, value]) => labels.get(key) === value);
}
