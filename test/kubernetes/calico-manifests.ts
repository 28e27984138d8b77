import { namespace, pod } from './asked-cluster.ts';

/** Pods, their namespaces, a service account and a Service. */
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
  `apiVersion: v1
kind: ServiceAccount
metadata: { namespace: shop, name: web-account, labels: { trust: high } }`,
  `apiVersion: v1
kind: Service
metadata: { namespace: shop, name: db }
spec: { selector: { app: db }, ports: [{ port: 80, targetPort: 5432 }] }`,
].join('\n---\n');

/** A policy in `shop`, or a global one, with its `spec` in flow style. */
export function policy(spec: string, name = 'shop/p'): string {
  const [first, second] = name.split('/');
  return second === undefined
    ? `apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: { name: ${first} }
spec: { ${spec} }`
    : `apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: { namespace: ${first}, name: ${second} }
spec: { ${spec} }`;
}

export function set(name: string, labels: string, spec: string): string {
  const [first, second] = name.split('/');
  return second === undefined
    ? `apiVersion: projectcalico.org/v3
kind: GlobalNetworkSet
metadata: { name: ${first}, labels: { ${labels} } }
spec: { ${spec} }`
    : `apiVersion: projectcalico.org/v3
kind: NetworkSet
metadata: { namespace: ${first}, name: ${second}, labels: { ${labels} } }
spec: { ${spec} }`;
}

export function tier(name: string, spec: string): string {
  return `apiVersion: projectcalico.org/v3
kind: Tier
metadata: { name: ${name} }
spec: { ${spec} }`;
}

export const WEB_TO_DB = 'tcp shop/web -> shop/db 80';
export const TOOL_TO_DB = 'tcp ops/tool -> shop/db 80';
export const OUT = 'tcp 203.0.113.9 -> shop/db 80';
export const DB = "selector: app == 'db'";
