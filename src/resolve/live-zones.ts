import type { DockerContainer, DockerFacts } from '../docker/index.ts';
import type { DockerRecognition, ZoneDeclaration } from '../policy/index.ts';
import { bridgesOf, type ContainerPlace, namesContainers, placesInZone } from './containers.ts';

/** A container of a zone: behind which interface, at which address. */
export interface ZonePlace extends ContainerPlace {
  readonly zone: string;
  readonly bridge: string;
}

/** Who is in which zone of containers, kept as containers come and go. What it costs to follow one does not depend on how many there are. */
export class LiveZones {
  readonly #zones: readonly (readonly [name: string, asked: DockerRecognition])[];
  readonly #places = new Map<string, readonly ZonePlace[]>(); // by container
  #bridges: ReadonlyMap<string, string> = new Map();

  constructor(zones: readonly ZoneDeclaration[]) {
    this.#zones = zones.flatMap(({ name, elsewhere: { docker } }) =>
      docker === undefined || !namesContainers(docker) ? [] : [[name, docker] as const],
    );
  }

  get names(): readonly string[] {
    return this.#zones.map(([name]) => name);
  }

  learnNetworks(facts: DockerFacts): void {
    this.#bridges = bridgesOf(facts);
  }

  /** Whether each network that a container is on is known. */
  knowsNetworksOf({ attachments }: DockerContainer): boolean {
    return attachments.every(({ network }) => this.#bridges.has(network) || network === 'host' || network === 'none');
  }

  /** @returns what came and what went */
  put(
    id: string,
    container: DockerContainer | undefined,
  ): { readonly came: readonly ZonePlace[]; readonly went: readonly ZonePlace[] } {
    const before = this.#places.get(id) ?? [];
    const after = container === undefined ? [] : this.#placesOf(container);
    if (after.length === 0) this.#places.delete(id);
    else this.#places.set(id, after);
    return { came: without(after, before), went: without(before, after) };
  }

  all(): readonly ZonePlace[] {
    return [...this.#places.values()].flat();
  }

  #placesOf(container: DockerContainer): readonly ZonePlace[] {
    return this.#zones.flatMap(([zone, asked]) =>
      placesInZone(container, asked, this.#bridges).flatMap(({ bridge, address }) =>
        bridge === undefined ? [] : [{ zone, bridge, address }],
      ),
    );
  }
}

function without(all: readonly ZonePlace[], others: readonly ZonePlace[]): readonly ZonePlace[] {
  const isSame = (one: ZonePlace, other: ZonePlace): boolean =>
    one.zone === other.zone &&
    one.bridge === other.bridge &&
    one.address.family === other.address.family &&
    one.address.value === other.address.value;
  return all.filter((each) => !others.some((other) => isSame(each, other)));
}
