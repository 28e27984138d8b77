import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exposure } from './exposure.ts';
import { clusterOf, namespace, pod, policy } from './manifests.fixture.ts';

/** What pods that do not exist yet could do with `shop/web`. */
function lines(...documents: readonly string[]): string[] {
  const cluster = clusterOf(namespace('shop'), pod('shop/web'), ...documents);
  return Array.from(exposure(cluster)).flatMap(({ workload, direction, peers, bounds, portNames }) => {
    if (workload.id !== 'shop/web[Pod]') return [];
    const who = peers === 'whole-cluster' ? peers : JSON.stringify([peers.namespaces, peers.pods]).replaceAll('"', '');
    const names = portNames.length === 0 ? '' : ` by name ${portNames.join()}`;
    return [`${direction} ${who}: ${bounds.certainly} or ${bounds.possibly}${names}`];
  });
}

const WHOLE = 'whole-cluster: everything or everything';

describe('exposure to workloads that do not exist yet', () => {
  it('is to the whole cluster where no policy isolates', () => {
    assert.deepEqual(lines(), [`ingress ${WHOLE}`, `egress ${WHOLE}`]);
  });

  it('is to nobody where a policy isolates without a rule', () => {
    assert.deepEqual(lines(policy('shop/p', '{ podSelector: {} }')), [`egress ${WHOLE}`]);
  });

  it('is to all pods by an empty namespace selector, on the ports of the rule', () => {
    const spec = '{ podSelector: {}, ingress: [{ from: [{ namespaceSelector: {} }], ports: [{ port: 80 }] }] }';
    assert.deepEqual(lines(policy('shop/p', spec)), ['ingress whole-cluster: TCP 80 or TCP 80', `egress ${WHOLE}`]);
  });

  it('is to pods that a selector matches and nobody is yet', () => {
    const from = (app: string): string => `{ podSelector: { matchLabels: { app: ${app} } } }`;
    const spec = `{ podSelector: {}, ingress: [{ from: [${from('web')}, ${from('later')}], ports: [{ port: 80 }] }] }`;
    const place = '{kind:in,key:kubernetes.io/metadata.name,values:[shop]}';
    assert.deepEqual(lines(policy('shop/p', spec)), [
      `ingress [${place},{kind:in,key:app,values:[later]}]: TCP 80 or TCP 80`,
      `egress ${WHOLE}`,
    ]);
  });

  it('is perhaps to the whole cluster where an admin policy denies some of them', () => {
    const deny = '{ action: Deny, from: [{ namespaces: { matchLabels: { team: x } } }] }';
    const admin = `{ apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: { name: a }, spec: { priority: 1, subject: { namespaces: {} }, ingress: [${deny}] } }`;
    assert.deepEqual(lines(admin), ['ingress whole-cluster: nothing or everything', `egress ${WHOLE}`]);
  });

  it('is perhaps on any port where a rule names one', () => {
    const spec =
      '{ podSelector: {}, policyTypes: [Egress], egress: [{ to: [{ namespaceSelector: {} }], ports: [{ port: http }] }] }';
    assert.deepEqual(lines(policy('shop/p', spec)), [
      `ingress ${WHOLE}`,
      'egress whole-cluster: nothing or TCP by name http',
    ]);
  });
});
