import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CLUSTER_TARGETS, type ClusterTarget, type ClusterTargetName } from '../../src/target/index.ts';
import { verifyCluster } from '../../src/verify/index.ts';
import { CASES, intentOf, OPTIONS } from './cluster-policies.ts';

/** What somebody might get wrong, in the text that is printed. Each must be found by whoever reads it back. */
interface Fault {
  readonly target: ClusterTargetName;
  readonly what: string;
  readonly policy: string; // of the cases
  readonly clusterWide?: true;
  readonly plant: (text: string) => string;
}

const FAULTS: readonly Fault[] = [
  {
    target: 'kubernetes',
    what: 'a peer is every namespace',
    policy: 'openclaw-prod',
    plant: (text) =>
      text.replace(
        /namespaceSelector:\n\s+matchLabels:\n\s+kubernetes.io\/metadata.name: monitoring/,
        'namespaceSelector: {}',
      ),
  },
  {
    target: 'kubernetes',
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
    target: 'kubernetes',
    what: 'DNS over UDP is dropped',
    policy: 'node-local-dns',
    plant: (text) => text.replace(/\n\s+- protocol: UDP\n\s+port: 53\b/, ''),
  },
  {
    target: 'kubernetes',
    what: 'the cluster’s DNS is looked for in another namespace',
    policy: 'openclaw-prod',
    plant: (text) => text.replace('metadata.name: kube-system', 'metadata.name: default'),
  },
  {
    target: 'kubernetes',
    what: 'IPv6 is forgotten',
    policy: 'except',
    plant: (text) => text.replace(/\n\s+- ipBlock:\n\s+cidr: 2000::\/3\n\s+except:(?:\n\s+- [0-9a-f:]+\/\d+)+/, ''),
  },
  {
    target: 'kubernetes',
    what: 'an exception is forgotten',
    policy: 'except',
    plant: (text) => text.replace(/\n\s+- 169\.254\.0\.0\/16/, ''),
  },
  {
    target: 'kubernetes',
    what: 'default deny is missing',
    policy: 'ipv6-only',
    plant: (text) => text.replace(/---\n# every pod of claw[\s\S]*?(?=---)/, ''),
  },
  {
    target: 'kubernetes',
    what: 'default deny is of one direction',
    policy: 'ipv6-only',
    plant: (text) => text.replace('    - Ingress\n    - Egress', '    - Ingress'),
  },
  {
    target: 'kubernetes',
    what: 'a range of ports ends later',
    policy: 'ports',
    plant: (text) => text.replace('endPort: 8101', 'endPort: 8102'),
  },
  {
    target: 'kubernetes',
    what: 'a protocol is another',
    policy: 'ports',
    plant: (text) => text.replace('protocol: SCTP', 'protocol: TCP'),
  },
  {
    target: 'kubernetes',
    what: 'the subject is every pod',
    policy: 'unions',
    plant: (text) => text.replace(/podSelector:\n {4}matchLabels:\n {6}app: agent/, 'podSelector: {}'),
  },
  {
    target: 'kubernetes',
    what: 'a label is another',
    policy: 'openclaw-prod',
    plant: (text) => text.replace(/app: prometheus/, 'app: grafana'),
  },
  {
    target: 'kubernetes',
    what: 'the agent’s way out is missing',
    policy: 'names-by-gateway',
    plant: (text) => text.replace(/ {4}# flow portcullis-gateway-agent:[\s\S]*?(?= {4}# flow)/, ''),
  },
  {
    target: 'calico',
    what: 'the namespace of a peer is not said',
    policy: 'openclaw-prod',
    plant: (text) => text.replace(/\n\s+namespaceSelector: projectcalico.org\/name == 'monitoring'/, ''),
  },
  {
    target: 'calico',
    what: 'a network set holds more',
    policy: 'prefixes',
    plant: (text) => text.replace('192.0.2.9/32', '192.0.2.8/31'),
  },
  {
    target: 'calico',
    what: 'exceptions of a block are forgotten',
    policy: 'except',
    plant: (text) => text.replace(/\n\s+notNets:(?:\n\s+- [0-9.]+\/\d+)+/, ''),
  },
  {
    target: 'calico',
    what: 'a policy passes what it does not let through',
    policy: 'ipv6-only',
    plant: (text) => text.replace('defaultAction: Deny', 'defaultAction: Pass'),
  },
  {
    target: 'calico',
    what: 'any type of ICMP is let through',
    policy: 'icmp',
    plant: (text) => text.replace(/\n\s+icmp:\n\s+type: 8/, ''),
  },
  {
    target: 'cilium',
    what: 'a name is a pattern of all names',
    policy: 'resolved-names',
    plant: (text) => text.replace('matchName: api.anthropic.com', 'matchPattern: "*"'),
  },
  {
    target: 'cilium',
    what: 'a wildcard is of one label',
    policy: 'resolved-names',
    plant: (text) => text.replace('"**.discord.gg"', '"*.discord.gg"'),
  },
  {
    target: 'cilium',
    what: 'the namespace of a peer is not said',
    policy: 'openclaw-prod',
    plant: (text) => text.replace(/\n\s+k8s:io.kubernetes.pod.namespace: monitoring/, ''),
  },
  {
    target: 'cilium',
    what: 'everybody is let in',
    policy: 'openclaw-prod',
    plant: (text) =>
      text.replace(/- fromEndpoints:\n\s+- matchLabels:\n(?:\s+k8s:\S+ \S+\n)+/, '- fromEntities:\n        - all\n'),
  },
  {
    target: 'cilium',
    what: 'default deny is off',
    policy: 'ipv6-only',
    plant: (text) => text.replaceAll('egress: true', 'egress: false'),
  },
  {
    target: 'calico',
    what: 'a global policy is about one of its namespaces',
    policy: 'two-namespaces',
    clusterWide: true,
    plant: (text) => text.replace("in { 'monitoring', 'openclaw' }", "in { 'openclaw' }"),
  },
  {
    target: 'calico',
    what: 'a global network set is looked for in namespaces',
    policy: 'prefixes',
    clusterWide: true,
    plant: (text) => text.replaceAll('namespaceSelector: global()', 'namespaceSelector: all()'),
  },
  {
    target: 'cilium',
    what: 'a cluster-wide policy is about one of its namespaces',
    policy: 'two-namespaces',
    clusterWide: true,
    plant: (text) => text.replace(/\n\s+- monitoring(?=\n\s+- openclaw)/, ''),
  },
  {
    target: 'cilium',
    what: 'a cluster-wide policy is about pods of every namespace',
    policy: 'ports',
    clusterWide: true,
    plant: (text) =>
      text.replaceAll(/(endpointSelector:\n\s+matchLabels:)\n\s+k8s:io.kubernetes.pod.namespace: claw/g, '$1'),
  },
  {
    target: 'istio',
    what: 'another namespace is let in',
    policy: 'openclaw-prod',
    plant: (text) => text.replace(/namespaces:\n(\s+)- monitoring/, 'namespaces:\n$1- elsewhere'),
  },
  {
    target: 'istio',
    what: 'any source is let in',
    policy: 'openclaw-prod',
    plant: (text) => text.replace(/- from:\n\s+- source:\n\s+namespaces:\n\s+- monitoring\n\s+to:/, '- to:'),
  },
  {
    target: 'istio',
    what: 'another port is let in',
    policy: 'openclaw-prod',
    plant: (text) => text.replace('- "9090"', '- "9091"'),
  },
  {
    target: 'istio',
    what: 'default deny is missing, and so is mutual TLS',
    policy: 'ipv6-only',
    plant: (text) => text.replace(/---\n# nobody gets in without[\s\S]*?(?=---\n# what)/, ''),
  },
  {
    target: 'istio',
    what: 'the proxies let out to anything',
    policy: 'ipv6-only',
    plant: (text) => text.replace('mode: REGISTRY_ONLY', 'mode: ALLOW_ANY'),
  },
  {
    target: 'admin-network-policy',
    what: 'pods are denied before they are let through',
    policy: 'unions',
    plant: (text) => text.replace(/(name: portcullis-deny-pods[\s\S]*?priority: )\d+/, '$11'),
  },
  {
    target: 'cluster-network-policy',
    what: 'what is not let through is passed on',
    policy: 'unions',
    plant: (text) => text.replaceAll('action: Deny', 'action: Pass'),
  },
  {
    target: 'cluster-network-policy',
    what: 'a block is wider',
    policy: 'prefixes',
    plant: (text) => text.replace('192.0.2.9/32', '192.0.2.8/31'),
  },
];

describe('faults that are planted in manifests are found', () => {
  for (const { target: name, what, policy, plant, clusterWide = false } of FAULTS) {
    test(`${name}, ${policy}: ${what}`, () => {
      const found = CASES.find((each) => each.name === policy);
      assert.ok(found);
      const intent = intentOf(found);
      const target: ClusterTarget = CLUSTER_TARGETS[name];
      const { files, approximations } = target.lower(intent, { ...OPTIONS, clusterWide });
      const printed = target.print(files);
      const planted = printed.map((file) => ({ ...file, text: plant(file.text) }));
      assert.notDeepEqual(planted, printed, 'nothing was planted');
      assert.notDeepEqual(verifyCluster(name, intent, planted, approximations).unexplained, []);
    });
  }
});
