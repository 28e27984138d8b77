import { describe, test } from 'node:test';
import { checkRow, type Row } from '../../../../test/kubernetes/asked-cluster.ts';
import { CLUSTER, DB, OUT, policy, TOOL_TO_DB, tier, WEB_TO_DB } from '../../../../test/kubernetes/calico-manifests.ts';

const ROWS: readonly Row[] = [
  {
    name: 'without a policy, pods are open: the profile of their namespace lets everything through',
    manifests: [],
    answers: { [WEB_TO_DB]: 'yes', [OUT]: 'yes', 'tcp shop/db -> 203.0.113.9 80': 'yes' },
  },
  {
    name: 'a policy without rules and types isolates for ingress',
    manifests: [policy(DB)],
    answers: {
      [WEB_TO_DB]: 'no',
      [OUT]: 'no',
      'tcp shop/db -> ops/tool 80': 'yes',
      'tcp ops/tool -> shop/web 80': 'yes',
    },
  },
  {
    name: 'with egress rules alone, it is for egress',
    manifests: [policy(`${DB}, egress: [{ action: Allow, destination: { nets: [203.0.113.0/24] } }]`)],
    answers: { [WEB_TO_DB]: 'yes', 'tcp shop/db -> 203.0.113.9 80': 'yes', 'tcp shop/db -> 198.51.100.1 80': 'no' },
  },
  {
    name: 'with both, it is for both, unless types says otherwise',
    manifests: [policy(`${DB}, types: [Ingress], ingress: [{ action: Allow }], egress: [{ action: Deny }]`)],
    answers: { [WEB_TO_DB]: 'yes', 'tcp shop/db -> ops/tool 80': 'yes' },
  },
  {
    name: 'a selector of a namespaced policy means its own namespace, as its rules do',
    manifests: [policy('selector: all(), ingress: [{ action: Allow, source: { selector: has(app) } }]')],
    answers: { [WEB_TO_DB]: 'yes', [TOOL_TO_DB]: 'no', [OUT]: 'no', 'tcp shop/web -> ops/tool 80': 'yes' },
  },
  {
    name: 'a namespaceSelector opens rules to other namespaces',
    manifests: [
      policy(
        `${DB}, ingress: [{ action: Allow, source: { namespaceSelector: "team == 'blue'", selector: has(app) } }]`,
      ),
    ],
    answers: { [TOOL_TO_DB]: 'yes', [WEB_TO_DB]: 'no' },
  },
  {
    name: 'namespaceSelector: all() means pods of every namespace, and nobody else',
    manifests: [policy(`${DB}, ingress: [{ action: Allow, source: { namespaceSelector: all() } }]`)],
    answers: { [TOOL_TO_DB]: 'yes', [WEB_TO_DB]: 'yes', [OUT]: 'no' },
  },
  {
    name: 'a namespace by its name, in a namespaceSelector and as a label of the pod',
    manifests: [
      policy(
        `${DB}, ingress: [{ action: Allow, source: { namespaceSelector: "projectcalico.org/name == 'ops'" } }]`,
        'a',
      ),
      policy("selector: projectcalico.org/namespace == 'shop' && app == 'web'", 'b'),
    ],
    answers: { [TOOL_TO_DB]: 'yes', [WEB_TO_DB]: 'no', 'tcp ops/tool -> shop/web 80': 'no' },
  },
  {
    name: 'every pod is Kubernetes’ own',
    manifests: [policy("selector: projectcalico.org/orchestrator != 'k8s'", 'a')],
    answers: { [WEB_TO_DB]: 'yes' },
  },
  {
    name: 'a selector that joins labels of pods and of namespaces by “or” is taken apart',
    manifests: [policy("selector: app == 'web' || projectcalico.org/namespace == 'ops'", 'a')],
    answers: { 'tcp shop/db -> shop/web 80': 'no', 'tcp shop/db -> ops/tool 80': 'no', [WEB_TO_DB]: 'yes' },
  },
  {
    name: 'service accounts, by name and by label',
    manifests: [
      policy(`${DB}, ingress: [{ action: Allow, source: { serviceAccounts: { names: [web-account] } } }]`),
      policy(
        "selector: app == 'tool', namespaceSelector: all(), ingress: [{ action: Allow, source: { serviceAccounts: { selector: \"trust == 'high'\" } } }]",
        'a',
      ),
    ],
    answers: {
      [WEB_TO_DB]: 'yes',
      [TOOL_TO_DB]: 'no',
      'tcp shop/web -> ops/tool 80': 'yes',
      'tcp shop/db -> ops/tool 80': 'no',
    },
  },
  {
    name: 'a serviceAccountSelector says whom the policy is about',
    manifests: [policy('serviceAccountSelector: "projectcalico.org/name == \'web-account\'"', 'a')],
    answers: { 'tcp shop/db -> shop/web 80': 'no', [WEB_TO_DB]: 'yes' },
  },
  {
    name: 'rules go in their order, and policies by their order; one without is last',
    manifests: [
      policy(`${DB}, ingress: [{ action: Deny, source: { selector: "app == 'web'" } }]`, 'shop/a-last'),
      policy(`${DB}, order: 10.5, ingress: [{ action: Allow, source: { selector: "app == 'web'" } }]`, 'shop/z-first'),
    ],
    answers: { [WEB_TO_DB]: 'yes' },
  },
  {
    name: 'of equal order, by name',
    manifests: [
      policy(`${DB}, order: 1, ingress: [{ action: Allow }]`, 'shop/b'),
      policy(`${DB}, order: 1, ingress: [{ action: Deny }]`, 'shop/a'),
    ],
    answers: { [WEB_TO_DB]: 'no' },
  },
  {
    name: 'Log changes nothing',
    manifests: [policy(`${DB}, ingress: [{ action: Log }, { action: Allow }]`)],
    answers: { [WEB_TO_DB]: 'yes' },
  },
  {
    name: 'Pass leaves it to the next tier; what a tier does not let through is denied at its end',
    manifests: [
      tier('first', 'order: 10'),
      policy(`tier: first, ${DB}, ingress: [{ action: Pass, source: { selector: "app == 'web'" } }]`, 'a'),
      policy(`${DB}, ingress: [{ action: Allow }]`, 'b'),
    ],
    answers: { [WEB_TO_DB]: 'yes', [TOOL_TO_DB]: 'no' },
  },
  {
    name: 'a tier whose default action is Pass denies nothing by itself',
    manifests: [
      tier('first', 'order: 10, defaultAction: Pass'),
      policy(`tier: first, ${DB}, ingress: [{ action: Deny, source: { selector: "app == 'web'" } }]`, 'a'),
    ],
    answers: { [WEB_TO_DB]: 'no', [TOOL_TO_DB]: 'yes' },
  },
  {
    name: 'Pass in the last tier leaves it to the profile, which lets it through',
    manifests: [policy(`${DB}, ingress: [{ action: Pass }]`)],
    answers: { [WEB_TO_DB]: 'yes' },
  },
  {
    name: 'NetworkPolicies of Kubernetes stand in the tier default with order 1000',
    manifests: [
      `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { namespace: shop, name: np }
spec: { podSelector: {}, ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }] }] }`,
      policy(`${DB}, order: 500, ingress: [{ action: Deny, protocol: TCP, destination: { ports: [81] } }]`, 'a'),
      policy(
        `${DB}, order: 2000, ingress: [{ action: Deny, protocol: TCP, destination: { ports: [80] } }, { action: Allow }]`,
        'b',
      ),
    ],
    answers: {
      [WEB_TO_DB]: 'yes',
      'tcp shop/web -> shop/db 81': 'no',
      [TOOL_TO_DB]: 'no',
      'tcp ops/tool -> shop/db 82': 'yes',
    },
  },
  {
    name: 'the subject’s own end narrows whom a rule is about',
    manifests: [policy('selector: all(), ingress: [{ action: Allow, destination: { selector: "app == \'web\'" } }]')],
    answers: { [WEB_TO_DB]: 'no', 'tcp shop/db -> shop/web 80': 'yes' },
  },
];

describe('policies of Calico', () => {
  for (const row of ROWS) test(row.name, () => checkRow(row, CLUSTER));
});
