import { formatRef, type Workload } from '../../kubernetes/index.ts';
import { placesOf } from './cluster-place.ts';
import type { ClusterView, PlacedPolicy } from './cluster-view.ts';
import { type Finding, finding } from './finding.ts';
import { CLUSTER_POLICIES } from './kinds-cluster-policies.ts';

/** Whose policies a network plugin enforces, beside those of Kubernetes itself. */
type Product = 'Calico' | 'Cilium' | 'Antrea';

interface Plugin {
  readonly name: string;
  readonly enforces: 'nothing' | 'NetworkPolicy' | Product;
}

/** By the names of the DaemonSets that their own installation makes, as of 2026. */
const PLUGINS: readonly (readonly [daemonSet: RegExp, plugin: Plugin])[] = [
  [/^kube-flannel/, { name: 'flannel', enforces: 'nothing' }], // flannel, Documentation/kube-flannel.yml; README: no policy controller
  [/^(?:calico-node|canal)$/, { name: 'Calico', enforces: 'Calico' }], // calico, manifests/; canal is flannel with Calico's policies
  [/^cilium$/, { name: 'Cilium', enforces: 'Cilium' }], // cilium, install/kubernetes
  [/^antrea-agent$/, { name: 'Antrea', enforces: 'Antrea' }], // antrea, build/yamls
  [/^weave-net$/, { name: 'Weave Net', enforces: 'NetworkPolicy' }],
  [/^kube-router$/, { name: 'kube-router', enforces: 'NetworkPolicy' }],
  [/^kindnet$/, { name: 'kindnet', enforces: 'NetworkPolicy' }], // since kind 0.24
  [/^ovnkube-node$/, { name: 'OVN-Kubernetes', enforces: 'NetworkPolicy' }],
];

/** Where the manifests show which plugin is installed: policies that it does not enforce. */
export function enforcementFindings(view: ClusterView): Finding[] {
  const found = view.workloads.flatMap((workload) => {
    const plugin = pluginOf(workload);
    return plugin === undefined ? [] : [{ workload, plugin }];
  });
  const [first] = found;
  if (first === undefined || view.policies.length === 0) return [];
  const kinds = Map.groupBy(view.policies.filter(isPluginsAffair), ({ policy }) => policy.ref.kind);
  return [...kinds].flatMap(([kind, policies]) => {
    if (found.some(({ plugin }) => isEnforced(kind, plugin))) return [];
    const example = formatRef(policies[0]!.policy.ref);
    const what = policies.length === 1 ? example : `${policies.length} policies of the kind ${kind} (${example}, ...)`;
    const isBare = found.every(({ plugin }) => plugin.enforces === 'nothing');
    const particulars = {
      subject: `${kind} ${first.plugin.name}`,
      conditions: isBare
        ? ['whether a controller of policies runs beside it (`netpol.enabled` of flannel’s chart)']
        : [],
      origins: placesOf(first.workload.span, ...policies.slice(0, 3).map(({ policy }) => policy.span)),
    };
    return [finding(CLUSTER_POLICIES.notEnforced, particulars, what, first.plugin.name)];
  });
}

function pluginOf({ ref }: Workload): Plugin | undefined {
  return ref.kind === 'DaemonSet' ? PLUGINS.find(([name]) => name.test(ref.name))?.[1] : undefined;
}

/** Istio enforces its own, beside any plugin. */
function isPluginsAffair({ policy }: PlacedPolicy): boolean {
  return !['AuthorizationPolicy', 'PeerAuthentication', 'Sidecar', 'MultiNetworkPolicy'].includes(policy.ref.kind);
}

function isEnforced(kind: string, { enforces }: Plugin): boolean {
  switch (kind) {
    case 'NetworkPolicy': // of Calico, too: one name for two kinds, both of which it enforces
      return enforces !== 'nothing';
    case 'GlobalNetworkPolicy':
      return enforces === 'Calico';
    case 'CiliumNetworkPolicy':
    case 'CiliumClusterwideNetworkPolicy':
      return enforces === 'Cilium';
    default:
      return enforces !== 'nothing'; // admin policies: several do, depending on their version
  }
}
