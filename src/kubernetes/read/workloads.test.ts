import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Workload } from '../cluster.ts';
import { object, readObjects } from './read.fixture.ts';

const container = {
  name: 'c',
  ports: [
    { name: 'http', containerPort: 80 },
    { containerPort: 53, protocol: 'UDP', hostPort: 5353 },
  ],
};
const template = { metadata: { labels: { app: 'a' } }, spec: { serviceAccountName: 'robot', containers: [container] } };
const ports = [
  { protocol: 'TCP', port: 80, name: 'http' },
  { protocol: 'UDP', port: 53, hostPort: 5353 },
];

interface Owner {
  readonly kind?: string;
  readonly name: string;
  readonly controller?: boolean;
}

function pod(name: string, labels: object, owner?: Owner, rest: object = {}): object {
  const ownerReferences = owner === undefined ? [] : [owner];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels, ownerReferences },
    spec: { containers: [container] },
    ...rest,
  };
}

function workloads(...objects: readonly object[]): readonly Workload[] {
  const { cluster, told } = readObjects(...objects);
  assert.deepEqual(
    told.filter((code) => code !== 'B0014'),
    [],
  );
  return cluster.workloads;
}

function ids(...objects: readonly object[]): readonly string[] {
  return workloads(...objects).map(({ id }) => id);
}

describe('workloads', () => {
  const kinds: readonly (readonly [apiVersion: string, kind: string, spec: object])[] = [
    ['apps/v1', 'Deployment', { template }],
    ['extensions/v1beta1', 'Deployment', { template }],
    ['apps/v1', 'ReplicaSet', { template }],
    ['v1', 'ReplicationController', { template }],
    ['apps/v1', 'StatefulSet', { template }],
    ['apps/v1', 'DaemonSet', { template }],
    ['batch/v1', 'CronJob', { jobTemplate: { spec: { template } } }],
    ['apps.openshift.io/v1', 'DeploymentConfig', { template }],
    ['argoproj.io/v1alpha1', 'Rollout', { template }],
    ['apps.kruise.io/v1alpha1', 'CloneSet', { template }],
  ];
  for (const [apiVersion, kind, spec] of kinds) {
    it(`of ${apiVersion} ${kind}`, () => {
      const [workload] = workloads(object(apiVersion, kind, 'w', { spec }));
      assert.equal(workload?.id, `default/w[${kind}]`);
      assert.deepEqual(workload?.labels, new Map([['app', 'a']]));
      assert.deepEqual(workload?.ports, ports);
      assert.equal(workload?.serviceAccount, 'robot');
    });
  }

  const given: readonly (readonly [
    apiVersion: string,
    kind: string,
    labels: readonly (readonly [string, string])[],
  ])[] = [
    [
      'batch/v1',
      'Job',
      [
        ['batch.kubernetes.io/job-name', 'w'],
        ['job-name', 'w'],
      ],
    ],
    ['serving.knative.dev/v1', 'Service', [['serving.knative.dev/service', 'w']]],
    [
      'kubevirt.io/v1',
      'VirtualMachine',
      [
        ['kubevirt.io', 'virt-launcher'],
        ['vm.kubevirt.io/name', 'w'],
      ],
    ],
  ];
  for (const [apiVersion, kind, labels] of given) {
    it(`of ${apiVersion} ${kind}, with the labels that its controller gives`, () => {
      const [workload] = workloads(object(apiVersion, kind, 'w', { spec: { template } }));
      assert.deepEqual([...workload!.labels], [['app', 'a'], ...labels]);
    });
  }

  it('without a template are told, unless it may stand elsewhere', () => {
    assert.deepEqual(readObjects(object('apps/v1', 'Deployment', 'w', { spec: {} })).told, ['B0002']);
    assert.deepEqual(ids(object('argoproj.io/v1alpha1', 'Rollout', 'w', { spec: { workloadRef: { name: 'x' } } })), []);
  });

  it('have the ports of sidecars that are init containers, and not of other init containers', () => {
    const initContainers = [
      { name: 'sidecar', restartPolicy: 'Always', ports: [{ containerPort: 15_090 }] },
      { name: 'once', ports: [{ containerPort: 1 }] },
    ];
    const [workload] = workloads(pod('p', {}, undefined, { spec: { containers: [], initContainers } }));
    assert.deepEqual(workload?.ports, [{ protocol: 'TCP', port: 15_090 }]);
  });

  it('in the network of their node publish every port there', () => {
    const [workload] = workloads(pod('p', {}, undefined, { spec: { hostNetwork: true, containers: [container] } }));
    assert.equal(workload?.hostNetwork, true);
    assert.deepEqual(
      workload?.ports.map(({ hostPort }) => hostPort),
      [80, 53],
    );
  });

  it('have the labels of their service account', () => {
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot', labels: { role: 'x' } } };
    const [workload] = workloads(account, object('apps/v1', 'Deployment', 'w', { spec: { template } }));
    assert.deepEqual(
      [...workload!.serviceAccountLabels],
      [
        ['role', 'x'],
        ['serviceAccount', 'robot'],
      ],
    );
  });

  it('that run have addresses of both families', () => {
    const status = { podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }] };
    const [workload] = workloads(pod('p', {}, undefined, { status }));
    assert.deepEqual(
      workload?.addresses.map(({ family }) => family),
      [4, 6],
    );
  });
});

