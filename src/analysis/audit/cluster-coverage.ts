import { ConnectionSet, unnamedPorts } from '../../cluster/index.ts';
import { type ClusterPeer, EVERYTHING, type PolicyRule } from '../../kubernetes/index.ts';
import type { AddressRange } from '../../net/index.ts';
import { formatDnsPattern } from '../../net/index.ts';
import { AddressSet } from '../../packetset/index.ts';
import { implies, selectsWithin } from './cluster-selectors.ts';
import type { PlacedRule } from './cluster-view.ts';

/** Ports by number and by name. */
interface Ports {
  readonly numbers: ConnectionSet;
  readonly names: ReadonlySet<string>;
}

/**
 * Rules that together match all that this one does, of those given; `undefined` where they do not, or where it is not plain that they do.
 * What asks for more than is known here covers nothing.
 */
export function covering(rule: PlacedRule, by: readonly PlacedRule[]): readonly PlacedRule[] | undefined {
  const able = by.filter((other) => other.rule.condition === undefined && isAboutSame(rule, other));
  if (able.length === 0 || rule.rule.peers.length === 0) return undefined;
  const used = new Set<PlacedRule>();
  const wanted = portsOf(rule.rule);
  for (const peer of rule.rule.peers) {
    const found = peer.kind === 'addresses' ? ofAddresses(peer.ranges, wanted, able) : ofPeer(peer, wanted, able);
    if (found === undefined) return undefined;
    for (const each of found) used.add(each);
  }
  return [...used];
}

/** The other speaks of all subjects of the rule. */
function isAboutSame(rule: PlacedRule, other: PlacedRule): boolean {
  if (other.direction !== rule.direction || !isSameNetworks(rule, other)) return false;
  if (!selectsWithin(rule.policy.subject, other.policy.subject)) return false;
  const narrowed = other.rule.subject;
  return narrowed === undefined || selectsWithin(rule.rule.subject ?? rule.policy.subject, narrowed);
}

function isSameNetworks({ policy: a }: PlacedRule, { policy: b }: PlacedRule): boolean {
  return a.networks?.join() === b.networks?.join();
}

function ofPeer(peer: ClusterPeer, wanted: Ports, able: readonly PlacedRule[]): readonly PlacedRule[] | undefined {
  const used: PlacedRule[] = [];
  let left = wanted;
  for (const other of able) {
    if (isDone(left)) break;
    if (!other.rule.peers.some((each) => isWithin(peer, each))) continue;
    const rest = without(left, portsOf(other.rule));
    if (rest.numbers !== left.numbers || rest.names.size !== left.names.size) used.push(other);
    left = rest;
  }
  return isDone(left) ? used : undefined;
}

/** Several rules may share the addresses; each of them must then be about all of the ports. */
function ofAddresses(
  ranges: readonly AddressRange[],
  wanted: Ports,
  able: readonly PlacedRule[],
): readonly PlacedRule[] | undefined {
  const used: PlacedRule[] = [];
  let left = AddressSet.of(ranges);
  for (const other of able) {
    if (left.ranges().length === 0) break;
    if (!isDone(without(wanted, portsOf(other.rule)))) continue;
    const covers = other.rule.peers.some(({ kind }) => kind === 'everybody')
      ? left
      : AddressSet.of(other.rule.peers.flatMap((peer) => (peer.kind === 'addresses' ? peer.ranges : [])));
    const rest = left.subtract(covers);
    if (!rest.equals(left)) used.push(other);
    left = rest;
  }
  return left.ranges().length === 0 ? used : undefined;
}

export function isWithin(peer: ClusterPeer, other: ClusterPeer): boolean {
  if (other.kind === 'everybody') return true;
  switch (peer.kind) {
    case 'everybody':
      return false;
    case 'workloads':
      return other.kind === 'workloads' && selectsWithin(peer.workloads, other.workloads);
    case 'addresses':
      return (
        other.kind === 'addresses' &&
        AddressSet.of(peer.ranges).subtract(AddressSet.of(other.ranges)).ranges().length === 0
      );
    case 'names':
      if (other.kind !== 'names') return false;
      return peer.patterns.every((name) =>
        other.patterns.some((each) => formatDnsPattern(each) === formatDnsPattern(name)),
      );
    case 'nodes':
      return other.kind === 'nodes' && implies(peer.nodes, other.nodes);
    case 'api-server':
      return other.kind === 'api-server';
  }
}

/** Every pod of the cluster, or whoever there is. */
export function isEverybody(peer: ClusterPeer): boolean {
  if (peer.kind === 'everybody') return true;
  if (peer.kind !== 'workloads') return false;
  const { namespaces, pods, serviceAccounts = EVERYTHING } = peer.workloads;
  return [namespaces, pods, serviceAccounts].every(({ kind }) => kind === 'everything');
}

function portsOf({ ports }: PolicyRule): Ports {
  if (ports === 'any') return { numbers: ConnectionSet.all, names: new Set() };
  const names = ports.flatMap((port) => (port.kind === 'named' ? [`${port.protocol ?? ''} ${port.name}`] : []));
  return { numbers: unnamedPorts(ports), names: new Set(names) };
}

function without(ports: Ports, taken: Ports): Ports {
  const isAll = taken.numbers === ConnectionSet.all;
  return {
    numbers: ports.numbers.subtract(taken.numbers),
    names: isAll ? new Set() : ports.names.difference(taken.names),
  };
}

function isDone({ numbers, names }: Ports): boolean {
  return numbers.isEmpty && names.size === 0;
}
