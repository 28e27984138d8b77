import {
  type ClusterEnd,
  type ClusterGrant,
  type ClusterPeer,
  NAMESPACE_NAME,
  objectName,
  type PortMatch,
} from '../../kubernetes/index.ts';
import { formatDnsPattern } from '../../net/index.ts';
import { prefixesOf } from '../cluster/blocks.ts';
import type { Findings } from '../cluster/findings.ts';
import type { ManifestObject, ObjectTree } from '../cluster/manifest.ts';
import type { ObjectNames } from '../cluster/names.ts';
import type { Side } from '../cluster/sides.ts';
import { EVERY_TCP, tcpPorts } from './ports.ts';

/** What the proxies of one namespace know of, and let out to. */
export interface Egress {
  readonly hosts: readonly string[]; // of its Sidecar
  readonly entries: readonly ManifestObject[]; // what is outside, as services of the mesh
}

type Describe = (name: string, namespace: string, flows: readonly ClusterGrant[]) => ObjectTree;

/** @param sides the outgoing ones of the namespace: its Sidecar is for all of them, since two of them for one pod would contradict each other */
export function egressOf(
  namespace: string,
  sides: readonly Side[],
  {
    findings,
    names,
    describe,
  }: { readonly findings: Findings; readonly names: ObjectNames; readonly describe: Describe },
): Egress | 'everybody' {
  const rules = sides.flatMap((side) => side.rules);
  if (rules.some(({ peers }) => peers.some(({ peer }) => peer.kind === 'everybody'))) return 'everybody';
  const hosts = new Set<string>();
  const entries: ManifestObject[] = [];
  for (const { grant, peers } of new Map(rules.map((rule) => [rule.grant.name, rule])).values()) {
    const ports = tcpPorts(grant.ports);
    if (ports.length === 0) continue;
    for (const end of peers) {
      const { peer, zone } = end;
      if (peer.kind === 'workloads') {
        for (const host of hostsOf(peer)) hosts.add(host);
        continue;
      }
      const spec = peer.kind === 'addresses' ? addressEntry(peer, zone, namespace) : nameEntry(end, grant, findings);
      if (spec === undefined) continue;
      const name = names.unique(`entries of ${namespace}`, grant.name, zone);
      if (ports === 'every') {
        remarkPorts(grant, peer, findings);
        continue;
      }
      for (const host of spec.hosts) hosts.add(`./${host}`);
      entries.push({
        comment: [`flow ${grant.name}: ${zone}`],
        body: {
          apiVersion: 'networking.istio.io/v1',
          kind: 'ServiceEntry',
          metadata: describe(name, namespace, [grant]),
          spec: {
            ...spec,
            location: 'MESH_EXTERNAL',
            exportTo: ['.'],
            ports: ports.map((port) => portField(port, peer.kind === 'names')),
          },
        },
      });
    }
  }
  return { hosts: [...hosts].sort(), entries };
}

/** By TLS and HTTP a proxy sees the name that is asked for; by anything else only where it goes. */
function portField(number: number, isName: boolean): ObjectTree {
  const protocol = isName ? (WITH_NAMES[number] ?? 'TCP') : 'TCP';
  return { number, name: `${protocol.toLowerCase()}-${number}`, protocol };
}

const WITH_NAMES: Readonly<Record<number, string>> = { 80: 'HTTP', 443: 'TLS' };

/** Services of a namespace: Istio knows no pods in what it lets out to. */
function hostsOf({ workloads: { namespaces } }: Extract<ClusterPeer, { kind: 'workloads' }>): readonly string[] {
  const isNamed = namespaces.kind === 'in' && namespaces.key === NAMESPACE_NAME;
  return isNamed ? namespaces.values.map((name) => `${name}/*`) : ['*/*'];
}

interface EntrySpec extends ObjectTree {
  readonly hosts: readonly string[];
}

/** A service needs a name: nobody looks this one up. */
function addressEntry(peer: Extract<ClusterPeer, { kind: 'addresses' }>, zone: string, namespace: string): EntrySpec {
  return {
    hosts: [`${objectName(zone)}.${namespace}.portcullis.internal`],
    addresses: prefixesOf(peer.ranges),
    resolution: 'NONE',
  };
}

function nameEntry(end: ClusterEnd, grant: ClusterGrant, findings: Findings): EntrySpec | undefined {
  if (end.peer.kind !== 'names') return undefined;
  if (end.enforcement === 'ranges') {
    findings.byRanges(end, grant);
    return undefined;
  }
  const hosts = end.peer.patterns.map(formatDnsPattern);
  return { hosts, resolution: end.peer.patterns.some(({ wildcard }) => wildcard) ? 'NONE' : 'DNS' };
}

function remarkPorts(grant: ClusterGrant, peer: ClusterPeer, findings: Findings): void {
  const ports: readonly PortMatch[] = [EVERY_TCP];
  findings.approximate(grant, {
    effect: 'narrower',
    to: [peer],
    ports,
    sentence: `Istio lists ports one by one: the flow ${grant.name} has too many, and is not let out by it`,
    help: 'name the ports that are needed',
  });
}
