import { type Cluster, readCluster } from '../kubernetes/index.ts';
import { SourceFile } from '../source/index.ts';

/** A cluster for tests, from the text of its manifests. @throws where a reader has anything against them */
export function clusterOf(...documents: readonly string[]): Cluster {
  const { cluster, diagnostics } = readCluster([new SourceFile('cluster.yaml', documents.join('\n---\n'))]);
  const [problem] = diagnostics.filter(({ severity }) => severity === 'error');
  if (problem !== undefined) throw new Error(problem.message);
  return cluster;
}

export function namespace(name: string, labels = '{}'): string {
  return `{ apiVersion: v1, kind: Namespace, metadata: { name: ${name}, labels: ${labels} } }`;
}

/** `namespace/name`, with the label `app` as its name and a port `web` of TCP 8080. */
export function pod(id: string, more = ''): string {
  const [place, name] = id.split('/');
  const meta = `{ name: ${name}, namespace: ${place}, labels: { app: ${name} } }`;
  const ports = '[{ name: web, containerPort: 8080 }]';
  return `{ apiVersion: v1, kind: Pod, metadata: ${meta}, spec: { ${more} containers: [{ name: c, image: i, ports: ${ports} }] } }`;
}

export function policy(id: string, spec: string): string {
  const [place, name] = id.split('/');
  return `{ apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: { name: ${name}, namespace: ${place} }, spec: ${spec} }`;
}
