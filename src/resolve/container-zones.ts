import type { ContainerZone } from '../docker/index.ts';
import type { ZoneDeclaration } from '../policy/index.ts';
import { isMeant, namesContainers } from './containers.ts';

/** The zones of a policy that Docker recognises, for those who write what Docker is told. */
export function containerZones(zones: readonly ZoneDeclaration[]): readonly ContainerZone[] {
  return zones.flatMap(({ name, span, elsewhere: { docker } }) => {
    if (docker === undefined) return [];
    const { network, subnets = [], bridge } = docker;
    return [
      {
        name,
        span,
        ...(network === undefined ? {} : { network }),
        subnets: subnets.map(({ value }) => value),
        ...(bridge === undefined ? {} : { bridge: bridge.value }),
        namesContainers: namesContainers(docker),
        includes: (container) => isMeant(container, docker),
      },
    ];
  });
}
