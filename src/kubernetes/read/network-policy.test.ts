import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatRange, range } from '../../net/index.ts';
import type { ClusterPolicy } from '../policy.ts';
import { EVERYTHING, labelled, namespaceNamed } from '../selector.ts';
import { object, policiesOf, readObjects } from './read.fixture.ts';

function policy(spec: object): { readonly policy: ClusterPolicy | undefined; readonly told: readonly string[] } {
  const { cluster, told } = readObjects(object('networking.k8s.io/v1', 'NetworkPolicy', 'p', { spec }));
  return { policy: policiesOf(cluster)[0], told };
}

function accepted(spec: object): ClusterPolicy {
  const read = policy(spec);
  assert.deepEqual(read.told, []);
  return read.policy!;
}

const home = namespaceNamed('default');
const web = { matchLabels: { app: 'web' } };
const webPods = labelled(new Map([['app', 'web']]));

describe('a NetworkPolicy', () => {
  const types: readonly (readonly [why: string, spec: object, ingress: boolean, egress: boolean])[] = [
    ['nothing written: it still isolates for ingress', {}, true, false],
    ['an egress list without rules is as good as none', { egress: [] }, true, false],
    ['egress rules isolate for egress, too', { egress: [{}] }, true, true],
    ['types count where they are written', { policyTypes: ['Egress'] }, false, true],
    ['an empty list of types is as good as none', { policyTypes: [], egress: [{}] }, true, true],
    ['rules of a type that is not written do not count', { policyTypes: ['Egress'], ingress: [{}] }, false, true],
    ['both', { policyTypes: ['Ingress', 'Egress'] }, true, true],
  ];
  for (const [why, spec, ingress, egress] of types) {
    it(`isolates: ${why}`, () => {
      const read = accepted(spec);
      assert.equal(read.ingress?.isolates ?? false, ingress);
      assert.equal(read.egress?.isolates ?? false, egress);
    });
  }

  it('is about the pods of its namespace that it selects; about all without a selector', () => {
    assert.deepEqual(accepted({ podSelector: web }).subject, { namespaces: home, pods: webPods });
    assert.deepEqual(accepted({}).subject, { namespaces: home, pods: EVERYTHING });
    assert.deepEqual(accepted({ podSelector: null }).subject, { namespaces: home, pods: EVERYTHING });
  });

  const peers: readonly (readonly [why: string, from: unknown, expected: unknown])[] = [
    ['no list: everybody', undefined, [{ kind: 'everybody' }]],
    ['an empty list: everybody', [], [{ kind: 'everybody' }]],
    ['null: everybody', null, [{ kind: 'everybody' }]],
    [
      'pods: of its own namespace',
      [{ podSelector: web }],
      [{ kind: 'workloads', workloads: { namespaces: home, pods: webPods } }],
    ],
    [
      'namespaces: all of their pods, not the world',
      [{ namespaceSelector: {} }],
      [{ kind: 'workloads', workloads: { namespaces: EVERYTHING, pods: EVERYTHING } }],
    ],
    [
      'both in one entry: both must hold',
      [{ namespaceSelector: {}, podSelector: web }],
      [{ kind: 'workloads', workloads: { namespaces: EVERYTHING, pods: webPods } }],
    ],
    [
      'two entries: either',
      [{ podSelector: web }, { podSelector: {} }],
      [
        { kind: 'workloads', workloads: { namespaces: home, pods: webPods } },
        { kind: 'workloads', workloads: { namespaces: home, pods: EVERYTHING } },
      ],
    ],
    ['a block', [{ ipBlock: { cidr: '10.0.0.0/8' } }], [{ kind: 'addresses', ranges: [range('10.0.0.0/8')] }]],
    [
      'bits behind the length do not count',
      [{ ipBlock: { cidr: '10.1.2.3/8' } }],
      [{ kind: 'addresses', ranges: [range('10.0.0.0/8')] }],
    ],
  ];
  for (const [why, from, expected] of peers) {
    it(`lets in, ${why}`, () => {
      assert.deepEqual(accepted({ ingress: [{ from }] }).ingress?.rules[0]?.peers, expected);
    });
  }

  it('leaves exceptions out of a block, overlapping ones, too', () => {
    const block = { cidr: '10.0.0.0/8', except: ['10.0.0.0/16', '10.4.0.0/16', '10.4.7.0/24', '10.255.255.0/24'] };
    const peer = accepted({ egress: [{ to: [{ ipBlock: block }] }] }).egress?.rules[0]?.peers[0];
    assert.deepEqual(peer?.kind === 'addresses' && peer.ranges.map(formatRange), [
      '10.1.0.0-10.3.255.255',
      '10.5.0.0-10.255.254.255',
    ]);
    const v6 = { cidr: 'fd00::/8', except: ['fd00::/9'] };
    const other = accepted({ egress: [{ to: [{ ipBlock: v6 }] }] }).egress?.rules[0]?.peers[0];
    assert.deepEqual(other?.kind === 'addresses' && other.ranges.map(formatRange), ['fd80::/9']);
  });

  const ports: readonly (readonly [why: string, ports: unknown, expected: unknown])[] = [
    ['no list: every port of every protocol', undefined, 'any'],
    ['an empty list, too', [], 'any'],
    ['an empty entry: every port of TCP', [{}], [{ kind: 'ports', protocol: 'TCP', first: 1, last: 65_535 }]],
    ['a protocol alone', [{ protocol: 'UDP' }], [{ kind: 'ports', protocol: 'UDP', first: 1, last: 65_535 }]],
    [
      'a number, TCP unless something else is said',
      [{ port: 80 }],
      [{ kind: 'ports', protocol: 'TCP', first: 80, last: 80 }],
    ],
    [
      'a range',
      [{ protocol: 'SCTP', port: 80, endPort: 90 }],
      [{ kind: 'ports', protocol: 'SCTP', first: 80, last: 90 }],
    ],
    ['a range of one', [{ port: 80, endPort: 80 }], [{ kind: 'ports', protocol: 'TCP', first: 80, last: 80 }]],
    ['a name', [{ port: 'http' }], [{ kind: 'named', protocol: 'TCP', name: 'http' }]],
  ];
  for (const [why, written, expected] of ports) {
    it(`lets in on ports, ${why}`, () => {
      assert.deepEqual(accepted({ ingress: [{ ports: written }] }).ingress?.rules[0]?.ports, expected);
    });
  }
});

