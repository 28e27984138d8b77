import type { DockerFacts, DockerNetwork, PublishedPort } from '../../docker/index.ts';
import {
  type Address,
  type AddressRange,
  type Family,
  formatAddress,
  isLoopback,
  type PortRange,
} from '../../net/index.ts';
import type { Span } from '../../source/index.ts';
import type { DockerPort } from './host-facts.ts';

/** A port of the machine that leads to a container, for other machines: not one of loopback's. */
export interface Published {
  readonly container: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly ports?: PortRange; // of the machine; absent: Docker chooses
  readonly containerPorts: PortRange; // as many, or one
  readonly on?: Address; // absent: all of the machine's
  readonly families: readonly Family[];
  readonly targets: readonly Address[]; // of the container; none where nobody knows yet
  readonly subnets: readonly AddressRange[]; // that its addresses will be of; none where nobody knows
  readonly bridge?: string; // the interface that leads to it
  readonly span?: Span;
}

/** Those of containers that run, and those that only facts of the machine tell of. */
export function publishedPorts(docker: DockerFacts | undefined, ports: readonly DockerPort[]): Published[] {
  const known = new Set(docker?.containers.map(({ name }) => name));
  const others = ports.filter(({ container }) => !known.has(container));
  const all = [...(docker === undefined ? [] : ofContainers(docker)), ...ofFacts(others)];
  return all.filter(({ on }) => on === undefined || !isLoopback(on));
}

function ofContainers(docker: DockerFacts): Published[] {
  const networks = new Map(docker.networks.map((network) => [network.name, network]));
  return docker.containers
    .filter(({ isRunning, mode }) => isRunning && mode.kind === 'own')
    .flatMap((container) => {
      const attached = container.attachments.filter(({ network }) => publishes(networks.get(network)));
      if (attached.length === 0 && container.attachments.length > 0) return [];
      const known = attached.flatMap(({ network }) => networks.get(network) ?? []);
      const bridge = known.find((network) => network.bridge !== undefined)?.bridge;
      const isLaidOut = known.length === attached.length && known.every(({ subnets }) => subnets.length > 0);
      return merged(container.published.map((port) => whereFrom(docker, port))).map((port) => ({
        ...port,
        container: container.name,
        targets: attached.flatMap(({ addresses }) => addresses),
        subnets: isLaidOut ? known.flatMap(({ subnets }) => subnets) : [],
        ...(bridge === undefined ? {} : { bridge }),
      }));
    });
}

/** Networks without a way out have no ports; containers of the others that are no bridges have addresses of their own outside. */
function publishes(network: DockerNetwork | undefined): boolean {
  return network === undefined || (!network.internal && ['bridge', 'overlay'].includes(network.driver));
}

/** The daemon may have an address for those that name none (`ip` of daemon.json). */
function whereFrom({ daemon: { publishesOn } }: DockerFacts, port: PublishedPort): PublishedPort {
  if (port.on !== undefined || port.families.length < 2 || publishesOn === undefined || publishesOn.value === 0n)
    return port;
  return { ...port, on: publishesOn, families: [publishesOn.family] };
}

const LEAST_RANGE = 5; // ports: fewer in a row are more likely services of their own

/** The daemon lists each port of a range by itself. */
function merged(all: readonly PublishedPort[]): PublishedPort[] {
  const runs: PublishedPort[][] = [];
  const waiting = new Map<string, PublishedPort[]>(); // runs, by the port that would continue them
  for (const port of all.toSorted((a, b) => (a.ports?.first ?? 0) - (b.ports?.first ?? 0))) {
    const run = waiting.get(stepKey(port, port.ports?.first, port.containerPorts.first)) ?? [];
    if (run.length === 0) runs.push(run);
    run.push(port);
    if (port.ports !== undefined) waiting.set(stepKey(port, port.ports.last + 1, port.containerPorts.last + 1), run);
  }
  return runs.flatMap((run) => (run.length < LEAST_RANGE ? run : [joined(run[0]!, run.at(-1)!)]));
}

function stepKey({ protocol, families, on }: PublishedPort, port: number | undefined, containerPort: number): string {
  return [protocol, families.join('+'), addressText(on), port, containerPort].join(' ');
}

function joined(from: PublishedPort, to: PublishedPort): PublishedPort {
  if (from.ports === undefined || to.ports === undefined) return from;
  return {
    ...from,
    ports: { first: from.ports.first, last: to.ports.last },
    containerPorts: { first: from.containerPorts.first, last: to.containerPorts.last },
  };
}

function addressText(address: Address | undefined): string {
  return address === undefined ? '' : formatAddress(address);
}

/** Facts of a machine name each address of a container by itself. */
function ofFacts(ports: readonly DockerPort[]): Published[] {
  const key = ({ container, protocol, port, address }: DockerPort): string =>
    JSON.stringify([container, protocol, port, addressText(address)]);
  return [...Map.groupBy(ports, key).values()].map((alike) => {
    const { container, protocol, port, address, containerPort, bridge } = alike[0]!;
    const targets = alike.map(({ containerAddress }) => containerAddress);
    return {
      container,
      protocol,
      ports: { first: port, last: port },
      containerPorts: { first: containerPort, last: containerPort },
      families: ([4, 6] as const).filter((family) => targets.some((target) => target.family === family)),
      targets,
      subnets: [],
      ...(address === undefined ? {} : { on: address }),
      ...(bridge === undefined ? {} : { bridge }),
    };
  });
}

/** The port of the container that the machine's nth leads to; of a range that leads to one port, Docker chooses a part. */
export function containerPortOf({ first, last }: PortRange, index: number): number {
  return Math.min(first + index, last);
}

/** What Docker tells of its ports, in the words of facts of a machine. */
export function dockerPortsOf(docker: DockerFacts): DockerPort[] {
  return ofContainers(docker).flatMap(
    ({ protocol, ports, containerPorts, targets, families, on, container, bridge }) => {
      if (protocol === 'sctp' || ports === undefined) return [];
      return Array.from({ length: ports.last - ports.first + 1 }, (_, index) => index).flatMap((index) =>
        targets
          .filter(({ family }) => families.includes(family))
          .map(
            (containerAddress): DockerPort => ({
              protocol,
              port: ports.first + index,
              ...(on === undefined ? {} : { address: on }),
              container,
              containerAddress,
              containerPort: containerPortOf(containerPorts, index),
              ...(bridge === undefined ? {} : { bridge }),
            }),
          ),
      );
    },
  );
}
