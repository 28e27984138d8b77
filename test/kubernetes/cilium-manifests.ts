import { namespace, pod } from './asked-cluster.ts';

/** Pods, their namespaces, a pod in the network of its node, and two Services. */
export const CLUSTER = [
  namespace('shop', 'team: red'),
  namespace('ops', 'team: blue'),
  pod(
    'shop/web',
    'app: web',
    'serviceAccountName: web-account, containers: [{ ports: [{ name: http, containerPort: 8080 }] }]',
  ),
  pod('shop/db', 'app: db'),
  pod('ops/tool', 'app: tool'),
  pod('ops/host', 'app: host', 'hostNetwork: true, containers: []'),
  `apiVersion: v1
kind: Service
metadata: { namespace: ops, name: tools, labels: { kind: tools } }
spec: { selector: { app: tool }, ports: [{ port: 80 }] }`,
  `apiVersion: v1
kind: Service
metadata: { namespace: ops, name: outside }
spec: { ports: [{ port: 80 }] }`,
].join('\n---\n');

/** A policy in `shop`, or a clusterwide one, with its `spec` in flow style. */
export function policy(spec: string, name = 'shop/p'): string {
  const [first, second] = name.split('/');
  const [kind, metadata] =
    second === undefined
      ? ['CiliumClusterwideNetworkPolicy', `name: ${first}`]
      : ['CiliumNetworkPolicy', `namespace: ${first}, name: ${second}`];
  return `apiVersion: cilium.io/v2
kind: ${kind}
metadata: { ${metadata} }
spec: { ${spec} }`;
}

export function group(name: string, labels: string, blocks: string): string {
  return `apiVersion: cilium.io/v2alpha1
kind: CiliumCIDRGroup
metadata: { name: ${name}, labels: { ${labels} } }
spec: { externalCIDRs: [${blocks}] }`;
}

export const DB = 'endpointSelector: { matchLabels: { app: db } }';
export const WEB = 'endpointSelector: { matchLabels: { app: web } }';
export const WEB_TO_DB = 'tcp shop/web -> shop/db 80';
export const TOOL_TO_DB = 'tcp ops/tool -> shop/db 80';
export const OUT = 'tcp 203.0.113.9 -> shop/db 80';
