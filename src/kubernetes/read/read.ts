import { type Diagnostic, sortDiagnostics } from '../../diagnostic/index.ts';
import { Reporter } from '../../policy/index.ts';
import type { SourceFile } from '../../source/index.ts';
import type { Cluster, ClusterService, Entrance, Namespace } from '../cluster.ts';
import { type LabelMap, NAMESPACE_NAME } from '../selector.ts';
import { workloadsOf } from './alike.ts';
import { groupOf } from './api.ts';
import { foreignObjects } from './foreign.ts';
import { gatewayEntrances } from './gateway-api.ts';
import { ingress } from './ingress.ts';
import { assemble } from './layers.ts';
import type { Manifest } from './manifest.ts';
import { manifestsOf } from './manifests.ts';
import { Networks } from './networks.ts';
import { pluginPolicies } from './plugins.ts';
import { kubernetesPolicies } from './policies.ts';
import { openShiftRoute } from './route.ts';
import { service } from './services.ts';
import { foundPods } from './workloads.ts';

export interface ReadCluster {
  readonly cluster: Cluster;
  /** Sorted. With an error among them answers would be unsound: what it is about is left out of the cluster. */
  readonly diagnostics: readonly Diagnostic[];
}

/** What manifests tell of a cluster: files with any number of YAML documents or JSON, lists, the output of kubectl, Kustomize and Helm. */
export function readCluster(files: readonly SourceFile[]): ReadCluster {
  const report = new Reporter();
  const manifests = manifestsOf(files, report);
  const namespaces = namespacesOf(manifests);
  const networks = new Networks(manifests, namespaces);
  const services = servicesOf(manifests);
  const plugins = pluginPolicies(manifests, namespaces, report);
  const layers = assemble({ kubernetes: kubernetesPolicies(manifests, networks, report), ...plugins });
  const workloads = workloadsOf(foundPods(manifests, networks), accountsOf(manifests), { layers, services }, report);
  return {
    cluster: {
      namespaces,
      workloads,
      services,
      entrances: [...entrancesOf(manifests, services), ...gatewayEntrances(manifests, namespaces)],
      layers,
      opaque: [...foreignObjects(manifests), ...plugins.opaque],
    },
    diagnostics: withoutRepetitions(sortDiagnostics(report.diagnostics())),
  };
}

/** Several readers may ask the same part of a manifest. */
function withoutRepetitions(sorted: readonly Diagnostic[]): Diagnostic[] {
  return sorted.filter((each, at) => {
    const before = sorted[at - 1];
    const isSamePlace = before?.span?.start === each.span?.start && before?.span?.file === each.span?.file;
    return before?.code !== each.code || before.message !== each.message || !isSamePlace;
  });
}

/** Those that are written, and those that objects are in. */
function namespacesOf(manifests: readonly Manifest[]): Map<string, Namespace> {
  const namespaces = new Map<string, Namespace>();
  for (const { kind, apiVersion, ref, labels, span } of manifests) {
    if (kind !== 'Namespace' || groupOf(apiVersion) !== '') continue;
    // The API server sets the label to the name, whatever is written.
    namespaces.set(ref.name, { name: ref.name, labels: new Map([...labels, [NAMESPACE_NAME, ref.name]]), span });
  }
  for (const { ref } of manifests) {
    const name = ref.namespace;
    if (name === undefined || namespaces.has(name)) continue;
    namespaces.set(name, { name, labels: new Map([[NAMESPACE_NAME, name]]) });
  }
  return namespaces;
}

function servicesOf(manifests: readonly Manifest[]): ClusterService[] {
  return manifests.filter(({ kind, apiVersion }) => kind === 'Service' && groupOf(apiVersion) === '').map(service);
}

function entrancesOf(manifests: readonly Manifest[], services: readonly ClusterService[]): Entrance[] {
  const byName = new Map(services.map((each) => [`${each.namespace}/${each.ref.name}`, each]));
  return manifests.flatMap((manifest) => {
    switch (manifest.kind) {
      case 'Ingress':
        return [ingress(manifest)];
      case 'Route':
        return groupOf(manifest.apiVersion) === 'route.openshift.io' ? [openShiftRoute(manifest, byName)] : [];
      default:
        return [];
    }
  });
}

/** The labels of each service account, by namespace and name. */
function accountsOf(manifests: readonly Manifest[]): Map<string, LabelMap> {
  return new Map(
    manifests
      .filter(({ kind }) => kind === 'ServiceAccount')
      .map(({ ref, labels }) => [`${ref.namespace}/${ref.name}`, labels]),
  );
}
