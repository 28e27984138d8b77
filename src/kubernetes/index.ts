export {
  type Backend,
  type Cluster,
  type ClusterOpaque,
  type ClusterService,
  type ContainerPort,
  type Entrance,
  type Namespace,
  POD_NETWORK,
  type ServicePort,
  type Workload,
} from './cluster.ts';
export {
  type ClusterEnd,
  type ClusterGateway,
  type ClusterGrant,
  type ClusterIntent,
  type ClusterTest,
  type GatewayFlow,
  governedPart,
  objectName,
} from './intent.ts';
export {
  type ClusterPeer,
  type ClusterPolicy,
  type ConnectionProtocol,
  formatRef,
  type ObjectRef,
  type PolicyLayer,
  type PolicyRule,
  type PolicySide,
  type PortMatch,
  SERVICE_ACCOUNT_NAME,
  type Stage,
  type WorkloadSelector,
} from './policy.ts';
export { CALICO_PROBLEMS, printCalicoSelector } from './read/calico/index.ts';
export { CILIUM_PROBLEMS } from './read/cilium/index.ts';
export { ISTIO_PROBLEMS } from './read/istio/index.ts';
export { MANIFEST_PROBLEMS } from './read/problems.ts';
export { type ReadCluster, readCluster } from './read/read.ts';
export {
  allOf,
  EVERYTHING,
  type LabelMap,
  labelled,
  matches,
  NAMESPACE_NAME,
  NOTHING,
  namespaceNamed,
  renamed,
  type Selector,
} from './selector.ts';
export { namespacesNamed, selectorText, workloadsText } from './selector-text.ts';
