import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { read } from './read.fixture.ts';

const pod = (name: string, rest = '') =>
  `apiVersion: v1\nkind: Pod\nmetadata:\n  name: ${name}\n${rest}spec:\n  containers: [{ name: c }]\n`;

function ids(...texts: readonly string[]): readonly string[] {
  return read(...texts).cluster.workloads.map(({ id }) => id);
}

describe('files of manifests', () => {
  it('hold several documents, lists within lists, and JSON', () => {
    const json = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"d","namespace":"x"},"spec":{}}`;
    const list = `apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: PodList\n  items: [{ metadata: { name: c } }]\n`;
    assert.deepEqual(ids(`${pod('a')}---\n---\n${pod('b')}`, list, json), [
      'default/a[Pod]',
      'default/b[Pod]',
      'default/c[Pod]',
      'x/d[Pod]',
    ]);
  });

  it('may hold what is no manifest: it is passed over with a remark', () => {
    const { told } = read(
      'replicas: 3\n',
      'apiVersion: v2\nname: chart\nversion: 1.0.0\n',
      'on: [push]\n---\njust words\n',
    );
    assert.deepEqual(told, ['B0005 1:1', 'B0005 1:1', 'B0005 1:1', 'B0005 3:1']);
  });

  it('may hold objects that say nothing of the network, whatever is wrong with them', () => {
    const text =
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: [1] }\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\n';
    assert.deepEqual(read(text).told, []);
  });

  it('are read in spite of a broken document among them', () => {
    const text = `${pod('a')}---\napiVersion: v1\nkind: Pod\nmetadata: { name: [\n---\n${pod('b')}`;
    const { cluster, told } = read(text);
    assert.deepEqual(
      cluster.workloads.map(({ id }) => id),
      ['default/a[Pod]', 'default/b[Pod]'],
    );
    assert.equal(told.length, 1);
    assert.match(told[0]!, /^P0004 1[01]:/);
  });

  it('of other programs may be broken', () => {
    assert.deepEqual(read(`${pod('a')}---\nservices: [\n`).told, ['B0005 7:1']);
  });

  describe('that are templates', () => {
    const templates: readonly (readonly [name: string, text: string, at: string])[] = [
      ['a name', 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}-web\n', 'B0004 4:9'],
      ['a name in quotes', `apiVersion: v1\nkind: Pod\nmetadata:\n  name: '{{ .Release.Name }}'\n`, 'B0004 4:9'],
      [
        'a block',
        '{{- if .Values.policy }}\napiVersion: v1\nkind: Pod\nmetadata: { name: a }\n{{- end }}\n',
        'B0004 1:1',
      ],
    ];
    for (const [name, text, at] of templates) it(name, () => assert.deepEqual(read(text).told, [at]));

    it('but not a ConfigMap with a template in it', () => {
      const text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata: { a: "{{ .Labels.x }}" }\n';
      assert.deepEqual(read(text).told, []);
    });
  });

  it('need a name, an API version and a kind', () => {
    assert.deepEqual(read('apiVersion: v1\nkind: Pod\nmetadata: {}\n').told, ['B0002 3:11']);
    assert.deepEqual(read('kind: Pod\nmetadata: { name: a }\n').told, ['B0002 1:1']);
    assert.deepEqual(read('apiVersion: v1\nmetadata: { name: a }\n').told, ['B0002 1:1']);
    assert.deepEqual(ids('apiVersion: v1\nkind: Pod\nmetadata: { generateName: a- }\n'), ['default/a-[Pod]']);
  });

  it('may repeat an object as it is, with what the cluster wrote on it', () => {
    const live =
      'apiVersion: v1\nkind: Pod\nmetadata: { name: a, uid: "1", creationTimestamp: null }\nspec:\n  containers: [{ name: c }]\nstatus: { phase: Running }\n';
    assert.deepEqual(read(pod('a'), live, pod('a')).told, []);
  });

  it('may not say two things of one object', () => {
    const other = pod('a', '  labels: { app: b }\n');
    assert.deepEqual(read(pod('a'), other).told, ['B0006 1:1']);
    const attached = pod('a', '  annotations: { k8s.v1.cni.cncf.io/networks: b }\n');
    assert.deepEqual(read(pod('a'), attached).told, ['B0006 1:1']);
    assert.deepEqual(read(pod('a'), pod('a', '  namespace: b\n')).told, []);
  });

  it('tell labels that are no text, as YAML takes numbers and truth values', () => {
    assert.deepEqual(
      read(pod('a', '  labels: { version: 1.10 }\n')).told.map((each) => each.slice(0, 5)),
      ['B0001'],
    );
    assert.deepEqual(read(pod('a', '  labels: { version: !!str 1.10, empty: }\n')).told, []);
  });

  it('are YAML 1.1 to Kubernetes, in which some words are truth values', () => {
    const codes = (rest: string) => read(pod('a', rest)).told.map((each) => each.slice(0, 5));
    assert.deepEqual(codes('  labels: { country: no }\n'), ['B0001']);
    assert.deepEqual(codes('  labels: { country: "no" }\n'), []);
    const host = 'apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { hostNetwork: yes }\n';
    assert.equal(read(host).cluster.workloads[0]?.hostNetwork, true);
  });
});

describe('namespaces', () => {
  it('have their name as a label, and are there when objects are in them', () => {
    const { cluster } = read(
      'apiVersion: v1\nkind: Namespace\nmetadata: { name: a, labels: { kubernetes.io/metadata.name: lie, x: z } }\n',
      pod('p', '  namespace: b\n'),
    );
    const labels = [...cluster.namespaces.values()].map(({ name, labels: each }) => [name, Object.fromEntries(each)]);
    assert.deepEqual(labels, [
      ['a', { 'kubernetes.io/metadata.name': 'a', x: 'z' }],
      ['b', { 'kubernetes.io/metadata.name': 'b' }],
    ]);
  });
});

describe('policies of products that are not known', () => {
  const cases: readonly (readonly [apiVersion: string, kind: string, bounds: string | undefined])[] = [
    ['crd.antrea.io/v1beta1', 'ClusterNetworkPolicy', 'either'],
    ['k8s.ovn.org/v1', 'EgressFirewall', 'narrower'],
    ['kubeovn.io/v1', 'SecurityGroup', 'either'],
    ['example.com/v1', 'SuperNetworkPolicy', 'either'],
    ['policy.linkerd.io/v1beta3', 'Server', 'narrower'],
    ['example.com/v1', 'Widget', undefined],
    ['v1', 'Secret', undefined],
  ];
  for (const [apiVersion, kind, bounds] of cases) {
    it(`${kind} of ${apiVersion}: ${bounds ?? 'nothing to tell'}`, () => {
      const { cluster, told } = read(`apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: a }\n`);
      assert.deepEqual(told, []);
      assert.deepEqual(
        cluster.opaque.map((each) => each.bounds),
        bounds === undefined ? [] : [bounds],
      );
    });
  }
});
