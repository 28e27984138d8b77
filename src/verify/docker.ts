import { type Diagnostic, diagnose } from '../diagnostic/index.ts';
import type { ContainerZone, DockerContainer, DockerFacts, PublishedPort } from '../docker/index.ts';
import type { Intent } from '../ir/index.ts';
import { type Family, formatAddress, isLoopback } from '../net/index.ts';
import { AddressSet, DiagramTooLarge, UNWATCHED, type Watcher } from '../packetset/index.ts';
import { DockerPolicy } from './docker-policy.ts';
import { VERIFY_PROBLEMS } from './problems.ts';

/** What Docker is told, before and after something is laid over it, and the policy that it is to fit. */
export interface DockerChange {
  readonly intent: Intent; // resolved with the facts afterwards
  readonly zones: readonly ContainerZone[];
  readonly made: ReadonlySet<string>; // networks that are made by this: others, nobody here can know
  readonly before: DockerFacts;
  readonly after: DockerFacts; // every container with its addresses
}

/**
 * What is wrong with a change of what Docker is told, the packets of the policy being asked:
 *
 *     published to other machines   ⊆  before, and where another machine may open the port
 *     published to this machine     ⊆  before, and where this machine or another one may
 *     published before, and flows lead there: still is
 *
 * and networks are as zones lay them out, closed within where no flow leads from one of their containers to another.
 */
export function dockerFaults(change: DockerChange, watcher: Watcher = UNWATCHED): readonly Diagnostic[] {
  try {
    const policy = new DockerPolicy(change.intent, change.after, change.zones, watcher);
    const faults = [...portFaults(change, policy), ...networkFaults(change, policy)];
    return faults.map((fault) => diagnose(VERIFY_PROBLEMS.beyondPolicy, undefined, fault));
  } catch (error) {
    if (!(error instanceof DiagramTooLarge)) throw error;
    return [diagnose(VERIFY_PROBLEMS.tooLarge, undefined, 'Docker')];
  }
}

/** One port of a container as it is published. */
interface Door {
  readonly port: PublishedPort;
  readonly host: string; // of the machine: the port, or the range that Docker chooses from
  readonly containerPort: number;
  readonly isOpen: boolean; // to other machines
}

function portFaults({ before, after }: DockerChange, policy: DockerPolicy): string[] {
  const earlier = new Map(before.containers.map((container) => [container.name, container]));
  const later = new Map(after.containers.map((container) => [container.name, container]));
  const lost = before.containers
    .filter(({ name, mode }) => mode.kind === 'own' && !later.has(name))
    .map(({ name }) => `the container \`${name}\` is gone`);
  const faults = after.containers
    .filter(({ mode }) => mode.kind === 'own')
    .flatMap((container) => {
      const old = doors(earlier.get(container.name));
      const found = doors(container);
      const [before, now] = [Map.groupBy(old, keyOf), Map.groupBy(found, keyOf)]; // a range may hold every port there is
      return [
        ...found.flatMap((door) => beyond(container, door, before.get(keyOf(door)) ?? [], policy)),
        ...old.flatMap((door) => missing(container, door, now.get(keyOf(door)) ?? [], policy)),
      ].map((fault) => `${fault} (\`${container.name}\`)`);
    });
  return [...new Set([...lost, ...faults])];
}

function doors(container: DockerContainer | undefined): readonly Door[] {
  return (container?.published ?? []).flatMap((port) => {
    const { containerPorts, ports, on } = port;
    const count = containerPorts.last - containerPorts.first + 1;
    return Array.from({ length: count }, (_, index) => ({
      port,
      containerPort: containerPorts.first + index,
      host: ports === undefined ? '' : hostPort(ports, index, count),
      isOpen: on === undefined || !isLoopback(on),
    }));
  });
}

function hostPort({ first, last }: { readonly first: number; readonly last: number }, index: number, count: number) {
  return last - first + 1 === count ? String(first + index) : `${first}-${last}`;
}

/** @param old the same port, as it was before */
function beyond(container: DockerContainer, door: Door, old: readonly Door[], policy: DockerPolicy): string[] {
  const { protocol, families } = door.port;
  if (!old.some((each) => covers(each, door))) return [`${doorText(door)} was not published so before`];
  if (policy.admitsOthers(container, protocol, door.containerPort, families)) return [];
  if (door.isOpen) return [`${doorText(door)} is published, and no flow leads there from another machine`];
  return policy.admitsMachine(container, protocol, door.containerPort, BOTH)
    ? []
    : [`${doorText(door)} is published, and no flow leads there`];
}

function missing(container: DockerContainer, door: Door, found: readonly Door[], policy: DockerPolicy): string[] {
  const { protocol, families } = door.port;
  if (policy.admitsOthers(container, protocol, door.containerPort, families))
    return found.some((each) => covers(each, door)) ? [] : [`${doorText(door)} is not published any more`];
  const isServed = policy.admitsMachine(container, protocol, door.containerPort, families);
  return isServed && found.length === 0 ? [`${doorText(door)} is not published for this machine any more`] : [];
}

const BOTH: readonly Family[] = [4, 6];

/** What is the same for a port however its addresses change. */
function keyOf({ port: { protocol }, containerPort, host }: Door): string {
  return `${protocol} ${containerPort} ${host}`;
}

/** Whether whoever gets in by one got in by the other. Who reaches an address of the machine is this machine for its loopback. */
function covers(wide: Door, narrow: Door): boolean {
  if (!wide.port.families.some((family) => narrow.port.families.includes(family))) return false;
  if (!narrow.isOpen) return wide.isOpen || sameAddress(wide.port, narrow.port);
  if (!narrow.port.families.every((family) => wide.port.families.includes(family))) return false;
  return wide.port.on === undefined || sameAddress(wide.port, narrow.port);
}

function sameAddress({ on: one }: PublishedPort, { on: other }: PublishedPort): boolean {
  return one?.family === other?.family && one?.value === other?.value;
}

function doorText({ port: { protocol, on, families }, host, containerPort }: Door): string {
  const at = on === undefined ? `every address of IPv${families.join(' and IPv')}` : formatAddress(on);
  return `${protocol}/${containerPort} at ${at}, port ${host === '' ? 'any' : host}`;
}

function networkFaults({ zones, made, before, after }: DockerChange, policy: DockerPolicy): string[] {
  const ours = after.networks.filter(({ name }) => made.has(name));
  return ours.flatMap(({ name, subnets, bridge, icc, internal }) => {
    const own = zones.filter(({ network }) => network === name);
    const wanted = AddressSet.of(own.flatMap((zone) => zone.subnets));
    if (wanted.isEmpty()) return [];
    const was = before.networks.find((network) => network.name === name);
    const isElsewhere = own.some((zone) => zone.bridge !== undefined && zone.bridge !== bridge);
    const text = `the network \`${name}\``;
    return [
      ...(AddressSet.of(subnets).equals(wanted) ? [] : [`${text} has other subnets than its zones say`]),
      ...(isElsewhere ? [`${text} has another bridge than its zones say`] : []),
      ...(icc && !policy.admitsBetween(subnets, subnets) ? [`${text} lets its containers speak to each other`] : []),
      ...(internal && was?.internal !== true && policy.admitsOut(subnets) ? [`${text} has no way out any more`] : []),
    ];
  });
}
