import {
  type Cluster,
  type ClusterPeer,
  type ClusterPolicy,
  type ContainerPort,
  matches,
  type PolicyRule,
  type PortMatch,
  type WorkloadSelector,
} from '../kubernetes/index.ts';
import { highestAddress } from '../net/index.ts';
import { AddressSet } from '../packetset/index.ts';
import type { Connection } from './connection-set.ts';
import { type End, seenOf } from './end.ts';
import { covers } from './names.ts';

/** Whether something matches: `maybe` where that depends on what is not known here. */
export type Likeness = 'yes' | 'maybe' | 'no';

export function isSelected(
  cluster: Cluster,
  selector: WorkloadSelector,
  end: End,
  seesHostNetwork: boolean | undefined,
): boolean {
  if (end.kind === 'workload' && end.workload.hostNetwork && seesHostNetwork !== true) return false;
  const seen = seenOf(end, cluster.namespaces);
  return (
    seen !== undefined &&
    matches(selector.namespaces, seen.namespace) &&
    matches(selector.pods, seen.labels) &&
    (selector.serviceAccounts === undefined || matches(selector.serviceAccounts, seen.serviceAccount))
  );
}

/** Whether the rule is about a connection between the policy's subject and this peer; `to` is who is reached. */
export function ruleMatches(
  cluster: Cluster,
  policy: ClusterPolicy,
  rule: PolicyRule,
  subject: End,
  peer: End,
  to: End,
  connection: Connection,
): Likeness {
  if (rule.subject !== undefined && !isSelected(cluster, rule.subject, subject, policy.seesHostNetwork)) return 'no';
  const peers = anyOf(rule.peers.map((each) => peerMatches(cluster, policy, each, peer)));
  const ports = rule.ports === 'any' ? 'yes' : anyOf(rule.ports.map((port) => portMatches(port, to, connection)));
  const both = peers === 'no' || ports === 'no' ? 'no' : peers === 'yes' && ports === 'yes' ? 'yes' : 'maybe';
  return both === 'yes' && rule.condition !== undefined ? 'maybe' : both;
}

function anyOf(parts: readonly Likeness[]): Likeness {
  return parts.includes('yes') ? 'yes' : parts.includes('maybe') ? 'maybe' : 'no';
}

function peerMatches(cluster: Cluster, policy: ClusterPolicy, peer: ClusterPeer, end: End): Likeness {
  const isHost = end.kind === 'workload' && end.workload.hostNetwork;
  switch (peer.kind) {
    case 'everybody':
      return 'yes';
    case 'workloads':
      return isSelected(cluster, peer.workloads, end, policy.seesHostNetwork) ? 'yes' : 'no';
    case 'addresses': {
      const set = AddressSet.of(peer.ranges);
      if (end.kind === 'addresses') {
        const asked = AddressSet.of([end.range]);
        const common = asked.intersect(set);
        return common.isEmpty() ? 'no' : common.equals(asked) ? 'yes' : 'maybe';
      }
      const isSomewhere =
        end.kind === 'name' ||
        end.kind === 'node' ||
        end.kind === 'api-server' ||
        (isHost && policy.seesHostNetwork !== true);
      return !isSomewhere || set.isEmpty() ? 'no' : isEverywhere(set) ? 'yes' : 'maybe';
    }
    case 'names':
      if (end.kind === 'name') return peer.patterns.some((pattern) => covers(pattern, end.name)) ? 'yes' : 'no';
      return end.kind === 'addresses' ? 'maybe' : 'no';
    case 'nodes':
      if (end.kind !== 'node' && !isHost) return 'no';
      return peer.nodes.kind === 'everything' ? 'yes' : peer.nodes.kind === 'nothing' ? 'no' : 'maybe';
    case 'api-server':
      if (end.kind === 'api-server') return 'yes';
      return end.kind === 'addresses' || end.kind === 'node' || isHost ? 'maybe' : 'no';
  }
}

function portMatches(port: PortMatch, to: End, connection: Connection): Likeness {
  switch (port.kind) {
    case 'ports':
      return connection.protocol === port.protocol && port.first <= connection.port && connection.port <= port.last
        ? 'yes'
        : 'no';
    case 'named': {
      if (connection.protocol === 'other') return 'no';
      if (port.protocol !== undefined && port.protocol !== connection.protocol) return 'no';
      // Its ports are not known yet; ICMP has none to name.
      if (to.kind === 'new-workload') return connection.protocol.startsWith('ICMP') ? 'no' : 'maybe';
      const own: readonly ContainerPort[] = to.kind === 'workload' ? to.workload.ports : [];
      const has = own.some(
        ({ name, protocol, port: number }) =>
          name === port.name && protocol === connection.protocol && number === connection.port,
      );
      return has ? 'yes' : 'no';
    }
    case 'protocol':
      return port.number === numberOf(connection) ? 'yes' : 'no';
  }
}

/** IANA, Assigned Internet Protocol Numbers. */
function numberOf({ protocol, port }: Connection): number {
  switch (protocol) {
    case 'TCP':
      return 6;
    case 'UDP':
      return 17;
    case 'SCTP':
      return 132;
    case 'ICMP':
      return 1;
    case 'ICMPv6':
      return 58;
    case 'other':
      return port;
  }
}

function isEverywhere(set: AddressSet): boolean {
  return ([4, 6] as const).every((family) => {
    const [only, more] = set.of(family).intervals;
    return only?.first === 0n && only.last === highestAddress(family) && more === undefined;
  });
}
