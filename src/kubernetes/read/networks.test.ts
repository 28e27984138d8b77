import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { object, readObjects } from './read.fixture.ts';

const PRIMARY = { 'k8s.ovn.org/primary-user-defined-network': '' };

function namespace(name: string, labels: object = PRIMARY): object {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

function pod(place: string, annotations: object = {}, spec: object = {}): object {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: place, annotations }, spec };
}

function attachment(place: string, name: string, config: object): object {
  const metadata = { namespace: place, name };
  return {
    apiVersion: 'k8s.cni.cncf.io/v1',
    kind: 'NetworkAttachmentDefinition',
    metadata,
    spec: { config: JSON.stringify(config) },
  };
}

function ofNamespace(place: string, name: string, role: string): object {
  const spec = { topology: 'Layer2', layer2: { role } };
  return { apiVersion: 'k8s.ovn.org/v1', kind: 'UserDefinedNetwork', metadata: { namespace: place, name }, spec };
}

function ofCluster(name: string, role: string, namespaceSelector: object = {}): object {
  return object('k8s.ovn.org/v1', 'ClusterUserDefinedNetwork', name, {
    spec: { namespaceSelector, network: { topology: 'Layer3', layer3: { role } } },
  });
}

function networks(...objects: readonly object[]): readonly string[] {
  const { cluster, told } = readObjects(...objects);
  assert.deepEqual(told, []);
  return cluster.workloads[0]!.networks;
}

const asked = (value: string): object => ({ 'k8s.v1.cni.cncf.io/networks': value });
const json = JSON.stringify([{ name: 'b', namespace: 'y', interface: 'net1' }, { name: 'c' }]);
const overlay = (name: string, rest: object = {}): object => ({ type: 'ovn-k8s-cni-overlay', name, ...rest });

describe('the networks of a pod', () => {
  const cases: readonly (readonly [why: string, objects: readonly object[], expected: readonly string[]])[] = [
    ['the one of all', [pod('x')], ['pod']],
    ['those that it asks for, by words', [pod('x', asked('b, y/c@eth1'))], ['pod', 'x/b', 'y/c']],
    ['those that it asks for, in JSON', [pod('x', asked(json))], ['pod', 'y/b', 'x/c']],
    ['each once', [pod('x', asked('b@net1,b@net2'))], ['pod', 'x/b']],
    ['none of its own in the network of its node', [pod('x', asked('b'), { hostNetwork: true })], ['pod']],
    ['another as its primary one, by annotation', [pod('x', { 'v1.multus-cni.io/default-network': 'y/b' })], ['y/b']],
    ['that of its namespace', [namespace('x'), ofNamespace('x', 'blue', 'Primary'), pod('x')], ['x/blue']],
    [
      'that of its namespace, and another',
      [namespace('x'), ofNamespace('x', 'blue', 'Primary'), pod('x', asked('b'))],
      ['x/blue', 'x/b'],
    ],
    [
      'not that of a namespace that did not ask for it',
      [namespace('x', {}), ofNamespace('x', 'blue', 'Primary'), pod('x')],
      ['pod'],
    ],
    ['not that of another namespace', [namespace('x'), ofNamespace('y', 'blue', 'Primary'), pod('x')], ['pod']],
    [
      'a second one of its namespace only where it asks',
      [namespace('x'), ofNamespace('x', 'blue', 'Secondary'), pod('x')],
      ['pod'],
    ],
    [
      'a second one of its namespace',
      [namespace('x'), ofNamespace('x', 'blue', 'Secondary'), pod('x', asked('blue'))],
      ['pod', 'x/blue'],
    ],
    [
      'that of several namespaces',
      [namespace('x'), ofCluster('all', 'Primary'), pod('x')],
      ['ClusterUserDefinedNetwork all'],
    ],
    [
      'not that of namespaces that are not selected',
      [namespace('x'), ofCluster('all', 'Primary', { matchLabels: { a: 'b' } }), pod('x')],
      ['pod'],
    ],
    [
      'one of the cluster, under the name in its namespace',
      [namespace('x', {}), ofCluster('all', 'Secondary'), pod('x', asked('all'))],
      ['pod', 'ClusterUserDefinedNetwork all'],
    ],
    [
      'one network under two names',
      [attachment('x', 'a', overlay('tenant')), pod('x', asked('a'))],
      ['pod', 'network tenant'],
    ],
    [
      'other plugins’ attachments by their own names',
      [attachment('x', 'a', { type: 'macvlan', name: 'tenant' }), pod('x', asked('a'))],
      ['pod', 'x/a'],
    ],
    [
      'a primary one by an attachment',
      [namespace('x'), attachment('x', 'a', overlay('a', { role: 'primary' })), pod('x')],
      ['x/a'],
    ],
  ];
  for (const [why, objects, expected] of cases) it(why, () => assert.deepEqual(networks(...objects), expected));

  const faults: readonly (readonly [why: string, annotation: string])[] = [
    ['JSON that is cut off', '[{"name": "a"'],
    ['an entry without a name', '[{"namespace": "a"}]'],
    ['a name with blanks in it', 'a b'],
    ['nothing between commas', 'a,,b'],
  ];
  for (const [why, annotation] of faults) {
    it(`cannot be told: ${why}`, () => assert.deepEqual(readObjects(pod('x', asked(annotation))).told, ['B0016']));
  }
});

describe('the networks of a virtual machine', () => {
  const machine = (written: readonly object[]): object =>
    object('kubevirt.io/v1', 'VirtualMachine', 'm', { spec: { template: { spec: { networks: written } } } });
  const cases: readonly (readonly [why: string, written: readonly object[], expected: readonly string[]])[] = [
    ['the one of pods', [{ name: 'a', pod: {} }], ['pod']],
    [
      'a second one',
      [
        { name: 'a', pod: {} },
        { name: 'b', multus: { networkName: 'x/b' } },
      ],
      ['pod', 'x/b'],
    ],
    ['another for a default', [{ name: 'b', multus: { networkName: 'b', default: true } }], ['default/b']],
  ];
  for (const [why, written, expected] of cases) it(why, () => assert.deepEqual(networks(machine(written)), expected));
});
