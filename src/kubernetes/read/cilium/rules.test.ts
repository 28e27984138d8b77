import { describe, test } from 'node:test';
import { checkRow, type Row } from '../../../../test/kubernetes/asked-cluster.ts';
import { CLUSTER, DB, OUT, policy, TOOL_TO_DB, WEB, WEB_TO_DB } from '../../../../test/kubernetes/cilium-manifests.ts';

const ROWS: readonly Row[] = [
  {
    name: 'no rules, or an empty list of them: nothing is isolated',
    manifests: [policy(DB), policy(`${DB}, ingress: []`, 'shop/q')],
    answers: { [WEB_TO_DB]: 'yes', [OUT]: 'yes' },
  },
  {
    name: 'an empty rule isolates and lets nothing through',
    manifests: [policy(`${DB}, ingress: [{}]`)],
    answers: { [WEB_TO_DB]: 'no', [OUT]: 'no', 'tcp shop/db -> ops/tool 80': 'yes' },
  },
  {
    name: 'an empty list of endpoints, entities or blocks means nobody, also with ports',
    manifests: [
      policy(
        `${DB}, ingress: [{ fromEndpoints: [], toPorts: [{ ports: [{ port: "80" }] }] }, { fromCIDR: [] }, { fromEntities: [] }]`,
      ),
    ],
    answers: { [WEB_TO_DB]: 'no', [OUT]: 'no' },
  },
  {
    name: 'ports alone mean everybody',
    manifests: [policy(`${DB}, ingress: [{ toPorts: [{ ports: [{ port: "80", protocol: TCP }] }] }]`)],
    answers: {
      [WEB_TO_DB]: 'yes',
      [OUT]: 'yes',
      'tcp shop/web -> shop/db 81': 'no',
      'udp shop/web -> shop/db 80': 'no',
    },
  },
  {
    name: 'an entry of toPorts without ports matches nothing; an empty list is none',
    manifests: [
      policy(`${DB}, ingress: [{ fromEntities: [all], toPorts: [{}] }]`),
      policy(`${WEB}, ingress: [{ fromEntities: [all], toPorts: [] }]`, 'shop/q'),
    ],
    answers: { [WEB_TO_DB]: 'no', 'tcp shop/db -> shop/web 80': 'yes' },
  },
  {
    name: 'without a protocol: TCP, UDP and SCTP; port 0 is every port; endPort ends a range',
    manifests: [
      policy(
        `${DB}, ingress: [{ toPorts: [{ ports: [{ port: "80" }, { port: "0", protocol: UDP }, { port: "90", endPort: 92, protocol: TCP }] }] }]`,
      ),
    ],
    answers: {
      'sctp shop/web -> shop/db 80': 'yes',
      'icmp shop/web -> shop/db 8': 'no',
      'udp shop/web -> shop/db 5353': 'yes',
      'tcp shop/web -> shop/db 92': 'yes',
      'tcp shop/web -> shop/db 93': 'no',
    },
  },
  {
    name: 'ports by name, in any case',
    manifests: [policy(`${WEB}, ingress: [{ toPorts: [{ ports: [{ port: HTTP, protocol: TCP }] }] }]`)],
    answers: { 'tcp shop/db -> shop/web 8080': 'yes', 'tcp shop/db -> shop/web 80': 'no' },
  },
  {
    name: 'ICMP by number and name, of either family',
    manifests: [
      policy(`${DB}, ingress: [{ icmps: [{ fields: [{ type: 8 }, { family: IPv6, type: EchoRequest }] }] }]`),
    ],
    answers: {
      'icmp shop/web -> shop/db 8': 'yes',
      'icmp shop/web -> shop/db 13': 'no',
      'icmpv6 shop/web -> shop/db 128': 'yes',
      [WEB_TO_DB]: 'no',
    },
  },
  {
    name: 'rules add up, also with NetworkPolicies; who and which ports of one rule go together',
    manifests: [
      policy(
        `${DB}, ingress: [{ fromEndpoints: [{ matchLabels: { app: web } }], toPorts: [{ ports: [{ port: "81" }] }] }]`,
      ),
      `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { namespace: shop, name: np }
spec: { podSelector: {}, ingress: [{ ports: [{ port: 80 }] }] }`,
    ],
    answers: { [WEB_TO_DB]: 'yes', 'tcp shop/web -> shop/db 81': 'yes', 'tcp ops/tool -> shop/db 81': 'no' },
  },
  {
    name: 'what is denied is denied, whatever lets it through',
    manifests: [
      policy(
        `${DB}, ingress: [{ fromEntities: [all] }], ingressDeny: [{ fromEndpoints: [{ matchLabels: { app: web } }], toPorts: [{ ports: [{ port: "80" }] }] }]`,
      ),
    ],
    answers: { [WEB_TO_DB]: 'no', 'tcp shop/web -> shop/db 81': 'yes', [TOOL_TO_DB]: 'yes' },
  },
  {
    name: 'rules that deny isolate, too',
    manifests: [policy(`${DB}, ingressDeny: [{ fromEndpoints: [{ matchLabels: { app: web } }] }]`)],
    answers: { [WEB_TO_DB]: 'no', [TOOL_TO_DB]: 'no' },
  },
  {
    name: 'unless default deny is switched off',
    manifests: [
      policy(
        `${DB}, enableDefaultDeny: { ingress: false }, ingressDeny: [{ fromEndpoints: [{ matchLabels: { app: web } }] }]`,
      ),
    ],
    answers: { [WEB_TO_DB]: 'no', [TOOL_TO_DB]: 'yes' },
  },
  {
    name: 'and it can be switched on without a rule',
    manifests: [policy(`${DB}, enableDefaultDeny: { egress: true }`)],
    answers: { 'tcp shop/db -> ops/tool 80': 'no', [WEB_TO_DB]: 'yes' },
  },
  {
    name: 'requests, names in TLS and authentication are conditions',
    manifests: [
      policy(
        `${DB}, ingress: [{ toPorts: [{ ports: [{ port: "80", protocol: TCP }], rules: { http: [{ method: GET, path: /shop }] } }] }, { toPorts: [{ ports: [{ port: "443", protocol: TCP }], serverNames: [a.example.com] }] }, { fromEndpoints: [{}], authentication: { mode: required }, toPorts: [{ ports: [{ port: "90" }] }] }]`,
      ),
    ],
    answers: {
      [WEB_TO_DB]: 'maybe',
      'tcp shop/web -> shop/db 443': 'maybe',
      'tcp shop/web -> shop/db 90': 'maybe',
      'tcp shop/web -> shop/db 91': 'no',
    },
  },
  {
    name: 'an empty rule for requests asks for nothing',
    manifests: [
      policy(`${DB}, ingress: [{ toPorts: [{ ports: [{ port: "80", protocol: TCP }], rules: { http: [{}] } }] }]`),
    ],
    answers: { [WEB_TO_DB]: 'yes' },
  },
  {
    name: 'queries of DNS: all of them, or some',
    manifests: [
      policy(
        `${WEB}, egress: [{ toEndpoints: [{ matchLabels: { app: db } }], toPorts: [{ ports: [{ port: "53", protocol: ANY }], rules: { dns: [{ matchPattern: "*" }] } }] }]`,
      ),
      policy(
        'endpointSelector: { matchLabels: { app: tool } }, egress: [{ toPorts: [{ ports: [{ port: "53" }], rules: { dns: [{ matchName: a.example.com }] } }] }]',
        'a',
      ),
    ],
    answers: {
      'udp shop/web -> shop/db 53': 'yes',
      'tcp shop/web -> shop/db 53': 'yes',
      'udp ops/tool -> shop/db 53': 'maybe',
    },
  },
  {
    name: 'rules for requests refuse others also where nothing is isolated',
    manifests: [
      policy(
        `${DB}, enableDefaultDeny: { ingress: false, egress: false }, ingress: [{ toPorts: [{ ports: [{ port: "80", protocol: TCP }], rules: { http: [{ method: GET }] } }] }]`,
      ),
    ],
    answers: { [WEB_TO_DB]: 'maybe', 'tcp shop/web -> shop/db 81': 'yes' },
  },
  {
    name: '`specs` is a list of policies',
    manifests: [policy(DB).replace(/^spec: (.*)$/m, `specs: [{ ${DB}, ingress: [{}] }, { ${WEB}, egress: [{}] }]`)],
    answers: { [TOOL_TO_DB]: 'no', 'tcp shop/web -> ops/tool 80': 'no', 'tcp shop/db -> ops/tool 80': 'yes' },
  },
];

describe('rules of Cilium', () => {
  for (const row of ROWS) test(row.name, () => checkRow(row, CLUSTER));
});
