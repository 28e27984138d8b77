import assert from 'node:assert/strict';
import { auditCluster, type Finding } from '../../src/analysis/index.ts';
import { readCluster } from '../../src/kubernetes/index.ts';
import { SourceFile } from '../../src/source/index.ts';

/** What there is to say about manifests. */
export function auditManifests(...texts: readonly string[]): readonly Finding[] {
  const { cluster, diagnostics } = readCluster([new SourceFile('manifests.yaml', texts.join('\n---\n'))]);
  assert.deepEqual(
    diagnostics.filter(({ severity }) => severity === 'error').map(({ message }) => message),
    [],
  );
  return auditCluster(cluster);
}

/** @param more lines of the pod's spec, or of its container */
export function workload(name: string, labels = `app: ${name}`, container = '', pod = ''): string {
  const [namespace = '', short = ''] = name.includes('/') ? name.split('/') : ['shop', name];
  return `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${short}, namespace: ${namespace} }
spec:
  selector: { matchLabels: { ${labels.replaceAll('/', '-')} } }
  template:
    metadata: { labels: { ${labels.replaceAll('/', '-')} } }
    spec: { ${pod === '' ? '' : `${pod}, `}containers: [{ name: c, image: x${container === '' ? '' : `, ${container}`} }] }`;
}

/** @param spec in flow style, after `podSelector` */
export function policy(name: string, subject: string, spec: string, namespace = 'shop'): string {
  return `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name}, namespace: ${namespace} }
spec: { podSelector: { ${subject} }, ${spec} }`;
}

/** Both directions, in the whole namespace. */
export function closed(namespace = 'shop'): string {
  return policy('default-deny', '', 'policyTypes: [Ingress, Egress]', namespace);
}

/** To the cluster's own resolver, as it should be. */
export const DNS = `egress: [{ to: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: kube-system } }, podSelector: { matchLabels: { k8s-app: kube-dns } } }], ports: [{ protocol: UDP, port: 53 }, { protocol: TCP, port: 53 }] }], policyTypes: [Egress]`;

export function dns(namespace = 'shop'): string {
  return policy('dns', '', DNS, namespace);
}

export function service(name: string, type: string, port: string, more = ''): string {
  return `apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop }
spec: { type: ${type}, selector: { app: ${name} }, ports: [{ ${port} }]${more === '' ? '' : `, ${more}`} }`;
}

export const WEB = 'matchLabels: { app: web }';
export const ingress = (subject: string, rule: string, name = 'in'): string =>
  policy(name, subject, `ingress: [${rule}]`);
export const egress = (subject: string, rule: string, name = 'out'): string =>
  policy(name, subject, `policyTypes: [Egress], egress: [${rule}]`);
export const FROM_WEB = `from: [{ podSelector: { ${WEB} } }]`;
export const port = (number: number | string, protocol = 'TCP'): string =>
  `ports: [{ protocol: ${protocol}, port: ${number} }]`;
export const block = (cidr: string, except = ''): string =>
  `{ ipBlock: { cidr: "${cidr}"${except === '' ? '' : `, except: ["${except}"]`} } }`;
export const INTERNET = `to: [${block('0.0.0.0/0', '169.254.0.0/16')}, ${block('::/0', 'fd00::/8')}]`;
export const global = (name: string, spec: string): string =>
  `apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: { name: ${name} }\nspec: { ${spec} }`;
export const daemon = (name: string): string => `apiVersion: apps/v1
kind: DaemonSet
metadata: { name: ${name}, namespace: kube-system }
spec: { selector: { matchLabels: { app: node } }, template: { metadata: { labels: { app: node } }, spec: { hostNetwork: true, containers: [{ name: c, image: x }] } } }`;
