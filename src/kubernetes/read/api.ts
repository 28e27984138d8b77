/** `networking.k8s.io` of `networking.k8s.io/v1`; the core group is ``. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash === -1 ? '' : apiVersion.slice(0, slash);
}

export function versionOf(apiVersion: string): string {
  return apiVersion.slice(apiVersion.indexOf('/') + 1);
}

/** Kinds that belong to the cluster, not to a namespace, among those that say something of its network. */
const OF_THE_CLUSTER: ReadonlySet<string> = new Set([
  'Namespace',
  'Node',
  'AdminNetworkPolicy',
  'BaselineAdminNetworkPolicy',
  'ClusterNetworkPolicy',
  'ClusterUserDefinedNetwork',
  'GatewayClass',
  'IngressClass',
  'GlobalNetworkPolicy',
  'StagedGlobalNetworkPolicy',
  'GlobalNetworkSet',
  'HostEndpoint',
  'Tier',
  'IPPool',
  'CiliumClusterwideNetworkPolicy',
  'CiliumCIDRGroup',
  'CiliumNode',
]);

export function isOfTheCluster(kind: string): boolean {
  return OF_THE_CLUSTER.has(kind);
}

/** Kinds of the core group that say something of who runs and who reaches whom. */
const CORE: ReadonlySet<string> = new Set([
  'Namespace',
  'Pod',
  'Service',
  'Endpoints',
  'ReplicationController',
  'ServiceAccount',
  'Node',
]);

/** Groups all of whose kinds are looked at. A name that begins with `.` is the end of one. */
const GROUPS: readonly string[] = [
  'apps',
  'batch',
  'extensions',
  'discovery.k8s.io',
  'networking.k8s.io',
  'policy.networking.k8s.io',
  'gateway.networking.k8s.io',
  'route.openshift.io',
  'apps.openshift.io',
  'apps.kruise.io',
  'argoproj.io',
  'kubevirt.io',
  'serving.knative.dev',
  'k8s.cni.cncf.io',
  'k8s.ovn.org',
  'crd.projectcalico.org',
  'projectcalico.org',
  'cilium.io',
  '.istio.io',
];

/** Whether an object may say something of the network, so that its faults matter. */
export function bearsOnTheNetwork(apiVersion: string, kind: string): boolean {
  const group = groupOf(apiVersion);
  if (group === '') return CORE.has(kind);
  return GROUPS.some((known) => (known.startsWith('.') ? group.endsWith(known) : group === known)) || isPolicy(kind);
}

/** By its name: policies of plugins that are not known here, and groups that are mistyped. */
function isPolicy(kind: string): boolean {
  return /NetworkPolicy$|^NetworkAttachmentDefinition$/.test(kind);
}
