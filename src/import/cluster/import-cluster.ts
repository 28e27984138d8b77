import { ConnectionSet } from '../../cluster/index.ts';
import type { Cluster } from '../../kubernetes/index.ts';
import { AddressSet } from '../../packetset/index.ts';
import { isPart } from './draft-zone.ts';
import { type DraftEnd, type DraftGrant, grantsOf, type NotImported } from './grants.ts';
import { clusterPolicyText } from './write-cluster.ts';
import { ZoneNames } from './zone-names.ts';

export interface ClusterImportInput {
  readonly cluster: Cluster;
  readonly governed: readonly string[]; // namespaces, at least one
  readonly source: string; // for people
  readonly name: string;
}

export interface ImportedClusterPolicy {
  readonly text: string;
  readonly flows: readonly string[]; // names
  readonly leftOut: readonly NotImported[];
}

/** A flow as it is written. */
export interface DraftFlow {
  readonly name: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly services: readonly string[];
}

/** A policy that allows in some namespaces what manifests allow there. Whether it does, others prove. */
export function importCluster({ cluster, governed, source, name }: ClusterImportInput): ImportedClusterPolicy {
  const { grants, leftOut } = grantsOf(cluster, governed);
  const names = new ZoneNames(governed);
  const unsaid: NotImported[] = [];
  const flows = grouped(minimal(grants)).map(({ from, to, ports }): DraftFlow => {
    const services = servicesOf(ports);
    const ends = [...new Set(to.map((end) => names.of(end)))];
    const flow = names.unique(`${names.of(from)}-to-${ends.length === 1 ? ends[0] : `${ends[0]}-and-others`}`);
    return { name: flow, from: names.of(from), to: ends, services };
  });
  for (const { ports, from, to } of grants) {
    const rest = unsaidOf(ports);
    if (!rest.isEmpty)
      unsaid.push({
        text: `${names.of(from)} to ${names.of(to)}`,
        reason: `the policy has no words here for ${rest.toString()}`,
      });
  }
  const said = flows.filter(({ services }) => services.length > 0);
  return {
    text: clusterPolicyText({ name, source, zones: names.zones(), flows: said }),
    flows: said.map((flow) => flow.name),
    leftOut: [...leftOut, ...unsaid],
  };
}

const MOST_COMPARED = 3000; // pairs of more would take longer than anybody waits; the policy is then longer than it need be

/** Without those that others hold. */
function minimal(grants: readonly DraftGrant[]): readonly DraftGrant[] {
  if (grants.length > MOST_COMPARED) return grants;
  const kept: DraftGrant[] = [];
  for (const grant of grants) {
    if (kept.some((other) => holds(other, grant))) continue;
    for (let at = kept.length - 1; at >= 0; at--) if (holds(grant, kept[at]!)) kept.splice(at, 1);
    kept.push(grant);
  }
  return kept;
}

function holds(wide: DraftGrant, narrow: DraftGrant): boolean {
  return wide.ports.includes(narrow.ports) && isWithin(narrow.from, wide.from) && isWithin(narrow.to, wide.to);
}

/** Everybody is everybody outside of the governed namespaces. */
function isWithin(narrow: DraftEnd, wide: DraftEnd): boolean {
  if (wide.kind === 'everybody') return narrow.kind !== 'pods';
  if (narrow.kind === 'pods') return wide.kind === 'pods' && isPart(narrow.zone, wide.zone);
  if (narrow.kind !== 'outside' || wide.kind !== 'outside') return false;
  if (narrow.peer.kind !== 'addresses' || wide.peer.kind !== 'addresses') return false;
  return AddressSet.of(narrow.peer.ranges).subtract(AddressSet.of(wide.peer.ranges)).isEmpty();
}

/** One flow for all that one end opens alike. */
function grouped(
  grants: readonly DraftGrant[],
): { readonly from: DraftEnd; readonly to: readonly DraftEnd[]; readonly ports: ConnectionSet }[] {
  const key = ({ from, ports }: DraftGrant): string => `${JSON.stringify(from, plain)} ${ports.toString()}`;
  return [...Map.groupBy(grants, key).values()].map((alike) => ({
    from: alike[0]!.from,
    to: alike.map(({ to }) => to),
    ports: alike[0]!.ports,
  }));
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  return value instanceof Map ? [...value] : value;
}

const WITH_PORTS = (['TCP', 'UDP', 'SCTP'] as const)
  .map((protocol) => ConnectionSet.of(protocol))
  .reduce((sum, each) => sum.union(each));

function unsaidOf(ports: ConnectionSet): ConnectionSet {
  return ports === ConnectionSet.all ? ConnectionSet.none : ports.subtract(WITH_PORTS);
}

function servicesOf(ports: ConnectionSet): string[] {
  if (ports === ConnectionSet.all) return ['any'];
  return ports
    .allowed()
    .flatMap(({ protocol, ports: text = '1-65535' }) =>
      text.split(',').map((part) => `${protocol.toLowerCase()}/${part}`),
    );
}
