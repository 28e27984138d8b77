import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { connections } from './asking.ts';
import { clusterOf } from './manifests.fixture.ts';
import { assertMeaning, type MeaningCase, policy, WORLD } from './meaning.fixture.ts';

const admin = (priority: number, rules: string, subject = '{ namespaces: {} }'): string =>
  `{ apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: { name: a${priority} }, spec: { priority: ${priority}, subject: ${subject}, ${rules} } }`;
const baseline = (rules: string): string =>
  `{ apiVersion: policy.networking.k8s.io/v1alpha1, kind: BaselineAdminNetworkPolicy, metadata: { name: default }, spec: { subject: { namespaces: {} }, ${rules} } }`;

const DB = 'podSelector: { matchLabels: { app: db } }';
const EVERY_NAMESPACE = '[{ namespaces: {} }]';

const CASES: readonly MeaningCase[] = [
  {
    name: 'an admin policy denies before a policy allows',
    why: 'admin policies are asked first, and what they decide is decided',
    policies: [
      admin(10, `ingress: [{ action: Deny, from: ${EVERY_NAMESPACE} }]`),
      policy('{ podSelector: {}, ingress: [{}] }'),
    ],
    no: ['ops/web -> shop/db', 'ops/web -> ops/mon'],
    yes: ['203.0.113.9 -> shop/db'],
  },
  {
    name: 'an admin policy allows what a policy would deny',
    why: 'a NetworkPolicy cannot take back what an admin allows',
    policies: [admin(10, `ingress: [{ action: Allow, from: ${EVERY_NAMESPACE} }]`), policy('{ podSelector: {} }')],
    yes: ['ops/web -> shop/db'],
    no: ['203.0.113.9 -> shop/db'],
  },
  {
    name: 'an admin policy passes',
    why: '`Pass` skips the other admin policies, and leaves it to NetworkPolicies',
    policies: [
      admin(10, 'ingress: [{ action: Pass, from: [{ namespaces: { matchLabels: { team: a } } }] }]'),
      admin(20, `ingress: [{ action: Deny, from: ${EVERY_NAMESPACE} }]`),
    ],
    yes: ['shop/web -> shop/db'],
    no: ['ops/web -> shop/db'],
  },
  {
    name: 'the lower priority is asked first',
    why: 'of admin policies the lower number comes first, whatever their order in the files',
    policies: [
      admin(20, `ingress: [{ action: Deny, from: ${EVERY_NAMESPACE} }]`),
      admin(10, `ingress: [{ action: Allow, from: ${EVERY_NAMESPACE} }]`),
    ],
    yes: ['ops/web -> shop/db'],
  },
  {
    name: 'the first rule decides',
    why: 'rules of an admin policy are asked in their order',
    policies: [
      admin(
        10,
        `ingress: [{ action: Allow, from: ${EVERY_NAMESPACE}, ports: [{ portNumber: { protocol: TCP, port: 80 } }] }, { action: Deny, from: ${EVERY_NAMESPACE} }]`,
      ),
    ],
    yes: ['ops/web -> shop/db TCP 80'],
    no: ['ops/web -> shop/db TCP 81', 'ops/web -> shop/db UDP 80'],
  },
  {
    name: 'the baseline denies what no policy selects',
    why: 'it is asked last, and not at all where a NetworkPolicy isolates the pod',
    policies: [
      baseline(`ingress: [{ action: Deny, from: ${EVERY_NAMESPACE} }]`),
      policy(`{ ${DB}, ingress: [{ from: [{ namespaceSelector: {} }], ports: [{ port: 80 }] }] }`),
    ],
    yes: ['ops/web -> shop/db TCP 80', '203.0.113.9 -> shop/web'],
    no: ['ops/web -> shop/web', 'ops/web -> shop/db TCP 81', '203.0.113.9 -> shop/db'],
  },
  {
    name: 'a pass reaches the baseline',
    why: 'where no NetworkPolicy isolates the pod, what is passed on is the baseline’s',
    policies: [
      admin(10, `ingress: [{ action: Pass, from: ${EVERY_NAMESPACE} }]`),
      baseline(
        `ingress: [{ action: Deny, from: ${EVERY_NAMESPACE}, ports: [{ portNumber: { protocol: UDP, port: 80 } }] }]`,
      ),
    ],
    yes: ['ops/web -> shop/db TCP 80', 'ops/web -> shop/db UDP 81'],
    no: ['ops/web -> shop/db UDP 80'],
  },
  {
    name: 'an admin policy to addresses',
    why: '`networks` are of egress only; a block of public addresses has no pod',
    policies: [admin(10, 'egress: [{ action: Deny, to: [{ networks: [203.0.113.0/24] }] }]')],
    yes: ['shop/db -> 203.0.114.1', 'shop/db -> ops/web'],
    no: ['shop/db -> 203.0.113.9'],
  },
  {
    name: 'an admin policy allows every address of IPv4',
    why: 'pods are compared by their addresses, too: what admins allow no NetworkPolicy takes back',
    policies: [
      admin(10, 'egress: [{ action: Allow, to: [{ networks: [0.0.0.0/0] }] }]'),
      policy('{ podSelector: {}, policyTypes: [Egress] }'),
    ],
    yes: ['shop/db -> ops/web', 'shop/db -> 203.0.113.9'],
    no: ['shop/db -> 2001:db8::1'],
  },
  {
    name: 'an admin policy denies every address',
    why: 'pods are compared by their addresses, too',
    policies: [admin(10, 'egress: [{ action: Deny, to: [{ networks: [0.0.0.0/0, "::/0"] }] }]')],
    no: ['shop/db -> ops/web', 'shop/db -> 203.0.113.9', 'shop/db -> 2001:db8::1'],
  },
];

test('a block of private addresses may have any pod', () => {
  const cluster = clusterOf(...WORLD, admin(10, 'egress: [{ action: Deny, to: [{ networks: [10.0.0.0/8] }] }]'));
  const [from, to] = ['shop/db[Pod]', 'ops/web[Pod]'].map(
    (id) => ({ kind: 'workload', workload: cluster.workloads.find((each) => each.id === id)! }) as const,
  );
  const { certainly, possibly } = connections(cluster, from!, to!);
  assert.deepEqual([certainly, possibly].map(String), ['nothing', 'everything']);
});

describe('what admin policies mean', () => {
  for (const each of CASES) it(`${each.name}: ${each.why}`, () => assertMeaning(each));
});
