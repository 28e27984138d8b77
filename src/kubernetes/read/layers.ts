import type { ClusterOpaque } from '../cluster.ts';
import type { ClusterPolicy, PolicyLayer, Stage } from '../policy.ts';

/** What the readers of each product have found, to be put in the order in which a cluster asks it. */
export interface FoundPolicies {
  readonly kubernetes: KubernetesPolicies;
  readonly calico: CalicoPolicies;
  readonly cilium: CiliumPolicies;
  readonly istio: IstioPolicies;
}

export interface KubernetesPolicies {
  readonly admin: readonly ClusterPolicy[]; // in their order
  readonly network: readonly ClusterPolicy[];
  readonly baseline: readonly ClusterPolicy[]; // in their order
}

export interface CalicoPolicies {
  readonly tiers: readonly CalicoTier[]; // in any order; none: there is nothing of Calico's
  readonly opaque: readonly ClusterOpaque[];
}

export interface CalicoTier {
  readonly name: string;
  readonly order: number; // lower is asked first; ties go by name
  readonly isolated: Stage['isolated'];
  readonly policies: readonly OrderedPolicy[]; // in any order
}

export interface OrderedPolicy {
  readonly order: number; // lower is asked first; ties go by name
  readonly name: string;
  readonly policy: ClusterPolicy;
}

/** They are asked together with NetworkPolicies: what any of them denies is denied, what any allows is allowed. */
export interface CiliumPolicies {
  readonly policies: readonly ClusterPolicy[];
  readonly opaque: readonly ClusterOpaque[];
}

export interface IstioPolicies {
  readonly layers: readonly PolicyLayer[];
  readonly opaque: readonly ClusterOpaque[];
}

/** Where Calico puts Kubernetes' own policies among its tiers (docs.tigera.io, resource `Tier`). */
const ADMIN_TIER = { name: 'adminnetworkpolicy', order: 1_000 };
export const DEFAULT_TIER = { name: 'default', order: 1_000_000 };
const BASELINE_TIER = { name: 'baselineadminnetworkpolicy', order: 10_000_000 };
const NETWORK_POLICY_ORDER = 1_000; // within the tier `default` (Calico's conversion of NetworkPolicies)

export function assemble(found: FoundPolicies): PolicyLayer[] {
  const { kubernetes, calico, cilium, istio } = found;
  const stages =
    calico.tiers.length === 0
      ? [
          adminStage(kubernetes.admin),
          networkStage([...networkPolicies(kubernetes.network, cilium), ...cilium.policies]),
          baselineStage(kubernetes.baseline),
        ]
      : tiered(kubernetes, calico.tiers, cilium);
  return [{ name: 'network policies', stages: stages.filter(({ policies }) => policies.length > 0) }, ...istio.layers];
}

function adminStage(policies: readonly ClusterPolicy[]): Stage {
  return { name: 'admin policies', combine: 'ordered', isolated: 'next', policies };
}

function networkStage(policies: readonly ClusterPolicy[]): Stage {
  return { name: 'network policies', combine: 'union', isolated: 'deny', policies };
}

/**
 * Whether a NetworkPolicy selects pods in the network of their node, Kubernetes leaves to the plugin (Network Policies, "NetworkPolicy and
 * hostNetwork pods"). Where nothing tells which plugin it is, it means what it says, as for every other pod; Calico and Cilium select none.
 */
function networkPolicies(policies: readonly ClusterPolicy[], cilium: CiliumPolicies): readonly ClusterPolicy[] {
  return cilium.policies.length > 0 ? policies : policies.map((policy) => ({ ...policy, seesHostNetwork: true }));
}

function baselineStage(policies: readonly ClusterPolicy[]): Stage {
  return { name: 'baseline policies', combine: 'ordered', isolated: 'next', policies };
}

/** With Calico, NetworkPolicies stand among its own policies in the tier `default`. */
function tiered(kubernetes: KubernetesPolicies, tiers: readonly CalicoTier[], cilium: CiliumPolicies): Stage[] {
  const network = kubernetes.network.map((policy) => ({
    order: NETWORK_POLICY_ORDER,
    name: `knp.default.${policy.ref.name}`,
    policy,
  }));
  const own = tiers.find(({ name }) => name === DEFAULT_TIER.name);
  const withDefault: CalicoTier = {
    ...DEFAULT_TIER,
    isolated: own?.isolated ?? 'deny',
    policies: [...(own?.policies ?? []), ...network],
  };
  const ranked = [
    { ...ADMIN_TIER, stage: adminStage(kubernetes.admin) },
    { ...BASELINE_TIER, stage: baselineStage(kubernetes.baseline) },
    ...[...tiers.filter((tier) => tier !== own), withDefault].map((tier) => ({
      name: tier.name,
      order: tier.order,
      stage: tierStage(tier),
    })),
  ];
  const stages = ranked.sort(byOrder).map(({ stage }) => stage);
  // Nobody runs both plugins on one cluster: the reader says so. Until somebody decides which, both are asked.
  return cilium.policies.length === 0 ? stages : [...stages, networkStage(cilium.policies)];
}

function tierStage(tier: CalicoTier): Stage {
  return {
    name: `tier ${tier.name}`,
    combine: 'ordered',
    isolated: tier.isolated,
    policies: tier.policies.toSorted(byOrder).map(({ policy }) => policy),
  };
}

function byOrder(a: { order: number; name: string }, b: { order: number; name: string }): number {
  if (a.order !== b.order) return a.order < b.order ? -1 : 1; // also of infinite ones
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
