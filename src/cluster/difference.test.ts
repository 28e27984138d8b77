import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Cluster } from '../kubernetes/index.ts';
import { clusterDifference } from './difference.ts';
import { formatEnd } from './end.ts';
import { clusterOf, namespace, pod, policy } from './manifests.fixture.ts';

const TWO = [namespace('shop'), pod('shop/web'), pod('shop/db')];
const DENY = policy('shop/deny', '{ podSelector: {}, policyTypes: [Ingress, Egress] }');

function lines(
  a: Cluster,
  b: Cluster,
): { readonly equal: boolean; readonly wider: string[]; readonly narrower: string[] } {
  const difference = clusterDifference(a, b);
  const write = (changes: ReturnType<typeof difference.wider>): string[] =>
    Array.from(changes, ({ from, to, allowed, witness, workload }) => {
      const { connection } = witness;
      const example = `${formatEnd(witness.from)} -> ${formatEnd(witness.to)} ${connection.protocol} ${connection.port}`;
      const alone = workload === undefined ? '' : `, ${workload} is in one only`;
      return `${formatEnd(from)} -> ${formatEnd(to)}: ${allowed}, so ${example}${alone}`.replaceAll('[Pod]', '');
    }).sort();
  return { equal: difference.equal, wider: write(difference.wider()), narrower: write(difference.narrower()) };
}

describe('the difference of two clusters', () => {
  it('is none where policies are written in another way', () => {
    const one = policy('shop/p', '{ podSelector: {}, ingress: [{ ports: [{ port: 80, endPort: 81 }] }] }');
    const other = policy(
      'shop/q',
      '{ podSelector: {}, ingress: [{ ports: [{ port: 80 }] }, { ports: [{ port: 81 }] }] }',
    );
    assert.deepEqual(lines(clusterOf(...TWO, one), clusterOf(...TWO, other)), { equal: true, wider: [], narrower: [] });
  });

  it('names pairs, connections, and one of them', () => {
    const rule =
      '{ podSelector: {}, egress: [{ to: [{ podSelector: {} }], ports: [{ port: 5432 }] }], ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }] }] }';
    const [a, b] = [clusterOf(...TWO, DENY), clusterOf(...TWO, DENY, policy('shop/p', rule))];
    const wider = ['shop/web -> shop/db: TCP 5432, so shop/web -> shop/db TCP 5432'];
    assert.deepEqual(lines(a, b), { equal: false, wider, narrower: [] });
    assert.deepEqual(lines(b, a), { equal: false, wider: [], narrower: wider });
  });

  it('tells addresses apart as both sides do together', () => {
    const from = (cidr: string): Cluster =>
      clusterOf(
        namespace('shop'),
        pod('shop/web'),
        policy(
          'shop/p',
          `{ podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{ from: [{ ipBlock: { cidr: ${cidr} } }] }] }`,
        ),
      );
    assert.deepEqual(lines(from('203.0.113.0/25'), from('203.0.113.64/26')), {
      equal: false,
      wider: [],
      narrower: ['203.0.113.0/26 -> shop/web: everything, so 203.0.113.9 -> shop/web TCP 443'],
    });
  });

  it('names a workload that is in one of them only', () => {
    const rule =
      '{ podSelector: {}, policyTypes: [Egress, Ingress], ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 80 }] }], egress: [{ to: [{ podSelector: {} }] }] }';
    const a = clusterOf(namespace('shop'), pod('shop/web'), policy('shop/p', rule));
    const b = clusterOf(...TWO, policy('shop/p', rule));
    assert.deepEqual(lines(a, b).wider, [
      'shop/db -> shop/web: TCP 80, so shop/db -> shop/web TCP 80, shop/db is in one only',
      'shop/web -> shop/db: TCP 80, so shop/web -> shop/db TCP 80, shop/db is in one only',
    ]);
  });
});
