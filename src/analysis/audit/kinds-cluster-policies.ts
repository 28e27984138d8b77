import type { FindingKind } from './finding.ts';

type Rule = [policy: string, rule: string];

/** What is wrong with policies of a cluster as such: they say less than it seems, or nothing. */
export const CLUSTER_POLICIES = {
  selectsNothing: {
    code: 'A4101',
    severity: 'medium',
    message: (policy: string, whom: string) => `${policy} selects nobody: no workload is ${whom}`,
    help: () => 'correct its selector so that it fits the labels of the pods it is for, or remove it',
    explanation:
      'A policy without subjects enforces nothing. Most often its selector names a label that pods do not carry, or it stands in another namespace than they do.',
    controls: ['KubeLinter-dangling-networkpolicy', 'NIST-SC-7', 'NIST-AC-4', 'ISO-A.8.22'],
  } satisfies FindingKind<[policy: string, whom: string]>,
  peerMatchesNothing: {
    code: 'A4102',
    severity: 'medium',
    message: (policy: string, rule: string, whom: string) =>
      `${policy}: ${rule} speaks of nobody: no workload is ${whom}`,
    help: () => 'correct the selector so that it fits the labels of the pods it means, or remove the rule',
    explanation:
      'A rule whose peers match nobody lets nothing through: whoever was meant is cut off, or the rule outlived its peers.',
    controls: ['KubeLinter-dangling-networkpolicypeer-podselector', 'NIST-AC-4', 'ISO-A.8.22'],
  } satisfies FindingKind<[...Rule, whom: string]>,
  namespaceLabel: {
    code: 'A4103',
    severity: 'medium',
    message: (policy: string, rule: string, label: string) =>
      `${policy}: ${rule} asks namespaces for the label \`${label}\`, which Kubernetes does not set`,
    help: (_policy, _rule, label) => {
      const [, value] = label.split('=');
      return `ask for \`kubernetes.io/metadata.name${value === undefined ? '' : `: ${value}`}\`, which every namespace has`;
    },
    explanation:
      'Since Kubernetes 1.22 every namespace carries its name as `kubernetes.io/metadata.name`. A label `name` is there only where somebody has set it, and without it the rule matches nobody.',
    controls: ['KubeLinter-dangling-networkpolicypeer-podselector', 'NIST-AC-4', 'ISO-A.8.22'],
  } satisfies FindingKind<[...Rule, label: string]>,
  ownNamespaceOnly: {
    code: 'A4104',
    severity: 'medium',
    message: (policy: string, rule: string, whom: string, elsewhere: string) =>
      `${policy}: ${rule} looks for ${whom} in its own namespace only, where nobody is${elsewhere === '' ? '' : `; ${elsewhere}`}`,
    help: () =>
      'name the namespace beside the pods, in one and the same entry: `namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: ... } }` and `podSelector`',
    explanation:
      'A `podSelector` without a `namespaceSelector` beside it means pods of the policy’s own namespace. Two entries of a list mean the one or the other; one entry with both means both at once.',
    controls: ['KubeLinter-dangling-networkpolicypeer-podselector', 'NIST-AC-4', 'ISO-A.8.22'],
  } satisfies FindingKind<[...Rule, whom: string, elsewhere: string]>,
  namedPort: {
    code: 'A4105',
    severity: 'medium',
    message: (policy: string, rule: string, port: string) =>
      `${policy}: ${rule} names the port \`${port}\`, which no container that it can lead to has`,
    help: () =>
      'write the number, or give the container’s port that name (`ports: [{ name: ..., containerPort: ... }]`)',
    explanation:
      'A port by name is looked up among the containers of the pod that is reached. Where none has it, the rule lets nothing through; towards addresses a name never means anything.',
    controls: ['NIST-AC-4', 'ISO-A.8.22'],
  } satisfies FindingKind<[...Rule, port: string]>,
  redundantRule: {
    code: 'A4106',
    severity: 'low',
    message: (policy: string, rule: string, by: string) =>
      `${policy}: ${rule} adds nothing: ${by} lets all of it through already`,
    help: () => 'remove it, or see whether it was meant to say something else',
    explanation:
      'Policies of a union only add up. A rule that another one covers misleads whoever reads it, and stays behind when the other one is removed.',
    controls: ['PCI-1.2.7', 'NIST-CM-7'],
  } satisfies FindingKind<[...Rule, by: string]>,
  redundantPolicy: {
    code: 'A4107',
    severity: 'low',
    message: (policy: string, by: string) => `${policy} changes nothing: ${by} says all of it already`,
    help: () => 'remove it, or see whether it was meant to say something else',
    explanation:
      'Whom it isolates, others isolate already, and what it lets through, they let through. Without it, no connection would fare otherwise.',
    controls: ['PCI-1.2.7', 'NIST-CM-7'],
  } satisfies FindingKind<[policy: string, by: string]>,
  defeated: {
    code: 'A4108',
    severity: 'medium',
    message: (strict: string, direction: string, wide: string, whom: string) =>
      `what ${strict} holds back of ${direction}, ${wide} lets through for the same pods: ${whom}`,
    help: (_strict, _direction, wide) =>
      `narrow ${wide}, or deny with a policy that is asked before (an admin policy, a tier)`,
    explanation:
      'A NetworkPolicy can only allow. Several that select the same pod are joined, so that the widest of them decides, and a stricter one beside it takes nothing away.',
    controls: ['Kubescape-C-0030', 'NIST-SC-7(5)', 'NIST-AC-4', 'PCI-1.2.1', 'ISO-A.8.22'],
  } satisfies FindingKind<[strict: string, direction: string, wide: string, whom: string]>,
  shadowed: {
    code: 'A4109',
    severity: 'low',
    message: (policy: string, rule: string, by: string) =>
      `${policy}: ${rule} is never reached: ${by} decides all of it before`,
    help: () => 'remove it, or move it before the other one',
    explanation:
      'Where policies are asked in an order, the first rule that matches decides, and later ones are not asked.',
    controls: ['PCI-1.2.7', 'NIST-CM-7'],
  } satisfies FindingKind<[...Rule, by: string]>,
  contradicted: {
    code: 'A4110',
    severity: 'medium',
    message: (policy: string, rule: string, by: string) =>
      `${policy}: ${rule} is never reached, and says the opposite of ${by}, which decides before`,
    help: () => 'decide which of the two is meant, and remove the other or change their order',
    explanation:
      'The first rule that matches decides. Whoever wrote the later one believes that it holds: something is open that should not be, or the reverse.',
    controls: ['PCI-1.2.7', 'NIST-AC-4', 'ISO-A.8.20'],
  } satisfies FindingKind<[...Rule, by: string]>,
  selectsHostNetwork: {
    code: 'A4111',
    severity: 'medium',
    message: (policy: string, whom: string) =>
      `${policy} selects only pods in the network of their node, which policies for pods do not hold back: ${whom}`,
    help: () => 'take `hostNetwork: true` away from them, or filter on the nodes',
    explanation:
      'A pod with `hostNetwork` has the addresses of its node. Network plugins do not know its packets from those of the node’s own programs, so that the policy enforces nothing.',
    controls: ['Kubescape-C-0041', 'CIS-Kubernetes-5.2.5', 'NIST-SC-7', 'ISO-A.8.22'],
  } satisfies FindingKind<[policy: string, whom: string]>,
  notEnforced: {
    code: 'A4112',
    severity: 'high',
    message: (what: string, plugin: string) => `nobody enforces ${what}: the network plugin here is ${plugin}`,
    help: () => 'install a network plugin that enforces them, or write them for the one that is there',
    explanation:
      'The API server keeps policies of every kind that it knows; whether anybody enforces them is up to the network plugin, and nothing is said where nobody does.',
    controls: ['CIS-Kubernetes-5.3.1', 'NIST-SC-7', 'NIST-AC-4', 'ISO-A.8.20'],
  } satisfies FindingKind<[what: string, plugin: string]>,
  withoutOrder: {
    code: 'A4113',
    severity: 'low',
    message: (policy: string, stage: string) =>
      `${policy} has no \`order\`: in the ${stage} it is asked after all that have one, and others without one by their names`,
    help: () => 'give it an `order`, with room before and after it',
    explanation:
      'In a tier the first rule that matches decides. Where no order is written, a policy that somebody adds, or renames, decides before this one without anybody noticing.',
    controls: ['PCI-1.2.1', 'NIST-AC-4'],
  } satisfies FindingKind<[policy: string, stage: string]>,
  sameOrder: {
    code: 'A4114',
    severity: 'medium',
    message: (policy: string, other: string, order: string, whom: string) =>
      `${policy} and ${other} have the same order, ${order}, and do not say the same of ${whom}: their names decide which is asked first`,
    help: () => 'give each of them an order of its own',
    explanation: 'In a tier the first rule that matches decides. A new name then changes what is let through.',
    controls: ['PCI-1.2.1', 'NIST-AC-4'],
  } satisfies FindingKind<[policy: string, other: string, order: string, whom: string]>,
} as const satisfies Readonly<Record<string, FindingKind<never>>>;
