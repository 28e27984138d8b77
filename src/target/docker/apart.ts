import { type Diagnostic, diagnose } from '../../diagnostic/index.ts';
import type { DockerFacts } from '../../docker/index.ts';
import type { Intent, Peer } from '../../ir/index.ts';
import { AddressSet } from '../../packetset/index.ts';
import { DOCKER_RENDER_PROBLEMS } from './problems.ts';

/** Flows from containers of one network to those of another alone: Docker drops them (DOCKER-ISOLATION), whatever the policy says. */
export function flowsBetween({ networks }: DockerFacts, { grants }: Intent): Diagnostic[] {
  const known = networks.map(({ name, subnets }) => ({ name, own: AddressSet.of(subnets) }));
  const homesOf = (peers: readonly Peer[]): ReadonlySet<string> =>
    new Set(known.filter(({ own }) => peers.some((peer) => isWithin(peer, own))).map(({ name }) => name));
  return grants.flatMap(({ name, from, to, origin }) => {
    const [senders, receivers] = [homesOf(from), homesOf(to)];
    const apart = [...senders].filter((each) => receivers.size > 0 && !receivers.has(each));
    const [target] = receivers;
    return target === undefined
      ? []
      : apart.map((each) => diagnose(DOCKER_RENDER_PROBLEMS.apart, origin.span, name, each, target));
  });
}

function isWithin(peer: Peer, own: AddressSet): boolean {
  if (peer.kind !== 'remote' || peer.ranges.length === 0) return false;
  return AddressSet.of(peer.ranges).subtract(own).isEmpty();
}
