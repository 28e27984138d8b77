/**
 * What may hold a secret, or is long and says nothing of the network: it goes no further than here, so that no message can show it. The
 * annotation is the object as it was applied, environment and all.
 */
const DROPPED = new Set([
  'managedFields',
  'kubectl.kubernetes.io/last-applied-configuration',
  'env',
  'envFrom',
  'args',
  'command',
  'data',
  'stringData',
  'binaryData',
  'volumes',
  'volumeMounts',
  'volumeClaimTemplates',
  'imagePullSecrets',
  'lifecycle',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'resources',
  'conditions',
  'containerStatuses',
  'initContainerStatuses',
  'images',
]);

/** An object of the API server's as a manifest that people can read. */
export function manifestText(item: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify(item, (key, value: unknown) => (DROPPED.has(key) ? undefined : value), 2)}\n`;
}
