import type { Reporter } from '../../policy/index.ts';
import type { ClusterOpaque, Namespace } from '../cluster.ts';
import { formatRef } from '../policy.ts';
import { CALICO_PROBLEMS, readCalico } from './calico/index.ts';
import { readCilium } from './cilium/index.ts';
import { readIstio } from './istio/index.ts';
import type { FoundPolicies } from './layers.ts';
import type { Manifest } from './manifest.ts';

/** The policies of network plugins and meshes, and what of them is not followed. */
export function pluginPolicies(
  manifests: readonly Manifest[],
  namespaces: ReadonlyMap<string, Namespace>,
  report: Reporter,
): Omit<FoundPolicies, 'kubernetes'> & { readonly opaque: readonly ClusterOpaque[] } {
  const calico = readCalico(manifests, namespaces, report);
  const cilium = readCilium(manifests);
  const istio = readIstio(manifests, namespaces, report);
  const first = calico.tiers.flatMap(({ policies }) => policies)[0]?.policy;
  const second = cilium.policies[0];
  if (first !== undefined && second !== undefined) {
    report.say(CALICO_PROBLEMS.twoPlugins, second.span, formatRef(first.ref), formatRef(second.ref));
  }
  return { calico, cilium, istio, opaque: [...calico.opaque, ...cilium.opaque, ...istio.opaque] };
}
