/** Sound manifests of every kind that is read, small ones: mutations must leave something to understand. */
export const MANIFESTS: readonly string[] = [
  `apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { team: a, k8s.ovn.org/primary-user-defined-network: "" } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop }
spec:
  template:
    metadata: { labels: { app: web }, annotations: { k8s.v1.cni.cncf.io/networks: 'net1, other/net2@eth1' } }
    spec:
      serviceAccountName: robot
      containers:
      - { name: c, ports: [{ name: http, containerPort: 80 }, { containerPort: 53, protocol: UDP, hostPort: 53 }] }
      initContainers: [{ name: s, restartPolicy: Always, ports: [{ containerPort: 9 }] }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web, namespace: shop }
spec:
  podSelector: { matchExpressions: [{ key: app, operator: In, values: [web, db] }] }
  policyTypes: [Ingress, Egress]
  ingress:
  - from: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: db } } }, { ipBlock: { cidr: 10.0.0.0/8, except: [10.1.0.0/16] } }]
    ports: [{ port: 80, endPort: 90 }, { port: http, protocol: TCP }]
  egress: [{}]
`,
  `apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  metadata: { name: p-1, namespace: shop, labels: { app: db, n: "1" }, ownerReferences: [{ kind: ReplicaSet, name: r, controller: true }] }
  spec: { containers: [{ name: c }], hostNetwork: true }
  status: { podIPs: [{ ip: 10.0.0.1 }, { ip: 'fd00::1' }] }
- apiVersion: v1
  kind: Pod
  metadata: { name: p-2, namespace: shop, labels: { app: db, n: "2" }, ownerReferences: [{ kind: ReplicaSet, name: r, controller: true }] }
- apiVersion: apps/v1
  kind: ReplicaSet
  metadata: { name: r, namespace: shop, ownerReferences: [{ kind: Deployment, name: d }] }
  spec: { template: { metadata: { labels: { app: db } } } }
- { apiVersion: v1, kind: Service, metadata: { name: s, namespace: shop }, spec: { selector: { n: "1" }, type: LoadBalancer, ports: [{ port: 80, targetPort: http }] } }
- { apiVersion: v1, kind: ServiceAccount, metadata: { name: robot, namespace: shop, labels: { a: b } } }
`,
  `apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: { name: a }
spec:
  priority: 5
  subject: { pods: { namespaceSelector: {}, podSelector: { matchLabels: { app: web } } } }
  ingress: [{ name: n, action: Pass, from: [{ namespaces: {} }], ports: [{ portRange: { protocol: TCP, start: 1, end: 9 } }] }]
  egress: [{ action: Deny, to: [{ networks: [10.0.0.0/8, 'fd00::/8'] }, { nodes: {} }] }]
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: b }
spec:
  tier: Baseline
  priority: 5
  subject: { namespaces: { matchLabels: { team: a } } }
  egress: [{ action: Accept, to: [{ domainNames: ['*.example.com'] }], protocols: [{ tcp: { destinationPort: { number: 443 } } }] }]
---
apiVersion: k8s.cni.cncf.io/v1beta1
kind: MultiNetworkPolicy
metadata: { name: m, annotations: { k8s.v1.cni.cncf.io/policy-for: net1 } }
spec: { podSelector: {} }
`,
  `{"apiVersion": "networking.k8s.io/v1", "kind": "IngressList", "items": [{"metadata": {"name": "i"}, "spec": {"rules": [{"http": {"paths":
[{"backend": {"service": {"name": "s", "port": {"number": 80}}}}]}}]}}, {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
"metadata": {"name": "h"}, "spec": {"parentRefs": [{"name": "g"}], "rules": [{"backendRefs": [{"name": "s", "port": 80}]}]}},
{"apiVersion": "route.openshift.io/v1", "kind": "Route", "metadata": {"name": "r"}, "spec": {"to": {"name": "s"}, "port": {"targetPort": 80}}},
{"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "metadata": {"name": "v"}, "spec": {"template": {"spec": {"networks": [{"pod": {}},
{"multus": {"networkName": "net1"}}]}}}}, {"apiVersion": "k8s.ovn.org/v1", "kind": "ClusterUserDefinedNetwork", "metadata": {"name": "u"},
"spec": {"namespaceSelector": {}, "network": {"topology": "Layer2", "layer2": {"role": "Primary"}}}}]}
`,
  `apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: { name: security.deny }
spec:
  tier: security
  order: 10
  selector: app == 'web' && has(team)
  types: [Ingress, Egress]
  ingress: [{ action: Allow, protocol: TCP, source: { nets: [10.0.0.0/8], notSelector: all() }, destination: { ports: [80, '90:99'] } }]
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: c, namespace: shop }
spec:
  endpointSelector: { matchLabels: { app: web } }
  ingress: [{ fromEntities: [cluster], toPorts: [{ ports: [{ port: "80", protocol: TCP }], rules: { http: [{ method: GET }] } }] }]
  egressDeny: [{ toCIDRSet: [{ cidr: 10.0.0.0/8, except: [10.1.0.0/16] }] }]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: i, namespace: shop }
spec:
  selector: { matchLabels: { app: web } }
  action: ALLOW
  rules: [{ from: [{ source: { namespaces: [shop], principals: [cluster.local/ns/shop/sa/robot] } }], to: [{ operation: { ports: ["80"] } }] }]
`,
];

