import { type ClusterEnd, type ClusterGrant, type ClusterPeer, EVERYTHING } from '../../kubernetes/index.ts';
import { range } from '../../net/index.ts';
import { AddressSet } from '../../packetset/index.ts';
import type { Findings } from './findings.ts';
import type { Direction } from './sides.ts';

/** Where pods and nodes have their addresses, as a rule: RFC 1918, RFC 6598, RFC 4193. */
const INSIDE = AddressSet.of(['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'].map(range));

const INSIDERS: readonly ClusterPeer[] = [
  { kind: 'workloads', workloads: { namespaces: EVERYTHING, pods: EVERYTHING } },
  { kind: 'nodes', nodes: EVERYTHING },
  { kind: 'api-server' },
];

/** Of products that compare addresses, whoever has them. */
export function remarkInside(
  findings: Findings,
  title: string,
  { zone, peer }: ClusterEnd,
  grant: ClusterGrant,
  direction: Direction,
): void {
  if (peer.kind !== 'addresses' || AddressSet.of(peer.ranges).intersect(INSIDE).isEmpty()) return;
  findings.approximate(grant, {
    effect: 'wider',
    ...(direction === 'egress' ? { to: INSIDERS } : { from: INSIDERS }),
    sentence: `${title} compares addresses, whoever has them: pods and nodes in the blocks of ${zone} are meant by the flow ${grant.name}, too`,
    help: 'take the networks of pods and nodes out of the zone with `except`',
  });
}
