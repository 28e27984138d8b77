import type { ClusterOpaque } from '../../cluster.ts';
import type { CiliumPolicies } from '../layers.ts';
import type { Manifest } from '../manifest.ts';
import { serviceTargets } from '../service-targets.ts';
import { readAddressGroup } from './addresses.ts';
import type { CiliumFacts } from './facts.ts';
import { readPolicies } from './policy.ts';

export { CILIUM_PROBLEMS } from './problems.ts';

const POLICIES: readonly string[] = ['CiliumNetworkPolicy', 'CiliumClusterwideNetworkPolicy'];

/** Cilium's kinds among the manifests of a cluster. */
export function readCilium(manifests: readonly Manifest[]): CiliumPolicies {
  const own = manifests.filter(({ apiVersion }) => apiVersion.startsWith('cilium.io/'));
  const opaque: ClusterOpaque[] = [];
  const facts: CiliumFacts = {
    groups: own.filter(({ kind }) => kind === 'CiliumCIDRGroup').map(readAddressGroup),
    services: serviceTargets(manifests),
    opaque,
  };
  const policies = own
    .filter(({ kind }) => POLICIES.includes(kind))
    .flatMap((manifest) => readPolicies(manifest, facts));
  return { policies, opaque };
}
