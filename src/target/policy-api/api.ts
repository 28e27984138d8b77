import type { ObjectTree } from '../cluster/manifest.ts';
import type { PortSpan } from '../cluster/ports.ts';

/** What differs between the versions of the network policy API (kubernetes-sigs/network-policy-api, apis/v1alpha1 and apis/v1alpha2). */
export interface PolicyApi {
  readonly name: string; // of the target
  readonly title: string;
  readonly allow: 'Allow' | 'Accept';
  readonly rulesAtMost: number; // in each direction
  readonly portsAtMost: number; // in each rule
  readonly object: (tier: 'admin' | 'baseline', meta: ObjectTree, priority: number, spec: ObjectTree) => ObjectTree;
  readonly ports: (spans: readonly PortSpan[]) => ObjectTree; // the fields of a rule
}

export const NETWORKS_AT_MOST = 25; // in each peer, both versions; likewise domain names
export const HIGHEST_PRIORITY = 1000; // 0 is asked first

export const V1ALPHA1: PolicyApi = {
  name: 'admin-network-policy',
  title: 'AdminNetworkPolicy',
  allow: 'Allow',
  rulesAtMost: 100,
  portsAtMost: 100,
  object: (tier, metadata, priority, spec) =>
    tier === 'admin'
      ? { ...head('v1alpha1', 'AdminNetworkPolicy'), metadata, spec: { priority, ...spec } }
      : // There is one of them in a cluster, and this is its name.
        { ...head('v1alpha1', 'BaselineAdminNetworkPolicy'), metadata: { ...metadata, name: 'default' }, spec },
  ports: (spans) => ({
    ports: spans.map(({ protocol, first, last }) =>
      first === last ? { portNumber: { protocol, port: first } } : { portRange: { protocol, start: first, end: last } },
    ),
  }),
};

export const V1ALPHA2: PolicyApi = {
  name: 'cluster-network-policy',
  title: 'ClusterNetworkPolicy',
  allow: 'Accept',
  rulesAtMost: 25,
  portsAtMost: 25,
  object: (tier, metadata, priority, spec) => ({
    ...head('v1alpha2', 'ClusterNetworkPolicy'),
    metadata,
    spec: { tier: tier === 'admin' ? 'Admin' : 'Baseline', priority, ...spec },
  }),
  ports: (spans) => ({
    protocols: spans.map(({ protocol, first, last }) => ({
      [protocol.toLowerCase()]: { destinationPort: destination(first, last) },
    })),
  }),
};

function head(version: string, kind: string): ObjectTree {
  return { apiVersion: `policy.networking.k8s.io/${version}`, kind };
}

function destination(first: number, last: number): ObjectTree {
  return first === last ? { number: first } : { range: { start: first, end: last } };
}
