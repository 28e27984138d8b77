import { describe, test } from 'node:test';
import { checkRow, type Row } from '../../../../test/kubernetes/asked-cluster.ts';
import {
  CLUSTER,
  DB,
  group,
  OUT,
  policy,
  TOOL_TO_DB,
  WEB,
  WEB_TO_DB,
} from '../../../../test/kubernetes/cilium-manifests.ts';

const HOST_TO_DB = 'tcp ops/host -> shop/db 80';
const NODE_TO_DB = 'tcp node -> shop/db 80';

const ROWS: readonly Row[] = [
  {
    name: 'fromEndpoints means pods of the policy’s own namespace',
    manifests: [
      policy(`${DB}, ingress: [{ fromEndpoints: [{ matchLabels: { app: web } }, { matchLabels: { app: tool } }] }]`),
    ],
    answers: { [WEB_TO_DB]: 'yes', [TOOL_TO_DB]: 'no', [OUT]: 'no' },
  },
  {
    name: 'fromEndpoints: [{}] means every pod of the namespace',
    manifests: [policy(`${DB}, ingress: [{ fromEndpoints: [{}] }]`)],
    answers: { [WEB_TO_DB]: 'yes', [TOOL_TO_DB]: 'no', [OUT]: 'no', [HOST_TO_DB]: 'no' },
  },
  {
    name: 'in a clusterwide policy every pod',
    manifests: [policy(`${DB}, ingress: [{ fromEndpoints: [{}] }]`, 'a')],
    answers: { [WEB_TO_DB]: 'yes', [TOOL_TO_DB]: 'yes', [OUT]: 'no' },
  },
  {
    name: 'another namespace by its name, with and without the source of the label',
    manifests: [
      policy(
        `${DB}, ingress: [{ fromEndpoints: [{ matchLabels: { "k8s:io.kubernetes.pod.namespace": ops, "k8s:app": tool } }] }]`,
      ),
      policy(
        `${WEB}, ingress: [{ fromEndpoints: [{ matchExpressions: [{ key: io.kubernetes.pod.namespace, operator: Exists }] }] }]`,
        'shop/q',
      ),
    ],
    answers: {
      [TOOL_TO_DB]: 'yes',
      [WEB_TO_DB]: 'no',
      'tcp ops/tool -> shop/web 80': 'yes',
      'tcp 203.0.113.9 -> shop/web 80': 'no',
    },
  },
  {
    name: 'namespaces by their labels, and pods by their service account',
    manifests: [
      policy(
        `${DB}, ingress: [{ fromEndpoints: [{ matchLabels: { "k8s:io.cilium.k8s.namespace.labels.team": blue } }] }]`,
      ),
      policy(
        'endpointSelector: { matchLabels: { app: tool } }, ingress: [{ fromEndpoints: [{ matchLabels: { io.cilium.k8s.policy.serviceaccount: web-account } }] }]',
        'a',
      ),
    ],
    answers: {
      [TOOL_TO_DB]: 'yes',
      [WEB_TO_DB]: 'no',
      'tcp shop/web -> ops/tool 80': 'yes',
      'tcp shop/db -> ops/tool 80': 'no',
    },
  },
  {
    name: 'a label of another source is on no pod',
    manifests: [policy(`${DB}, ingress: [{ fromEndpoints: [{ matchLabels: { "container:app": web } }] }]`)],
    answers: { [WEB_TO_DB]: 'no' },
  },
  {
    name: 'an endpointSelector means the policy’s namespace whatever it says',
    manifests: [
      policy('endpointSelector: { matchLabels: { "k8s:io.kubernetes.pod.namespace": ops, app: db } }, ingress: [{}]'),
    ],
    answers: { [WEB_TO_DB]: 'no' },
  },
  {
    name: 'the entity all means everybody',
    manifests: [policy(`${DB}, ingress: [{ fromEntities: [all] }]`)],
    answers: { [WEB_TO_DB]: 'yes', [OUT]: 'yes', [NODE_TO_DB]: 'yes' },
  },
  {
    name: 'the entity world means who is outside, and maybe the API server',
    manifests: [policy(`${DB}, ingress: [{ fromEntities: [world] }]`)],
    answers: {
      [OUT]: 'yes',
      'tcp 2001:db8::1 -> shop/db 80': 'yes',
      [WEB_TO_DB]: 'no',
      'tcp api-server -> shop/db 80': 'maybe',
    },
  },
  {
    name: 'the world of one family',
    manifests: [policy(`${DB}, ingress: [{ fromEntities: [world-ipv6] }]`)],
    answers: { 'tcp 2001:db8::1 -> shop/db 80': 'yes', [WEB_TO_DB]: 'no' },
  },
  {
    name: 'the entity cluster means pods, nodes and the API server',
    manifests: [policy(`${DB}, ingress: [{ fromEntities: [cluster] }]`)],
    answers: {
      [WEB_TO_DB]: 'yes',
      [TOOL_TO_DB]: 'yes',
      [NODE_TO_DB]: 'yes',
      [HOST_TO_DB]: 'yes',
      'tcp api-server -> shop/db 80': 'yes',
    },
  },
  {
    name: 'host is one node, remote-node are the others, both are all',
    manifests: [
      policy(`${DB}, ingress: [{ fromEntities: [host] }]`),
      policy(`${WEB}, ingress: [{ fromEntities: [host, remote-node] }]`, 'shop/q'),
    ],
    answers: {
      [NODE_TO_DB]: 'maybe',
      [HOST_TO_DB]: 'maybe',
      [WEB_TO_DB]: 'no',
      'tcp node -> shop/web 80': 'yes',
      'tcp ops/host -> shop/web 80': 'yes',
    },
  },
  {
    name: 'a reserved label is the entity of that name',
    manifests: [policy(`${DB}, ingress: [{ fromEndpoints: [{ matchLabels: { "reserved:kube-apiserver": "" } }] }]`)],
    answers: { 'tcp api-server -> shop/db 80': 'yes', [WEB_TO_DB]: 'no' },
  },
  {
    name: 'the entity ingress is the controller of Ingress, where that is Cilium’s own',
    manifests: [policy(`${DB}, ingress: [{ fromEntities: [ingress] }]`)],
    answers: { 'tcp ingress-controller -> shop/db 80': 'maybe', [WEB_TO_DB]: 'no', [OUT]: 'no' },
  },
  {
    name: 'health, init and none are nobody here',
    manifests: [policy(`${DB}, ingress: [{ fromEntities: [health, init, none] }]`)],
    answers: { [WEB_TO_DB]: 'no', [OUT]: 'no', [NODE_TO_DB]: 'no' },
  },
  {
    name: 'address blocks mean nobody in the cluster',
    manifests: [policy(`${DB}, ingress: [{ fromCIDR: [0.0.0.0/0, 2001:db8::1] }]`)],
    answers: {
      [OUT]: 'yes',
      'tcp 2001:db8::1 -> shop/db 80': 'yes',
      'tcp 2001:db8::2 -> shop/db 80': 'no',
      [WEB_TO_DB]: 'no',
    },
  },
  {
    name: 'blocks with exceptions, and groups of blocks by name and by label',
    manifests: [
      group('partners', 'kind: partner', '203.0.113.0/24'),
      policy(
        `${DB}, ingress: [{ fromCIDRSet: [{ cidr: 10.0.0.0/8, except: [10.96.0.0/12] }, { cidrGroupRef: partners, except: [203.0.113.128/25] }] }]`,
      ),
      policy(`${WEB}, egress: [{ toCIDRSet: [{ cidrGroupSelector: { matchLabels: { kind: partner } } }] }]`, 'shop/q'),
    ],
    answers: {
      'tcp 10.1.0.1 -> shop/db 80': 'yes',
      'tcp 10.97.0.1 -> shop/db 80': 'no',
      [OUT]: 'yes',
      'tcp 203.0.113.200 -> shop/db 80': 'no',
      'tcp shop/web -> 203.0.113.9 80': 'yes',
      'tcp shop/web -> 198.51.100.1 80': 'no',
    },
  },
  {
    name: 'names: exact ones, one label by `*`, any number by `**.`, parts of a label',
    manifests: [
      policy(`${WEB}, egress: [{ toFQDNs: [{ matchName: api.example.com }, { matchPattern: "*.example.org" }] }]`),
      policy(
        `${DB}, egress: [{ toFQDNs: [{ matchPattern: "**.example.org" }, { matchPattern: "sub*.example.net" }] }]`,
        'shop/q',
      ),
    ],
    answers: {
      'tcp shop/web -> api.example.com 443': 'yes',
      'tcp shop/web -> www.example.org 443': 'maybe', // one label in front of it, which is not looked at here
      'tcp shop/web -> example.org 443': 'no',
      'tcp shop/db -> a.b.example.org 443': 'yes',
      'tcp shop/db -> sub1.example.net 443': 'maybe',
      'tcp shop/db -> api.example.com 443': 'no',
      'tcp shop/db -> ops/tool 443': 'no', // addresses of pods are never those of a name
    },
  },
  {
    name: 'the pattern * alone: whatever DNS has answered with',
    manifests: [policy(`${WEB}, egress: [{ toFQDNs: [{ matchPattern: "*" }] }]`)],
    answers: { 'tcp shop/web -> 203.0.113.9 443': 'maybe', 'tcp shop/web -> ops/tool 443': 'no' },
  },
  {
    name: 'Services: the pods behind them, by name and by label',
    manifests: [
      policy(`${WEB}, egress: [{ toServices: [{ k8sService: { serviceName: tools, namespace: ops } }] }]`),
      policy(
        `${DB}, egress: [{ toServices: [{ k8sServiceSelector: { selector: { matchLabels: { kind: tools } } } }] }]`,
        'shop/q',
      ),
    ],
    answers: { 'tcp shop/web -> ops/tool 80': 'yes', 'tcp shop/db -> ops/tool 80': 'yes', [WEB_TO_DB]: 'no' },
  },
  {
    name: 'nodes by their labels, which nobody knows here',
    manifests: [policy(`${DB}, ingress: [{ fromNodes: [{ matchLabels: { role: edge } }] }]`)],
    answers: { [NODE_TO_DB]: 'maybe', [WEB_TO_DB]: 'no' },
  },
  {
    name: 'requirements narrow what rules for endpoints let through',
    manifests: [
      policy(`${DB}, ingress: [{ fromRequires: [{ matchLabels: { app: web } }] }]`),
      policy(
        `${DB}, ingress: [{ fromEndpoints: [{ matchExpressions: [{ key: io.kubernetes.pod.namespace, operator: Exists }] }] }]`,
        'shop/q',
      ),
    ],
    answers: { [WEB_TO_DB]: 'yes', [TOOL_TO_DB]: 'maybe' },
  },
];

describe('whom Cilium’s rules mean', () => {
  for (const row of ROWS) test(row.name, () => checkRow(row, CLUSTER));
});
