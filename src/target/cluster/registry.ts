import { calicoTarget } from '../calico/index.ts';
import { ciliumTarget } from '../cilium/index.ts';
import { istioTarget } from '../istio/index.ts';
import { kubernetesTarget } from '../kubernetes/index.ts';
import { adminNetworkPolicyTarget, clusterNetworkPolicyTarget } from '../policy-api/index.ts';
import type { ClusterTarget } from './target.ts';

/** Every target for clusters, once. A new one is added here and nowhere else; the contract suite then asks of it what it asks of all. */
export const CLUSTER_TARGETS = {
  kubernetes: kubernetesTarget,
  'admin-network-policy': adminNetworkPolicyTarget,
  'cluster-network-policy': clusterNetworkPolicyTarget,
  calico: calicoTarget,
  cilium: ciliumTarget,
  istio: istioTarget,
} as const satisfies Record<string, ClusterTarget>;

export type ClusterTargetName = keyof typeof CLUSTER_TARGETS;

export const CLUSTER_TARGET_NAMES = Object.keys(CLUSTER_TARGETS) as readonly ClusterTargetName[];
