import type { ClusterOpaque } from '../cluster.ts';
import { formatRef } from '../policy.ts';
import { groupOf } from './api.ts';
import type { Manifest } from './manifest.ts';

/** Objects that decide about connections and are not understood here. */
interface Foreign {
  readonly group: string;
  readonly kinds: RegExp;
  readonly reason: string;
  readonly bounds: ClusterOpaque['bounds'];
}

const EITHER = 'its rules may let through or deny what others decide otherwise';
const NARROWER = 'it may deny what policies let through';

const FOREIGN: readonly Foreign[] = [
  // Antrea: tiers of its own before and behind NetworkPolicies, with Allow, Drop and Pass.
  { group: 'crd.antrea.io', kinds: /^(?:Cluster)?NetworkPolicy$/, reason: EITHER, bounds: 'either' },
  // OVN-Kubernetes and OpenShift SDN: what may leave the cluster, by the first rule that matches.
  { group: 'k8s.ovn.org', kinds: /^EgressFirewall$/, reason: NARROWER, bounds: 'narrower' },
  { group: 'network.openshift.io', kinds: /^EgressNetworkPolicy$/, reason: NARROWER, bounds: 'narrower' },
  // Kube-OVN: access lists of subnets, and subnets that are private.
  { group: 'kubeovn.io', kinds: /^(?:SecurityGroup|Subnet|Vpc)$/, reason: EITHER, bounds: 'either' },
  { group: 'vpcresources.k8s.aws', kinds: /^SecurityGroupPolicy$/, reason: NARROWER, bounds: 'narrower' },
  { group: 'networking.k8s.aws', kinds: /Policy$/, reason: EITHER, bounds: 'either' },
  { group: 'networking.gke.io', kinds: /NetworkPolicy$/, reason: EITHER, bounds: 'either' },
  { group: 'nsx.vmware.com', kinds: /^SecurityPolicy$/, reason: EITHER, bounds: 'either' },
  // Service meshes: above the network, so that they only take away.
  { group: 'policy.linkerd.io', kinds: /Authorization|^Server$|Policy$/, reason: NARROWER, bounds: 'narrower' },
  { group: 'consul.hashicorp.com', kinds: /^ServiceIntentions$/, reason: NARROWER, bounds: 'narrower' },
  { group: 'kuma.io', kinds: /TrafficPermission$/, reason: NARROWER, bounds: 'narrower' },
];

/** Groups of kinds that are read here, whose policies are no strangers. */
const OWN =
  /^(?:networking\.k8s\.io|extensions|policy\.networking\.k8s\.io|k8s\.cni\.cncf\.io|(?:crd\.)?projectcalico\.org|cilium\.io)$/;

export function isForeign(apiVersion: string, kind: string): boolean {
  return foreignOf(apiVersion, kind) !== undefined;
}

function foreignOf(apiVersion: string, kind: string): Foreign | undefined {
  const group = groupOf(apiVersion);
  const known = FOREIGN.find((each) => each.group === group && each.kinds.test(kind));
  if (known !== undefined) return known;
  const isPolicy = /NetworkPolicy$/.test(kind) && group.includes('.') && !OWN.test(group);
  return isPolicy
    ? { group, kinds: /./, reason: `policies of \`${group}\` are not known here: ${EITHER}`, bounds: 'either' }
    : undefined;
}

/** Policies of products that are not read here; answers say that they are there. */
export function foreignObjects(manifests: readonly Manifest[]): ClusterOpaque[] {
  return manifests.flatMap(({ apiVersion, kind, ref, span }) => {
    const foreign = foreignOf(apiVersion, kind);
    if (foreign === undefined) return [];
    return [{ ref, span, text: formatRef(ref), reason: foreign.reason, bounds: foreign.bounds }];
  });
}
