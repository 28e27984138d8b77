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
