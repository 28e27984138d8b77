import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AskedCluster } from '../../../../test/kubernetes/asked-cluster.ts';
import { CLUSTER, DB, policy } from '../../../../test/kubernetes/cilium-manifests.ts';

const TCP = 'ports: [{ port: "80", protocol: TCP }]';

describe('Cilium refuses', () => {
  const refused: readonly (readonly [spec: string, problem: RegExp])[] = [
    ['ingress: [{}]', /B0202.*`spec`.*needs an `endpointSelector`/],
    [`${DB}, nodeSelector: {}`, /B0202.*exclude each other/],
    ['nodeSelector: {}', /B0202.*Clusterwide/],
    [`${DB}, ingress: [{ fromCIDR: [10.0.0.0/8], fromEntities: [host] }]`, /B0202.*`fromCIDR` and `fromEntities`/],
    [`${DB}, ingress: [{ fromEntities: [internet] }]`, /B0201.*`internet`/],
    [`${DB}, ingress: [{ fromCIDR: [10.0.0.0/40] }]`, /B0201.*`10.0.0.0\/40`/],
    [
      `${DB}, ingress: [{ fromCIDRSet: [{ cidr: 10.0.0.0/8, except: [11.0.0.0/16] }] }]`,
      /B0202.*does not lie in `cidr`/,
    ],
    [`${DB}, ingress: [{ fromCIDRSet: [{ cidr: 10.0.0.0/8, cidrGroupRef: a }] }]`, /B0202.*one of cidr/],
    [
      `${DB}, ingress: [{ toPorts: [{ ports: [{ port: 80 }] }] }]`,
      /B0001.*`spec.ingress\[0\].toPorts\[0\].ports\[0\].port` must be text/,
    ],
    [`${DB}, ingress: [{ toPorts: [{ ports: [{ port: "70000" }] }] }]`, /B0201.*`70000`/],
    [`${DB}, ingress: [{ toPorts: [{ ports: [{ port: "80", endPort: 79 }] }] }]`, /B0201.*`79`/],
    [`${DB}, ingress: [{ toPorts: [{ ports: [{ port: "80", protocol: tcp }] }] }]`, /B0201.*`tcp`/],
    [`${DB}, ingress: [{ icmps: [{ fields: [{ type: 8 }] }], toPorts: [{ ${TCP} }] }]`, /B0202.*exclude each other/],
    [`${DB}, ingress: [{ icmps: [{ fields: [{ type: Ping }] }] }]`, /B0201.*`Ping`/],
    [
      `${DB}, ingress: [{ toPorts: [{ ${TCP}, rules: { dns: [{ matchName: a.b }] } }] }]`,
      /B0202.*DNS rules are for egress/,
    ],
    [`${DB}, egress: [{ toPorts: [{ ports: [{ port: "80" }], rules: { http: [{}] } }] }]`, /B0202.*`protocol: TCP`/],
    [`${DB}, egress: [{ toPorts: [{ ${TCP}, rules: { http: [{}], kafka: [{}] } }] }]`, /B0202.*several kinds/],
    [`${DB}, egressDeny: [{ toFQDNs: [{ matchName: a.example.com }] }]`, /B0003.*`spec.egressDeny\[0\].toFQDNs`/],
    [`${DB}, egressDeny: [{ toPorts: [{ ${TCP}, rules: {} }] }]`, /B0003.*rules/],
    [`${DB}, egress: [{ toFQDNs: [{ matchName: "*.example.com" }] }]`, /B0201.*`\*.example.com`/],
    [`${DB}, egress: [{ toFQDNs: [{}] }]`, /B0002.*matchName/],
    ['endpointSelector: { matchExpressions: [{ key: a, operator: In }] }', /B0202.*`In` needs values/],
    ['endpointSelector: { matchExpressions: [{ key: a, operator: Has }] }', /B0201.*`Has`/],
    [`${DB}, ingress: [{ from: [] }]`, /B0003.*`spec.ingress\[0\].from` is no field/],
  ];
  for (const [spec, problem] of refused) {
    test(`{ ${spec} }`, () => {
      assert.match(new AskedCluster(CLUSTER, policy(spec)).problems.join('\n'), problem);
    });
  }
});

test('what of Cilium’s policies is not followed is told, with the side on which answers may be wrong', () => {
  const asked = new AskedCluster(
    CLUSTER,
    policy(`${DB}, ingress: [{ fromEntities: [ingress] }, { fromCIDRSet: [{ cidrGroupRef: gone }] }]`),
    policy(`${DB}, egress: [{ toServices: [{ k8sService: { serviceName: outside, namespace: ops } }] }]`, 'shop/q'),
    policy(`${DB}, egressDeny: [{ toGroups: [{ aws: { securityGroupsIds: [sg-1] } }] }]`, 'shop/r'),
    policy('nodeSelector: {}, ingress: [{ fromEntities: [cluster] }]', 'a'),
    policy('endpointSelector: { matchLabels: { "k8s:io.kubernetes.pod.namespace": ops } }', 'shop/s'),
  );
  assert.deepEqual(
    asked.problems.map((problem) => problem.slice(0, 'warning B0201'.length)),
    ['warning B0203', 'warning B0205', 'warning B0206'],
  );
  assert.deepEqual(
    asked.cluster.opaque.map(({ ref, text, bounds }) => `${ref?.name} ${text} ${bounds}`),
    [
      'p spec.ingress[1].fromCIDRSet[0].cidrGroupRef wider',
      'q spec.egress[0].toServices[0] wider',
      'r spec.egressDeny[0].toGroups narrower',
      'a CiliumClusterwideNetworkPolicy a narrower',
    ],
  );
});

test('policies of two plugins on one cluster are told', () => {
  const asked = new AskedCluster(
    CLUSTER,
    policy(DB),
    `apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: { namespace: shop, name: c }
spec: { selector: all() }`,
  );
  assert.match(asked.problems.join('\n'), /warning B0108/);
});
