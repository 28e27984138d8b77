import { SourceFile } from '../../src/source/index.ts';

const APPS = ['web', 'api', 'db', 'cache', 'worker', 'cron', 'queue', 'auth', 'mail', 'log'] as const;
const TEAMS = 50;

export const WORKLOADS_PER_NAMESPACE = APPS.length;
export const POLICIES_PER_NAMESPACE = 5;

/**
 * A cluster as platforms grow it: every namespace denies by default and lets its own pods in, some of its teams' other namespaces, a monitoring
 * namespace, address blocks of its own; databases reach little. One file for each namespace.
 */
export function clusterManifests(namespaces: number): SourceFile[] {
  return Array.from({ length: namespaces }, (_, at) => {
    const name = `ns${at}`;
    const labels = `{ team: t${at % TEAMS}, env: ${at % 2 === 0 ? 'dev' : 'prod'} }`;
    const documents = [
      `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${name}, labels: ${labels} }\n`,
      ...APPS.map((app) => deployment(name, app)),
      ...policies(name, at),
    ];
    return new SourceFile(`${name}.yaml`, documents.join('---\n'));
  });
}

function deployment(namespace: string, app: string): string {
  const labels = `{ app: ${app}, tier: ${app === 'db' || app === 'cache' ? 'data' : 'app'} }`;
  return `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${app}, namespace: ${namespace} }
spec:
  selector: { matchLabels: { app: ${app} } }
  template:
    metadata: { labels: ${labels} }
    spec:
      containers:
        - name: ${app}
          image: registry.example/${app}:1
          ports: [{ name: http, containerPort: 8080 }]
`;
}

function policies(namespace: string, at: number): string[] {
  const block = `10.${(at >> 8) & 255}.${at & 255}.0/24`;
  return [
    policy(namespace, 'deny', 'podSelector: {}\n  policyTypes: [Ingress]'),
    policy(namespace, 'own', 'podSelector: {}\n  ingress: [{ from: [{ podSelector: {} }] }]'),
    policy(
      namespace,
      'team',
      `podSelector: { matchLabels: { app: api } }
  ingress:
    - from: [{ namespaceSelector: { matchLabels: { team: t${at % TEAMS} } }, podSelector: { matchLabels: { app: web } } }]
      ports: [{ port: http }]
    - from: [{ ipBlock: { cidr: ${block}, except: [${block.replace('0/24', '128/25')}] } }]
      ports: [{ port: 443 }]`,
    ),
    policy(
      namespace,
      'data',
      `podSelector: { matchLabels: { tier: data } }
  policyTypes: [Egress]
  egress:
    - to: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: ns0 } }, podSelector: { matchLabels: { app: log } } }]
      ports: [{ port: 53, protocol: UDP }, { port: 53 }]`,
    ),
    policy(
      namespace,
      'mail',
      `podSelector: { matchLabels: { app: log } }
  ingress:
    - from: [{ namespaceSelector: { matchLabels: { env: ${at % 2 === 0 ? 'dev' : 'prod'} } }, podSelector: { matchLabels: { app: mail } } }]
      ports: [{ port: 9000, endPort: 9100 }]`,
    ),
  ];
}

function policy(namespace: string, name: string, spec: string): string {
  return `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  ${spec}
`;
}
