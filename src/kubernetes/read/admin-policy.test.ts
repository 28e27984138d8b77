import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatRange } from '../../net/index.ts';
import type { PolicyRule, Stage } from '../policy.ts';
import { EVERYTHING, labelled } from '../selector.ts';
import { object, readObjects } from './read.fixture.ts';

const everyone = { namespaces: {} };
const team = { matchLabels: { team: 'a' } };
const teamLabels = labelled(new Map([['team', 'a']]));

type Spec = Readonly<Record<string, unknown>>;

function anp(name: string, spec: Spec): object {
  return object('policy.networking.k8s.io/v1alpha1', 'AdminNetworkPolicy', name, { spec });
}

function banp(spec: Spec, name = 'default'): object {
  return object('policy.networking.k8s.io/v1alpha1', 'BaselineAdminNetworkPolicy', name, { spec });
}

function cnp(name: string, spec: Spec, version = 'v1alpha2'): object {
  return object(`policy.networking.k8s.io/${version}`, 'ClusterNetworkPolicy', name, { spec });
}

function stagesOf(...objects: readonly object[]): readonly Stage[] {
  const { cluster, told } = readObjects(...objects);
  assert.deepEqual(told, []);
  return cluster.layers[0]!.stages;
}

/** The only rule of the only policy. */
function ruleOf(policy: object): PolicyRule {
  const { ingress, egress } = stagesOf(policy)[0]!.policies[0]!;
  return (ingress ?? egress)!.rules[0]!;
}

const denyIn = { action: 'Deny', from: [everyone] };

describe('policies of administrators', () => {
  it('are asked by tier and priority, around NetworkPolicies', () => {
    const stages = stagesOf(
      cnp('last', { tier: 'Baseline', priority: 7, subject: everyone, ingress: [denyIn] }),
      banp({ subject: everyone, ingress: [denyIn] }),
      anp('second', { priority: 20, subject: everyone, ingress: [denyIn] }),
      object('networking.k8s.io/v1', 'NetworkPolicy', 'own', { spec: {} }),
      anp('first', { priority: 10, subject: everyone, ingress: [denyIn] }),
    );
    assert.deepEqual(
      stages.map(({ combine, isolated, policies }) => [combine, isolated, policies.map(({ ref }) => ref.name)]),
      [
        ['ordered', 'next', ['first', 'second']],
        ['union', 'deny', ['own']],
        ['ordered', 'next', ['default', 'last']],
      ],
    );
  });

  it('isolate nobody, and say nothing of a direction without rules', () => {
    const [policy] = stagesOf(anp('a', { priority: 1, subject: everyone, ingress: [denyIn], egress: [] }))[0]!.policies;
    assert.equal(policy?.ingress?.isolates, false);
    assert.equal(policy?.egress, undefined);
  });

  it('are about namespaces, or about pods in them', () => {
    const subject = { pods: { namespaceSelector: team, podSelector: {} } };
    const [policy] = stagesOf(anp('a', { priority: 1, subject, ingress: [denyIn] }))[0]!.policies;
    assert.deepEqual(policy?.subject, { namespaces: teamLabels, pods: EVERYTHING });
  });

  it('allow, deny and pass, rule by rule', () => {
    const rules = ['Allow', 'Deny', 'Pass'].map((action) => ({ name: action, action, from: [{ namespaces: team }] }));
    const [policy] = stagesOf(anp('a', { priority: 0, subject: everyone, ingress: rules }))[0]!.policies;
    assert.deepEqual(
      policy?.ingress?.rules.map(({ name, action }) => [name, action]),
      [
        ['Allow', 'allow'],
        ['Deny', 'deny'],
        ['Pass', 'pass'],
      ],
    );
  });

  it('name blocks of addresses, nodes and domains that connections go to', () => {
    const to = [
      { networks: ['10.0.0.0/9', '10.128.0.0/9', 'fd00::/8'] },
      { nodes: team },
      { domainNames: ['*.example.com', 'example.com.'] },
    ];
    const { peers } = ruleOf(
      cnp('a', { tier: 'Admin', priority: 1, subject: everyone, egress: [{ action: 'Accept', to }] }),
    );
    const [blocks, nodes, names] = peers;
    assert.deepEqual(blocks?.kind === 'addresses' && blocks.ranges.map(formatRange), ['10.0.0.0/8', 'fd00::/8']);
    assert.deepEqual(nodes, { kind: 'nodes', nodes: teamLabels });
    assert.deepEqual(names?.kind === 'names' && names.patterns, [
      { name: 'example.com', wildcard: true },
      { name: 'example.com', wildcard: false },
    ]);
  });

  const ports: readonly (readonly [written: Spec, expected: unknown])[] = [
    [{ portNumber: { port: 80 } }, { kind: 'ports', protocol: 'TCP', first: 80, last: 80 }],
    [{ portNumber: { port: 53, protocol: 'UDP' } }, { kind: 'ports', protocol: 'UDP', first: 53, last: 53 }],
    [{ portRange: { start: 1, end: 9, protocol: 'SCTP' } }, { kind: 'ports', protocol: 'SCTP', first: 1, last: 9 }],
    [{ namedPort: 'http' }, { kind: 'named', name: 'http' }],
  ];
  for (const [written, expected] of ports) {
    it(`have ports: ${JSON.stringify(written)}`, () => {
      const rule = { action: 'Deny', from: [everyone], ports: [written] };
      assert.deepEqual(ruleOf(anp('a', { priority: 1, subject: everyone, ingress: [rule] })).ports, [expected]);
    });
  }

  const protocols: readonly (readonly [written: Spec, expected: unknown])[] = [
    [{ tcp: {} }, { kind: 'ports', protocol: 'TCP', first: 1, last: 65_535 }],
    [{ udp: { destinationPort: { number: 53 } } }, { kind: 'ports', protocol: 'UDP', first: 53, last: 53 }],
    [
      { sctp: { destinationPort: { range: { start: 1, end: 9 } } } },
      { kind: 'ports', protocol: 'SCTP', first: 1, last: 9 },
    ],
    [{ destinationNamedPort: 'http' }, { kind: 'named', name: 'http' }],
  ];
  for (const [written, expected] of protocols) {
    it(`have protocols: ${JSON.stringify(written)}`, () => {
      const rule = { action: 'Deny', from: [everyone], protocols: [written] };
      const policy = cnp('a', { tier: 'Admin', priority: 1, subject: everyone, ingress: [rule] }, 'v1beta1');
      assert.deepEqual(ruleOf(policy).ports, [expected]);
    });
  }
});

