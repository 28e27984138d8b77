import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Cluster } from '../kubernetes/index.ts';
import { formatEnd } from './end.ts';
import { clusterOf, namespace, pod, policy } from './manifests.fixture.ts';
import { reachability } from './reachability.ts';

const TWO = [namespace('shop'), pod('shop/web'), pod('shop/db')];

function lines(cluster: Cluster, focus?: string): string[] {
  const workloads = cluster.workloads.filter(({ id }) => id === focus);
  return Array.from(reachability(cluster, focus === undefined ? {} : { focus: workloads }).pairs(), (pair) => {
    const { certainly, possibly } = pair.bounds;
    const sets = certainly === possibly ? `${possibly}` : `${certainly} or ${possibly}`;
    return `${formatEnd(pair.from)} -> ${formatEnd(pair.to)}: ${sets}`.replaceAll('[Pod]', '');
  }).sort();
}

describe('reachability', () => {
  it('without policies: everybody everybody, and both families outside', () => {
    assert.deepEqual(lines(clusterOf(...TWO)), [
      '0.0.0.0/0 -> shop/db: everything',
      '0.0.0.0/0 -> shop/web: everything',
      '::/0 -> shop/db: everything',
      '::/0 -> shop/web: everything',
      'shop/db -> 0.0.0.0/0: everything',
      'shop/db -> ::/0: everything',
      'shop/db -> shop/web: everything',
      'shop/web -> 0.0.0.0/0: everything',
      'shop/web -> ::/0: everything',
      'shop/web -> shop/db: everything',
    ]);
  });

  it('joins addresses that fare the same, also over a border that some rule draws', () => {
    const halves = policy(
      'shop/p',
      '{ podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{ from: [{ ipBlock: { cidr: 10.0.0.0/9 } }, { ipBlock: { cidr: 10.128.0.0/9 } }] }, { from: [{ ipBlock: { cidr: 11.0.0.0/8, except: [11.0.0.0/32] } }] }] }',
    );
    assert.deepEqual(lines(clusterOf(namespace('shop'), pod('shop/web'), halves)), [
      '10.0.0.0/8 -> shop/web: everything',
      '11.0.0.1-11.255.255.255 -> shop/web: everything',
    ]);
  });

  it('gives the ingress controller the ports of containers behind a service, as far as policies let anybody in', () => {
    const service =
      '{ apiVersion: v1, kind: Service, metadata: { name: web, namespace: shop }, spec: { selector: { app: web }, ports: [{ port: 80, targetPort: web }] } }';
    const backend = '{ service: { name: web, port: { number: 80 } } }';
    const ingress = `{ apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: { name: i, namespace: shop }, spec: { defaultBackend: ${backend} } }`;
    const entrance = (...more: readonly string[]): string[] =>
      lines(clusterOf(...TWO, service, ingress, ...more)).filter((line) => line.startsWith('{'));
    assert.deepEqual(entrance(), ['{ingress-controller} -> shop/web: TCP 8080']);
    const others = '{ podSelector: {}, ingress: [{ from: [{ namespaceSelector: {} }] }] }';
    assert.deepEqual(entrance(policy('shop/p', others)), ['{ingress-controller} -> shop/web: TCP 8080']);
    const own = '{ podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] }';
    assert.deepEqual(entrance(policy('shop/p', own)), []);
  });

  it('keeps to those in focus', () => {
    const cluster = clusterOf(
      ...TWO,
      pod('shop/job'),
      policy('shop/p', '{ podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] }'),
    );
    assert.deepEqual(lines(cluster, 'shop/db[Pod]'), [
      'shop/db -> 0.0.0.0/0: everything',
      'shop/db -> ::/0: everything',
      'shop/db -> shop/job: everything',
      'shop/db -> shop/web: everything',
      'shop/job -> shop/db: everything',
      'shop/web -> shop/db: everything',
    ]);
  });

  it('lists a name that gets more than every address, and leaves its addresses out of the blocks', () => {
    const named = `{ apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: { name: names, namespace: shop }, spec: { endpointSelector: {}, egress: [{ toFQDNs: [{ matchName: api.example.com }], toPorts: [{ ports: [{ port: "443", protocol: TCP }] }] }], ingress: [{}] } }`;
    assert.deepEqual(lines(clusterOf(namespace('shop'), pod('shop/web'), named)), [
      'shop/web -> api.example.com: TCP 443',
    ]);
  });

  it('counts pairs, and writes them as rows, without making them', () => {
    const names = Array.from({ length: 20 }, (_, at) => `w${at}`);
    const cluster = clusterOf(
      namespace('shop'),
      ...names.map((name) => pod(`shop/${name}`)),
      policy(
        'shop/p',
        '{ podSelector: { matchLabels: { app: w0 } }, ingress: [{ from: [{ podSelector: { matchLabels: { app: w1 } } }] }] }',
      ),
    );
    const reach = reachability(cluster);
    assert.equal(reach.countPairs(), 20 * 19 - 18);
    const rows = [...reach.rows()];
    assert.deepEqual(rows.map(({ from }) => from.length).sort(), [1, 1, 18]);
    assert.equal(new Set(rows.flatMap(({ crowds }) => crowds.map(({ crowd }) => crowd))).size, 1);
  });
});
