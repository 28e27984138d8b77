import type { DaemonFacts, DockerContainer, DockerFacts, DockerNetwork } from '../../docker/index.ts';
import { formatRange } from '../../net/index.ts';
import { AddressSet } from '../../packetset/index.ts';
import { placesOf } from './docker-place.ts';
import type { Finding } from './finding.ts';
import { finding } from './finding.ts';
import type { AttachedNetwork } from './host-facts.ts';
import { CONTAINERS, DAEMON } from './kinds-docker.ts';
import { list } from './words.ts';

/** How the networks of containers are laid out. What nobody said of a network is not supposed. */
export function networkFindings(
  { networks, containers, daemon }: DockerFacts,
  attached: readonly AttachedNetwork[],
): Finding[] {
  return [
    ...networks.flatMap((network) => open(network, containers, daemon)),
    ...overlaps(networks),
    ...networks.flatMap((network) => lanOverlaps(network, attached)),
  ];
}

/** With what lies behind the machine's other interfaces. */
function lanOverlaps(
  { name, bridge, driver, subnets, span }: DockerNetwork,
  attached: readonly AttachedNetwork[],
): Finding[] {
  if (driver !== 'bridge') return []; // others are such a network, or on one
  return attached.flatMap(({ interface: through, addresses }) => {
    const common = AddressSet.of(subnets)
      .intersect(AddressSet.of([addresses]))
      .ranges();
    // What lies behind the bridge is the network itself; one that Compose has yet to make has no bridge.
    if (common.length === 0 || through === bridge || (bridge === undefined && /^br-|^docker\d/.test(through)))
      return [];
    const particulars = { subject: `${name} ${through}`, origins: placesOf(span) };
    return [finding(DAEMON.lanOverlap, particulars, name, through, list(common.map(formatRange)))];
  });
}

/** Bridges only: others have no such switch. */
function open(network: DockerNetwork, containers: readonly DockerContainer[], daemon: DaemonFacts): Finding[] {
  const { name, driver, span } = network;
  const isDefault = name === 'bridge';
  if (driver !== 'bridge' || !network.icc || (isDefault && daemon.icc === false)) return [];
  const members = containers.filter(
    ({ isRunning, mode, attachments }) =>
      isRunning && mode.kind === 'own' && attachments.some((each) => each.network === name),
  );
  if (members.length < 2) return [];
  const names = list(members.map((each) => `\`${each.name}\``));
  const particulars = { subject: name, origins: placesOf(span, ...(span === undefined ? members.map(spanOf) : [])) };
  return isDefault
    ? [finding(CONTAINERS.defaultBridge, particulars, names)]
    : [finding(CONTAINERS.openNetwork, particulars, name, names)];
}

function spanOf({ span }: DockerContainer) {
  return span;
}

/** Also with the networks of others that containers stand in (macvlan, ipvlan). */
function overlaps(networks: readonly DockerNetwork[]): Finding[] {
  const all = networks.map((network) => ({ network, set: AddressSet.of(network.subnets) }));
  return all.flatMap(({ network: a, set }, index) =>
    all.slice(index + 1).flatMap(({ network: b, set: other }) => {
      const common = set.intersect(other).ranges();
      if (common.length === 0) return [];
      const particulars = { subject: `${a.name} ${b.name}`, origins: placesOf(a.span, b.span) };
      return [finding(DAEMON.overlap, particulars, a.name, b.name, list(common.map(formatRange)))];
    }),
  );
}