describe('policies of administrators that the API server refuses', () => {
  const admin = (spec: Spec) => anp('a', { priority: 1, subject: everyone, ...spec });
  const into = (rule: Spec) => admin({ ingress: [{ action: 'Allow', from: [everyone], ...rule }] });
  const outOf = (rule: Spec) => admin({ egress: [{ action: 'Allow', to: [everyone], ...rule }] });
  const cases: readonly (readonly [why: string, policy: object, codes: readonly string[]])[] = [
    ['a priority above 1000', admin({ priority: 1001 }), ['B0007']],
    ['a priority below 0', admin({ priority: -1 }), ['B0007']],
    ['no priority', admin({ priority: null }), ['B0002']],
    ['no subject', admin({ subject: null }), ['B0002']],
    ['an empty subject', admin({ subject: {} }), ['B0008']],
    ['two subjects', admin({ subject: { namespaces: {}, pods: { podSelector: {} } } }), ['B0008']],
    ['no specification', object('policy.networking.k8s.io/v1alpha1', 'AdminNetworkPolicy', 'a'), ['B0002']],
    ['a rule without an action', into({ action: null }), ['B0002']],
    ['an action that nobody knows', into({ action: 'Accept' }), ['B0007']],
    ['a rule without peers', into({ from: null }), ['B0002']],
    ['an empty list of peers', into({ from: [] }), ['B0010']],
    ['an empty peer', into({ from: [{}] }), ['B0008']],
    ['two peers in one', into({ from: [{ namespaces: {}, pods: {} }] }), ['B0008']],
    ['addresses that connections come from', into({ from: [{ networks: ['10.0.0.0/8'] }] }), ['B0003', 'B0008']],
    ['an address alone', outOf({ to: [{ networks: ['10.0.0.1'] }] }), ['B0007']],
    ['26 blocks', outOf({ to: [{ networks: Array.from({ length: 26 }, (_, at) => `10.${at}.0.0/16`) }] }), ['B0011']],
    ['a domain that is denied', outOf({ action: 'Deny', to: [{ domainNames: ['example.com'] }] }), ['B0009']],
    [
      'a port by name at an address',
      outOf({ to: [{ networks: ['10.0.0.0/8'] }], ports: [{ namedPort: 'http' }] }),
      ['B0009'],
    ],
    ['a port without a number', into({ ports: [{ portNumber: { protocol: 'TCP' } }] }), ['B0002']],
    ['an empty port', into({ ports: [{}] }), ['B0008']],
    ['two ports in one', into({ ports: [{ namedPort: 'a', portNumber: { port: 80 } }] }), ['B0008']],
    ['a range that ends before it begins', into({ ports: [{ portRange: { start: 9, end: 1 } }] }), ['B0007']],
    ['101 rules', admin({ ingress: Array.from({ length: 101 }, () => denyIn) }), ['B0011']],
    ['a baseline of another name', banp({ subject: everyone }, 'other'), ['B0007']],
    ['a baseline that passes', banp({ subject: everyone, ingress: [{ action: 'Pass', from: [everyone] }] }), ['B0007']],
    ['a baseline with a priority', banp({ subject: everyone, priority: 1 }), ['B0003']],
    ['no tier', cnp('a', { priority: 1, subject: everyone }), ['B0002']],
    ['an unknown tier', cnp('a', { tier: 'Middle', priority: 1, subject: everyone }), ['B0007']],
    [
      'Allow where it is called Accept',
      cnp('a', { tier: 'Admin', priority: 1, subject: everyone, ingress: [{ action: 'Allow', from: [everyone] }] }),
      ['B0007'],
    ],
    [
      '26 rules of a ClusterNetworkPolicy',
      cnp('a', { tier: 'Admin', priority: 1, subject: everyone, ingress: Array.from({ length: 26 }, () => denyIn) }),
      ['B0011'],
    ],
    [
      'a version that the kind is not in',
      cnp('a', { tier: 'Admin', priority: 1, subject: everyone }, 'v1alpha1'),
      ['B0017'],
    ],
  ];
  for (const [why, policy, codes] of cases) {
    it(why, () => {
      const { cluster, told } = readObjects(policy);
      assert.deepEqual([...told].sort(), [...codes].sort());
      assert.deepEqual(cluster.layers[0]?.stages, []);
    });
  }

  it('two of one priority are told, and both still count', () => {
    const { cluster, told } = readObjects(
      anp('a', { priority: 5, subject: everyone, ingress: [denyIn] }),
      anp('b', { priority: 5, subject: everyone, ingress: [denyIn] }),
      cnp('c', { tier: 'Baseline', priority: 5, subject: everyone, ingress: [denyIn] }),
    );
    assert.deepEqual(told, ['B0013']);
    assert.equal(cluster.layers[0]?.stages[0]?.policies.length, 2);
  });
});