describe('pods belong to', () => {
  const replicas = (owner?: Owner): object => ({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'w-1', ownerReferences: owner === undefined ? [] : [owner] },
    spec: { template },
  });
  const machine = object('kubevirt.io/v1', 'VirtualMachine', 'm', { spec: { template } });
  const byReplicas = pod('w-1-x', { app: 'a' }, { kind: 'ReplicaSet', name: 'w-1', controller: true });
  const byGuest = pod('virt-launcher-m-1', {}, { kind: 'VirtualMachineInstance', name: 'm' });
  const cases: readonly (readonly [why: string, objects: readonly object[], expected: readonly string[]])[] = [
    ['themselves', [pod('p', {})], ['default/p[Pod]']],
    ['an owner that is not among the manifests', [byReplicas], ['default/w-1[ReplicaSet]']],
    ['an owner that says no kind', [pod('p', {}, { name: 'o' })], ['default/o[Pod]']],
    ['the owner of their owner', [byReplicas, replicas({ kind: 'Deployment', name: 'w' })], ['default/w[Deployment]']],
    [
      'it where it is among the manifests, too',
      [
        object('apps/v1', 'Deployment', 'w', { spec: { template } }),
        byReplicas,
        replicas({ kind: 'Deployment', name: 'w' }),
      ],
      ['default/w[Deployment]'],
    ],
    [
      'an owner of whatever kind',
      [pod('p', {}, { kind: 'SparkApplication', name: 's' })],
      ['default/s[SparkApplication]'],
    ],
    [
      'no operator’s object above a Deployment',
      [replicas({ kind: 'ClusterServiceVersion', name: 'o' }), byReplicas],
      ['default/w-1[ReplicaSet]'],
    ],
    ['no node, whose kubelet runs them', [pod('p', {}, { kind: 'Node', name: 'n' })], ['default/p[Pod]']],
    ['a guest', [byGuest], ['default/m[VirtualMachineInstance]']],
    ['the virtual machine of a guest', [machine, byGuest], ['default/m[VirtualMachine]']],
    [
      'nobody where owners go round in a circle',
      [replicas({ kind: 'ReplicaSet', name: 'w-1' })],
      ['default/w-1[ReplicaSet]'],
    ],
  ];
  for (const [why, objects, expected] of cases) it(why, () => assert.deepEqual(ids(...objects), expected));
});

describe('pods of one owner', () => {
  const owner = { kind: 'StatefulSet', name: 'db', controller: true };
  const primary = pod('db-0', { app: 'db', role: 'primary' }, owner, { status: { podIP: '10.0.0.1' } });
  const replica = (name: string): object =>
    pod(name, { app: 'db', role: 'replica' }, owner, { status: { podIP: '10.0.0.2' } });
  const policy = (podSelector: object): object =>
    object('networking.k8s.io/v1', 'NetworkPolicy', 'p', { spec: { podSelector } });
  const role = (operator: string, ...values: readonly string[]): object => ({
    matchExpressions: [{ key: 'role', operator, ...(values.length > 0 ? { values } : {}) }],
  });
  const pods = [primary, replica('db-1'), replica('db-2')];

  it('are one workload where nobody asks for what they differ in', () => {
    const [workload, ...others] = workloads(...pods, policy({ matchLabels: { app: 'db' } }));
    assert.deepEqual([workload?.id, others], ['default/db[StatefulSet]', []]);
    assert.equal(workload?.addresses.length, 3);
  });

  for (const selector of [role('Exists'), role('In', 'primary', 'replica'), role('NotIn', 'other')]) {
    it(`are one where all fare alike: ${JSON.stringify(selector)}`, () => {
      assert.deepEqual(ids(...pods, policy(selector)), ['default/db[StatefulSet]']);
    });
  }

  for (const selector of [role('In', 'primary'), role('NotIn', 'replica'), { matchLabels: { role: 'primary' } }]) {
    it(`are named by themselves where not: ${JSON.stringify(selector)}`, () => {
      const { cluster, told } = readObjects(...pods, policy(selector));
      assert.deepEqual(told, ['B0014']);
      assert.deepEqual(
        cluster.workloads.map(({ id }) => id),
        ['default/db-0[Pod]', 'default/db-1[Pod]'],
      );
    });
  }

  it('are told apart by services, too', () => {
    const service = object('v1', 'Service', 's', { spec: { selector: { role: 'primary' }, ports: [{ port: 1 }] } });
    assert.deepEqual(ids(...pods, service), ['default/db-0[Pod]', 'default/db-1[Pod]']);
  });

  it('tell more than the template that they were made from', () => {
    const set = object('apps/v1', 'StatefulSet', 'db', { spec: { template } });
    const [workload] = workloads(set, primary);
    assert.equal(workload?.id, 'default/db[StatefulSet]');
    assert.equal(workload?.labels.get('role'), 'primary');
  });
});
