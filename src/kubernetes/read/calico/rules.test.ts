import { describe, test } from 'node:test';
import { checkRow, type Row } from '../../../../test/kubernetes/asked-cluster.ts';
import { CLUSTER, DB, OUT, policy, set, TOOL_TO_DB, WEB_TO_DB } from '../../../../test/kubernetes/calico-manifests.ts';

const ROWS: readonly Row[] = [
  {
    name: 'ports, ranges and names; a rule for names matches no address',
    manifests: [
      policy(
        "selector: app == 'web', ingress: [{ action: Allow, protocol: TCP, destination: { ports: [80, '90:92', http] } }]",
      ),
    ],
    answers: {
      'tcp shop/db -> shop/web 80': 'yes',
      'tcp shop/db -> shop/web 91': 'yes',
      'tcp shop/db -> shop/web 93': 'no',
      'tcp shop/db -> shop/web 8080': 'yes',
      'udp shop/db -> shop/web 80': 'no',
    },
  },
  {
    name: 'notPorts, and protocols by number and by what they are not',
    manifests: [
      policy(
        "selector: app == 'web', ingress: [{ action: Allow, protocol: 6, destination: { notPorts: [80, '90:92'] } }]",
      ),
      policy(`${DB}, ingress: [{ action: Allow, notProtocol: TCP }]`, 'shop/q'),
    ],
    answers: {
      'tcp shop/db -> shop/web 80': 'no',
      'tcp shop/db -> shop/web 89': 'yes',
      [WEB_TO_DB]: 'no',
      'udp shop/web -> shop/db 80': 'yes',
      'other shop/web -> shop/db 47': 'yes',
    },
  },
  {
    name: 'ICMP by type, and by what it is not',
    manifests: [
      policy("selector: app == 'web', ingress: [{ action: Allow, protocol: ICMP, icmp: { type: 8 } }]"),
      policy(`${DB}, ingress: [{ action: Allow, protocol: ICMP, notICMP: { type: 8 } }]`, 'shop/q'),
    ],
    answers: {
      'icmp shop/db -> shop/web 8': 'yes',
      'icmp shop/db -> shop/web 13': 'no',
      'icmp shop/web -> shop/db 8': 'no',
      'icmp shop/web -> shop/db 13': 'yes',
      'icmpv6 shop/db -> shop/web 8': 'no',
    },
  },
  {
    name: 'a code, a source port and a request are conditions',
    manifests: [
      policy(
        "selector: app == 'web', ingress: [{ action: Allow, protocol: ICMP, icmp: { type: 3, code: 4 } }, { action: Allow, protocol: TCP, source: { ports: [53] } }]",
      ),
      policy(`${DB}, ingress: [{ action: Allow, http: { methods: [GET], paths: [{ prefix: /shop }] } }]`, 'shop/q'),
    ],
    answers: { 'icmp shop/db -> shop/web 3': 'maybe', 'tcp shop/db -> shop/web 80': 'maybe', [WEB_TO_DB]: 'maybe' },
  },
  {
    name: 'nets mean addresses outside, and pods as far as their addresses may lie in them',
    manifests: [
      policy(`${DB}, ingress: [{ action: Allow, source: { nets: [203.0.113.0/24] } }]`),
      policy("selector: app == 'web', ingress: [{ action: Allow, source: { nets: [10.0.0.0/8] } }]", 'shop/q'),
    ],
    answers: {
      [OUT]: 'yes',
      [WEB_TO_DB]: 'no',
      'tcp 10.1.2.3 -> shop/web 80': 'yes',
      'tcp shop/db -> shop/web 80': 'maybe',
    },
  },
  {
    name: 'all of IPv4 lets every pod in, and no address of IPv6',
    manifests: [policy(`${DB}, ingress: [{ action: Allow, source: { nets: [0.0.0.0/0] } }]`)],
    answers: { [OUT]: 'yes', [WEB_TO_DB]: 'yes', 'tcp 2001:db8::1 -> shop/db 80': 'no' },
  },
  {
    name: 'notNets: everybody but these',
    manifests: [
      policy("selector: app == 'web', egress: [{ action: Allow, destination: { notNets: [169.254.169.254/32] } }]"),
    ],
    answers: {
      'tcp shop/web -> 169.254.169.254 80': 'no',
      'tcp shop/web -> 203.0.113.9 80': 'yes',
      [WEB_TO_DB]: 'yes',
    },
  },
  {
    name: 'ipVersion restricts the addresses',
    manifests: [policy(`${DB}, ingress: [{ action: Allow, ipVersion: 6 }]`)],
    answers: { [OUT]: 'no', 'tcp 2001:db8::1 -> shop/db 80': 'yes', [WEB_TO_DB]: 'maybe' },
  },
  {
    name: 'notSelector in a global policy also matches who is outside',
    manifests: [policy(`${DB}, ingress: [{ action: Allow, source: { notSelector: "app == 'web'" } }]`, 'a')],
    answers: { [WEB_TO_DB]: 'no', [TOOL_TO_DB]: 'yes', [OUT]: 'yes' },
  },
  {
    name: 'a negated selector does not',
    manifests: [policy(`${DB}, ingress: [{ action: Allow, source: { selector: "app != 'web'" } }]`, 'a')],
    answers: { [WEB_TO_DB]: 'no', [TOOL_TO_DB]: 'yes', [OUT]: 'no' },
  },
  {
    name: 'notSelector in a namespace stays in the namespace',
    manifests: [policy(`${DB}, ingress: [{ action: Allow, source: { notSelector: "app == 'tool'" } }]`)],
    answers: { [WEB_TO_DB]: 'yes', [TOOL_TO_DB]: 'no', [OUT]: 'no' },
  },
  {
    name: 'selectors find network sets as they find pods',
    manifests: [
      set('shop/partners', 'role: partner', 'nets: [203.0.113.0/24]'),
      set('world', 'role: partner', 'nets: [198.51.100.0/24]'),
      policy(`${DB}, ingress: [{ action: Allow, source: { selector: "role == 'partner'" } }]`),
      policy(
        "selector: app == 'web', ingress: [{ action: Allow, source: { selector: \"role == 'partner'\", namespaceSelector: global() } }]",
        'shop/q',
      ),
      policy("selector: app == 'tool', ingress: [{ action: Allow, source: { selector: \"role == 'partner'\" } }]", 'a'),
    ],
    answers: {
      [OUT]: 'yes',
      'tcp 198.51.100.7 -> shop/db 80': 'no', // a global set is in no namespace
      'tcp 203.0.113.9 -> shop/web 80': 'no',
      'tcp 198.51.100.7 -> shop/web 80': 'yes',
      'tcp 203.0.113.9 -> ops/tool 80': 'yes',
      'tcp 198.51.100.7 -> ops/tool 80': 'yes',
    },
  },
  {
    name: 'a network set as a cluster keeps it has its labels in an annotation',
    manifests: [
      `apiVersion: crd.projectcalico.org/v1
kind: GlobalNetworkSet
metadata: { name: kept, annotations: { projectcalico.org/metadata: '{"labels":{"role":"partner"}}' } }
spec: { nets: [203.0.113.0/24] }`,
      policy(`${DB}, ingress: [{ action: Allow, source: { selector: "role == 'partner'" } }]`, 'a'),
    ],
    answers: { [OUT]: 'yes', [WEB_TO_DB]: 'no' },
  },
  {
    name: 'a network set inherits the labels of its namespace',
    manifests: [
      set('ops/partners', 'role: partner', 'nets: [203.0.113.0/24]'),
      policy(
        `${DB}, ingress: [{ action: Allow, source: { namespaceSelector: "team == 'blue'", selector: "role == 'partner'" } }]`,
      ),
    ],
    answers: { [OUT]: 'yes' },
  },
  {
    name: 'names of a network set are for egress that allows',
    manifests: [
      set('apis', 'role: api', 'allowedEgressDomains: [api.example.com, "*.example.org"]'),
      policy(
        "selector: app == 'web', egress: [{ action: Allow, protocol: TCP, destination: { selector: \"role == 'api'\", ports: [443] } }]",
        'a',
      ),
      policy("selector: app == 'db', egress: [{ action: Allow, destination: { domains: [www.example.net] } }]", 'b'),
    ],
    answers: {
      'tcp shop/web -> api.example.com 443': 'yes',
      'tcp shop/web -> a.b.example.org 443': 'yes',
      'tcp shop/web -> api.example.com 80': 'no',
      'tcp shop/web -> example.org 443': 'no',
      'tcp shop/web -> 203.0.113.9 443': 'maybe', // it may be an address of theirs
      'tcp shop/db -> www.example.net 443': 'yes',
    },
  },
  {
    name: 'a Service means its pods and their ports; that of the API server means the API server',
    manifests: [
      policy(
        "selector: app == 'web', egress: [{ action: Allow, destination: { services: { name: db } } }, { action: Allow, destination: { services: { name: kubernetes, namespace: default } } }]",
      ),
    ],
    answers: { 'tcp shop/web -> shop/db 5432': 'yes', [WEB_TO_DB]: 'no', 'tcp shop/web -> api-server 443': 'maybe' },
  },
  {
    name: 'staged policies enforce nothing',
    manifests: [
      policy(DB).replace('kind: NetworkPolicy', 'kind: StagedNetworkPolicy'),
      policy(DB, 'a').replace('kind: Global', 'kind: StagedGlobal'),
    ],
    answers: { [WEB_TO_DB]: 'yes' },
  },
  {
    name: 'policies as a cluster keeps them mean the same, and are taken once',
    manifests: [
      policy(`${DB}, ingress: [{ action: Allow }]`, 'shop/p'),
      policy(DB, 'shop/default.p').replace('projectcalico.org/v3', 'crd.projectcalico.org/v1'),
    ],
    answers: { [WEB_TO_DB]: 'yes' },
  },
];

describe('rules of Calico', () => {
  for (const row of ROWS) test(row.name, () => checkRow(row, CLUSTER));
});
