import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { AskedCluster, pod } from '../../../../test/kubernetes/asked-cluster.ts';
import { CLUSTER, DB, policy } from '../../../../test/kubernetes/calico-manifests.ts';

describe('Calico', () => {
  const refused: readonly (readonly [spec: string, problem: RegExp])[] = [
    ["selector: app = 'db'", /B0101.*`spec.selector`.*expected `==`/],
    ['ingress: [{ action: allow }]', /B0102.*`allow` in `spec.ingress\[0\].action`/],
    ['ingress: [{ source: {} }]', /B0002.*`spec.ingress\[0\].action` is missing/],
    ['ingress: [{ action: Allow, protocol: HTTP }]', /B0102.*`HTTP`/],
    ['ingress: [{ action: Allow, destination: { ports: [80] } }]', /B0103.*ports need `protocol/],
    ['ingress: [{ action: Allow, protocol: TCP, destination: { ports: ["90:80"] } }]', /B0102.*`90:80`/],
    ['ingress: [{ action: Allow, protocol: TCP, destination: { ports: [0] } }]', /B0102.*`0`/],
    ['ingress: [{ action: Allow, source: { nets: [10.0.0.0/33] } }]', /B0102.*`10.0.0.0\/33`/],
    ['ingress: [{ action: Allow, source: { nets: [10.0.0.0/8, "fd00::/8"] } }]', /B0103.*not of both/],
    ['ingress: [{ action: Allow, ipVersion: 6, source: { nets: [10.0.0.0/8] } }]', /B0103.*other family/],
    ['ingress: [{ action: Allow, source: { selector: global() } }]', /B0103.*namespaceSelector/],
    ['ingress: [{ action: Allow, source: { namespaceSelector: "global() || has(a)" } }]', /B0103.*stands alone/],
    ['ingress: [{ action: Deny, http: { methods: [GET] } }]', /B0103.*only rules that allow/],
    ['ingress: [{ action: Allow, protocol: UDP, http: { methods: [GET] } }]', /B0103.*`protocol: TCP`/],
    ['ingress: [{ action: Allow, protocol: ICMP, icmp: { code: 1 } }]', /B0103.*needs a `type`/],
    [
      'egress: [{ action: Allow, destination: { services: { name: db }, nets: [10.0.0.0/8] } }]',
      /B0103.*excludes `nets`/,
    ],
    ['ingress: [{ action: Allow, source: { domains: [a.example.com] } }]', /B0103.*egress rules that allow/],
    ['types: [Both]', /B0102.*`Both`/],
    ['order: first', /B0001.*a number/],
    ['podSelector: {}', /B0003.*`spec.podSelector` is no field/],
    ['ingress: [{ action: Allow, sources: {} }]', /B0003.*`spec.ingress\[0\].sources` is no field/],
  ];
  for (const [spec, problem] of refused) {
    test(`refuses { ${spec} }`, () => {
      assert.match(new AskedCluster(CLUSTER, policy(spec)).problems.join('\n'), problem);
    });
  }

  test('says what it does not follow: tiers that are missing, Services, policies for nodes', () => {
    const asked = new AskedCluster(
      CLUSTER,
      policy(`tier: security, ${DB}`, 'a'),
      policy(`${DB}, egress: [{ action: Allow, destination: { services: { name: nobody } } }]`),
      policy('doNotTrack: true, applyOnForward: true, ingress: [{ action: Deny }]', 'b'),
      policy(DB, 'shop/q').replace('kind: NetworkPolicy', 'kind: StagedNetworkPolicy'),
      `apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: { name: node-1 }
spec: { node: node-1, interfaceName: '*' }`,
    );
    assert.deepEqual(
      asked.problems.map((problem) => problem.slice(0, 'warning B0104'.length).trimEnd()),
      ['warning B0104', 'warning B0107', 'info B0105: S'],
    );
    assert.deepEqual(
      asked.cluster.opaque.map(({ text, bounds }) => `${text} ${bounds}`),
      ['spec.egress[0] wider', 'GlobalNetworkPolicy b narrower', 'HostEndpoint node-1 either'],
    );
  });

  const REQUIREMENTS = new URL(
    '../../../../../shared/requirements/firewall-network-policy-management.md',
    import.meta.url,
  );
  test('reads the manifest of the requirements, as it is', (t) => {
    let text: string;
    try {
      text = readFileSync(REQUIREMENTS, 'utf8');
    } catch {
      t.skip('SKIPPED: the requirements text is not beside this checkout');
      return;
    }
    const manifest = /```yaml\n(apiVersion: projectcalico\.org\/v3[\s\S]*?)```/.exec(text)?.[1];
    assert.ok(manifest !== undefined);
    const agent = pod('openclaw/agent', 'app: openclaw-agent');
    const asked = new AskedCluster(agent, pod('kube-system/dns', 'k8s-app: kube-dns'), manifest);
    assert.deepEqual(asked.problems, []);
    const answers = {
      'udp openclaw/agent -> kube-system/dns 53': 'yes',
      'tcp openclaw/agent -> kube-system/dns 53': 'no', // answers that do not fit into a datagram fail
      'udp openclaw/agent -> 203.0.113.9 53': 'yes', // any server: a way out for data
      'tcp openclaw/agent -> 1.2.3.4 443': 'yes',
      'tcp openclaw/agent -> 1.2.3.4 80': 'no',
      'tcp openclaw/agent -> 203.0.113.9 443': 'no',
      'tcp kube-system/dns -> openclaw/agent 18789': 'yes', // it says nothing of ingress
    };
    const found = Object.keys(answers).map((question) => [question, asked.ask(question)]);
    assert.deepEqual(Object.fromEntries(found), answers);
  });
});
