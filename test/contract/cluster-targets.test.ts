import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CLUSTER_TARGET_NAMES, CLUSTER_TARGETS, type ClusterTargetName } from '../../src/target/index.ts';
import { renderClusterProven, verifyCluster } from '../../src/verify/index.ts';
import { CLUSTER_CASES, intentOf, RESOLVED_NAMES_CASE, SERVICE_ACCOUNT_CASE, told } from './cluster-policies.ts';

const OPTIONS = { gatewayImage: 'example.invalid/portcullis:1', calicoDomains: false, calicoTier: 'portcullis' };
const CASES = [...CLUSTER_CASES, SERVICE_ACCOUNT_CASE, RESOLVED_NAMES_CASE];

/** What an API has no words for, by the code of the error that says so. */
const REFUSED: Readonly<Record<ClusterTargetName, Readonly<Record<string, string>>>> = {
  kubernetes: { 'service-account': 'T0021', 'resolved-names': 'T0020' },
  calico: { 'resolved-names': 'T0020' },
};

for (const name of CLUSTER_TARGET_NAMES) {
  const target = CLUSTER_TARGETS[name];
  const refused = REFUSED[name];
  describe(`${target.title} means what the policy says`, () => {
    for (const each of CASES) {
      const { proof, artifacts } = renderClusterProven(target, intentOf(each), OPTIONS);
      const code = refused[each.name];
      if (code === undefined) {
        test(`${each.name}: ${each.why}`, () => {
          assert.deepEqual(proof.unexplained, []);
          assert.ok(proof.holds && artifacts !== undefined, told(proof.diagnostics));
        });
      } else {
        test(`${each.name} is refused: ${each.why}`, () => {
          assert.equal(artifacts, undefined);
          assert.ok(
            proof.diagnostics.some((found) => found.code === code && found.severity === 'error'),
            told(proof.diagnostics),
          );
        });
      }
    }
  });
}

/** What somebody might get wrong, in the text that is printed. Each must be found by whoever reads it back. */
interface Fault {
  readonly what: string;
  readonly policy: string; // of the cases
  readonly plant: (text: string) => string;
}

const KUBERNETES_FAULTS: readonly Fault[] = [
  {
    what: 'a peer is every namespace',
    policy: 'openclaw-prod',
    plant: (text) =>
      text.replace(
        /namespaceSelector:\n\s+matchLabels:\n\s+kubernetes.io\/metadata.name: monitoring/,
        'namespaceSelector: {}',
      ),
  },
  {
    what: 'namespace and pods are two peers',
    policy: 'openclaw-prod',
    plant: (text) =>
      text
        .replace(/(kubernetes.io\/metadata.name: monitoring\n\s+)podSelector/, '$1podSelector')
        .replace(
          /\n {10}podSelector:\n {12}matchLabels:\n {14}app: prometheus/,
          '\n        - podSelector:\n            matchLabels:\n              app: prometheus',
        ),
  },
  {
    what: 'DNS over UDP is dropped',
    policy: 'node-local-dns',
    plant: (text) => text.replace(/\n\s+- protocol: UDP\n\s+port: 53\b/, ''),
  },
  {
    what: 'the cluster’s DNS is looked for in another namespace',
    policy: 'openclaw-prod',
    plant: (text) => text.replace('metadata.name: kube-system', 'metadata.name: default'),
  },
  {
    what: 'IPv6 is forgotten',
    policy: 'except',
    plant: (text) => text.replace(/\n\s+- ipBlock:\n\s+cidr: 2000::\/3\n\s+except:(?:\n\s+- [0-9a-f:]+\/\d+)+/, ''),
  },
  {
    what: 'an exception is forgotten',
    policy: 'except',
    plant: (text) => text.replace(/\n\s+- 169\.254\.0\.0\/16/, ''),
  },
  {
    what: 'default deny is missing',
    policy: 'ipv6-only',
    plant: (text) => text.replace(/---\n# every pod of claw[\s\S]*?(?=---)/, ''),
  },
  {
    what: 'default deny is of one direction',
    policy: 'ipv6-only',
    plant: (text) => text.replace('    - Ingress\n    - Egress', '    - Ingress'),
  },
  {
    what: 'a range of ports ends later',
    policy: 'ports',
    plant: (text) => text.replace('endPort: 8101', 'endPort: 8102'),
  },
  { what: 'a protocol is another', policy: 'ports', plant: (text) => text.replace('protocol: SCTP', 'protocol: TCP') },
  {
    what: 'the subject is every pod',
    policy: 'unions',
    plant: (text) => text.replace(/podSelector:\n {4}matchLabels:\n {6}app: agent/, 'podSelector: {}'),
  },
  {
    what: 'a label is another',
    policy: 'openclaw-prod',
    plant: (text) => text.replace(/app: prometheus/, 'app: grafana'),
  },
  {
    what: 'the agent’s way out is missing',
    policy: 'names-by-gateway',
    plant: (text) => text.replace(/ {4}# flow portcullis-gateway-agent:[\s\S]*?(?= {4}# flow)/, ''),
  },
];

describe('faults that are planted in manifests are found', () => {
  for (const { what, policy, plant } of KUBERNETES_FAULTS) {
    test(`NetworkPolicy, ${policy}: ${what}`, () => {
      const found = CASES.find(({ name }) => name === policy);
      assert.ok(found);
      const intent = intentOf(found);
      const { files, approximations } = CLUSTER_TARGETS.kubernetes.lower(intent, OPTIONS);
      const printed = CLUSTER_TARGETS.kubernetes.print(files);
      const planted = printed.map(({ name, text }) => ({ name, text: plant(text) }));
      assert.notDeepEqual(planted, printed, 'nothing was planted');
      assert.equal(verifyCluster('kubernetes', intent, printed, approximations).holds, true);
      assert.notDeepEqual(verifyCluster('kubernetes', intent, planted, approximations).unexplained, []);
    });
  }
});