describe('a NetworkPolicy that the API server refuses', () => {
  const expression = (key: unknown, operator: unknown, values?: unknown) => ({
    podSelector: { matchExpressions: [{ key, operator, values }] },
  });
  const block = (cidr: unknown, ...except: readonly unknown[]) => ({
    ingress: [{ from: [{ ipBlock: { cidr, except } }] }],
  });
  const port = (written: object) => ({ ingress: [{ ports: [written] }] });
  const cases: readonly (readonly [why: string, spec: object, codes: readonly string[]])[] = [
    ['a block beside a selector', { ingress: [{ from: [{ ipBlock: { cidr: '::/0' }, podSelector: {} }] }] }, ['B0008']],
    ['an empty peer', { ingress: [{ from: [{}] }] }, ['B0008']],
    ['a peer whose selector is null', { ingress: [{ from: [{ podSelector: null }] }] }, ['B0008']],
    ['a block without addresses', { ingress: [{ from: [{ ipBlock: {} }] }] }, ['B0002']],
    ['an address alone for a block', block('10.0.0.1'), ['B0007']],
    ['a block that is none', block('10.0.0.0/33'), ['B0007']],
    ['an exception outside of its block', block('10.0.0.0/8', '11.0.0.0/16'), ['B0007']],
    ['an exception as large as its block', block('10.0.0.0/8', '10.0.0.0/8'), ['B0007']],
    ['an exception of the other family', block('10.0.0.0/8', 'fd00::/16'), ['B0007']],
    ['an unknown protocol', port({ protocol: 'ICMP' }), ['B0007']],
    ['a protocol in small letters', port({ protocol: 'tcp' }), ['B0007']],
    ['port 0', port({ port: 0 }), ['B0007']],
    ['port 65536', port({ port: 65_536 }), ['B0007']],
    ['a port that is no whole number', port({ port: 1.5 }), ['B0001']],
    ['a name that no port can have', port({ port: 'a_b' }), ['B0007']],
    ['a name without a letter', port({ port: '80' }), ['B0007']],
    ['a name that is too long', port({ port: 'a234567890123456' }), ['B0007']],
    ['a range that ends before it begins', port({ port: 90, endPort: 80 }), ['B0007']],
    ['a range without a beginning', port({ endPort: 80 }), ['B0009']],
    ['a range that begins with a name', port({ port: 'http', endPort: 80 }), ['B0009']],
    ['an unknown type', { policyTypes: ['ingress'] }, ['B0007']],
    ['three types', { policyTypes: ['Ingress', 'Egress', 'Ingress'] }, ['B0011']],
    ['a field that nobody knows', { ingress: [{ form: [] }] }, ['B0003']],
    ['rules that are no list', { ingress: { from: [] } }, ['B0001']],
    ['a rule that is text', { ingress: ['all'] }, ['B0001']],
    ['In without values', expression('app', 'In', []), ['B0010']],
    ['NotIn without values', expression('app', 'NotIn'), ['B0010']],
    ['Exists with values', expression('app', 'Exists', ['a']), ['B0009']],
    ['DoesNotExist with values', expression('app', 'DoesNotExist', ['a']), ['B0009']],
    ['an unknown operator', expression('app', 'Gt', ['1']), ['B0007']],
    ['an expression without an operator', expression('app', undefined), ['B0002']],
    ['an expression without a key', expression(undefined, 'Exists'), ['B0002']],
    ['a key that no label can have', expression('a b', 'Exists'), ['B0007']],
    ['a value that no label can have', expression('a', 'In', ['x y']), ['B0007']],
    ['a value that is too long', { podSelector: { matchLabels: { app: 'x'.repeat(64) } } }, ['B0007']],
    ['a label that is a number', { podSelector: { matchLabels: { app: 1 } } }, ['B0001']],
    [
      'several faults, all told',
      { policyTypes: ['x'], ingress: [{ from: [{}], ports: [{ port: 0 }] }] },
      ['B0008', 'B0007', 'B0007'],
    ],
  ];
  for (const [why, spec, codes] of cases) {
    it(why, () => {
      const { policy: read, told } = policy(spec);
      assert.deepEqual([...told].sort(), [...codes].sort());
      assert.equal(read, undefined, 'a policy that is never created counts for nothing');
    });
  }

  const versions: readonly (readonly [apiVersion: string, codes: readonly string[]])[] = [
    ['extensions/v1beta1', ['B0012']],
    ['networking.k8s.io/v1beta1', ['B0017']],
    ['v1', ['B0017']],
  ];
  for (const [apiVersion, codes] of versions) {
    it(`of ${apiVersion}`, () => {
      assert.deepEqual(readObjects(object(apiVersion, 'NetworkPolicy', 'p', { spec: {} })).told, codes);
    });
  }
});

describe('a MultiNetworkPolicy', () => {
  const read = (annotations: object) =>
    readObjects({
      apiVersion: 'k8s.cni.cncf.io/v1beta1',
      kind: 'MultiNetworkPolicy',
      metadata: { name: 'p', namespace: 'a', annotations },
      spec: { podSelector: {} },
    });

  it('is for the networks that it names, of its own namespace or of another', () => {
    const { cluster, told } = read({ 'k8s.v1.cni.cncf.io/policy-for': 'net1, b/net2' });
    assert.deepEqual(told, []);
    assert.deepEqual(policiesOf(cluster)[0]?.networks, ['a/net1', 'b/net2']);
  });

  it('without networks is for none', () => {
    const { cluster } = read({});
    assert.deepEqual(policiesOf(cluster)[0]?.networks, []);
  });
});