/** What has broken readers before, or could. */
export const HOSTILE_MANIFESTS: readonly string[] = [
  '',
  '---\n'.repeat(1000),
  '---\n[\n'.repeat(60),
  'a: 1\n...\n'.repeat(300),
  '\0',
  '{"apiVersion":"v1","kind":"List","items":['.repeat(300),
  `{"apiVersion":"v1","kind":"List","items":[${'{"apiVersion":"v1","kind":"List","items":['.repeat(60)}${']}'.repeat(60)}]}`,
  'apiVersion: v1\nkind: __proto__\nmetadata: { name: constructor }\n',
  'apiVersion: apps/v1\nkind: toString\nmetadata: { name: a }\n',
  'apiVersion: v1\nkind: Pod\nmetadata: { name: __proto__, namespace: constructor, labels: { __proto__: a, toString: b } }\n',
  'apiVersion: v1\nkind: Pod\nmetadata: { name: "\\u202e\\u0007", namespace: "\\n" }\n',
  'apiVersion: v1\nkind: Pod\nmetadata: &a { name: a, labels: *a }\n',
  'apiVersion: v1\nkind: Pod\nmetadata: { name: a, ownerReferences: [{ kind: Pod, name: a }] }\n',
  'apiVersion: v1\nkind: Pod\nmetadata: [name]\nspec: text\nstatus: 5\n',
  'apiVersion: v1\nkind: Pod\nmetadata: { name: 5 }\n',
  'apiVersion: [v1]\nkind: { a: b }\nmetadata: { name: a }\n',
  'apiVersion: v1\nkind: List\nitems: [1, null, [], text, {}, { kind: Pod }]\n',
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: a }\nspec: { ingress: [${'{},'.repeat(3000)}] }\n`,
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: a }\nspec: { ingress: [{ from: [${'{ ipBlock: 5 },'.repeat(1000)}] }] }\n`,
  'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: a }\nspec: { ingress: [{ ports: [{ port: 1e99 }, { port: 9007199254740993 }] }] }\n',
  'apiVersion: v1\nkind: Pod\nmetadata: { name: a, annotations: { k8s.v1.cni.cncf.io/networks: "[[[[[[" } }\n',
];

export const TOKENS: readonly string[] = [
  ':', ': ', '- ', '\n', '\n  ', '\t', '"', "'", '[', ']', '{', '}', ',', '#', '&a ', '*a', '!!str ', '|', '? ', '<<: ', '---\n', '{{ .x }}', '\0',
  '\u202e', '~', 'null', 'true', '-1', '0', '65536', '1.5', '10.0.0.0/33', '::/0', 'In', 'Exists', 'Pass', 'SCTP', 'from:', 'to:', 'ports:', 'spec:',
  'metadata:', 'kind: Pod\n', 'kind: List\n', 'items:\n', 'apiVersion: v1\n', 'namespace: other', 'name: x', '__proto__', '\\', '*', "app == 'x'", '!has(a)',
]; // biome-ignore format: a list of tokens is easier to read in full lines
