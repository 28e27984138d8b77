import { groupOf } from './api.ts';
import { isForeign } from './foreign.ts';

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
  if (group === '') return CORE.has(kind) || kind === 'NetworkPolicy';
  if (GROUPS.some((known) => (known.startsWith('.') ? group.endsWith(known) : group === known))) return true;
  // Groups and versions are mistyped now and then: of such an object something must be said.
  return isForeign(apiVersion, kind) || /NetworkPolicy$|^NetworkAttachmentDefinition$/.test(kind);
}
