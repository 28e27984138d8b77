import { namespace, pod } from './asked-cluster.ts';

/** Two namespaces in the mesh, one that is not, and one that nobody describes. */
export const CLUSTER = [
  namespace('shop', 'istio-injection: enabled'),
  namespace('ops', '"istio.io/dataplane-mode": ambient'),
  namespace('old', 'team: old'),
  pod('shop/web', 'app: web', 'serviceAccountName: web, containers: []'),
  pod('shop/db', 'app: db', 'serviceAccountName: db, containers: []'),
  pod('shop/bare', 'app: bare, "sidecar.istio.io/inject": "false"'),
  pod('ops/tool', 'app: tool', 'serviceAccountName: tool, containers: []'),
  pod('old/job', 'app: job'),
  pod('old/asked', 'app: asked, "sidecar.istio.io/inject": "true"'),
  `apiVersion: v1
kind: Service
metadata: { namespace: shop, name: db }
spec: { selector: { app: db }, ports: [{ port: 80, targetPort: 5432 }] }`,
].join('\n---\n');

function object(apiVersion: string, kind: string, name: string, spec: string, metadata = ''): string {
  const [at, own] = name.split('/');
  return `apiVersion: ${apiVersion}
kind: ${kind}
metadata: { namespace: ${at}, name: ${own}${metadata} }
spec: { ${spec} }`;
}

export function authorization(spec: string, name = 'shop/p', metadata = ''): string {
  return object('security.istio.io/v1', 'AuthorizationPolicy', name, spec, metadata);
}
export function authentication(spec: string, name = 'shop/a'): string {
  return object('security.istio.io/v1', 'PeerAuthentication', name, spec);
}
export function sidecar(spec: string, name = 'shop/s'): string {
  return object('networking.istio.io/v1', 'Sidecar', name, spec);
}
export function entry(spec: string, name = 'shop/e'): string {
  return object('networking.istio.io/v1', 'ServiceEntry', name, spec);
}

export const DB = 'selector: { matchLabels: { app: db } }';
export const WEB_TO_DB = 'tcp shop/web -> shop/db 80';
export const TOOL_TO_DB = 'tcp ops/tool -> shop/db 80';
export const OLD_TO_DB = 'tcp old/job -> shop/db 80';
export const OUT = 'tcp 203.0.113.9 -> shop/db 80';
