import { type Diagnostic, diagnose } from '../../diagnostic/index.ts';
import type { ComposeProject, ComposeService, ContainerZone } from '../../docker/index.ts';
import { DOCKER_RENDER_PROBLEMS } from './problems.ts';

/** Where the user wants a service: a zone that is a network cannot say itself who is to be on it. */
export interface Placement {
  readonly service: string; // its key
  readonly zone: string;
}

/** A network that a service is to be on, for a zone. */
export interface Membership {
  readonly zone: string;
  readonly network: string;
}

/** @param laidOut names of networks that zones lay out */
export function membershipsOf(
  { key, container }: ComposeService,
  zones: readonly ContainerZone[],
  laidOut: ReadonlySet<string>,
  placements: readonly Placement[],
): readonly Membership[] {
  return zones.flatMap(({ name, network, namesContainers, includes }): Membership[] => {
    if (network === undefined || !laidOut.has(network)) return [];
    const isPut = placements.some(({ service, zone }) => service === key && zone === name);
    return isPut || (namesContainers && includes(container)) ? [{ zone: name, network }] : [];
  });
}

/** What is wrong with where the user wants services. */
export function placementProblems(
  placements: readonly Placement[],
  project: ComposeProject | undefined,
  zones: readonly ContainerZone[],
  laidOut: ReadonlySet<string>,
): Diagnostic[] {
  return placements.flatMap(({ service, zone }) => {
    const text = `${service}=${zone}`;
    if (project?.services.some(({ key }) => key === service) !== true)
      return [
        diagnose(DOCKER_RENDER_PROBLEMS.noPlace, undefined, text, `no Compose file has a service \`${service}\``),
      ];
    const network = zones.find(({ name }) => name === zone)?.network;
    return network !== undefined && laidOut.has(network)
      ? []
      : [diagnose(DOCKER_RENDER_PROBLEMS.noPlace, undefined, text, `no zone \`${zone}\` lays out a network`)];
  });
}
