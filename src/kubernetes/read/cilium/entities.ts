import { wholeFamily } from '../../../net/index.ts';
import type { ClusterPeer } from '../../policy.ts';
import { EVERYTHING } from '../../selector.ts';
import { CONTROLLER, type ConditionalPeers } from '../conditional.ts';

const PODS: ClusterPeer = { kind: 'workloads', workloads: { namespaces: EVERYTHING, pods: EVERYTHING } };
const NODES: ClusterPeer = { kind: 'nodes', nodes: EVERYTHING };
const API_SERVER: ClusterPeer = { kind: 'api-server' };

// One block for each family: both together would mean everybody with an address, but nodes are no part of the world.
const WORLD: readonly ClusterPeer[] = ([4, 6] as const).map((family) => ({
  kind: 'addresses',
  ranges: [wholeFamily(family)],
}));

/** An API server that is no node has the labels of both entities (docs.cilium.io, `kube-apiserver`). */
const OUTSIDE: ConditionalPeers = { peers: [API_SERVER], condition: 'where the API server is outside of the cluster' };

/**
 * Whom each entity means (docs.cilium.io, "Entities based"). `undefined`: somebody who is no end of a connection here, such as the endpoints
 * by which Cilium checks its own health.
 */
const ENTITIES: Readonly<Record<string, readonly ConditionalPeers[] | undefined>> = {
  all: [{ peers: [{ kind: 'everybody' }] }],
  world: [{ peers: WORLD }, OUTSIDE],
  'world-ipv4': [{ peers: WORLD.slice(0, 1) }, OUTSIDE],
  'world-ipv6': [{ peers: WORLD.slice(1) }, OUTSIDE],
  cluster: [{ peers: [PODS, NODES, API_SERVER] }],
  host: [{ peers: [NODES], condition: 'the node that the pod runs on only' }],
  'remote-node': [{ peers: [NODES], condition: 'nodes other than the one that the pod runs on only' }],
  'kube-apiserver': [{ peers: [API_SERVER] }],
  unmanaged: [{ peers: [PODS], condition: 'pods that Cilium does not manage only' }],
  // Cilium’s own proxy, where that is what Ingress and Gateway speak to.
  ingress: [{ peers: [CONTROLLER], condition: 'where Cilium itself serves Ingress and Gateway' }],
  health: undefined,
  init: undefined,
  none: undefined,
};

export const ENTITY_NAMES: readonly string[] = Object.keys(ENTITIES);

/** Whom several entities mean together. */
export function entityPeers(names: readonly string[]): readonly ConditionalPeers[] {
  const known = names.filter((name) => Object.hasOwn(ENTITIES, name));
  const everyNode = known.includes('host') && known.includes('remote-node');
  return known.flatMap((name) => {
    if (everyNode && name === 'host') return [{ peers: [NODES] }];
    return everyNode && name === 'remote-node' ? [] : (ENTITIES[name] ?? []);
  });
}
