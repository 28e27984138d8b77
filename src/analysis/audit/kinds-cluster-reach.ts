import type { FindingKind } from './finding.ts';

const SEGREGATION = ['NIST-SC-7', 'NIST-AC-4', 'ISO-A.8.22'] as const;
const EXFILTRATION = ['NIST-SC-7(10)', 'NIST-AC-4', 'PCI-1.3.2', 'ISO-A.8.20', 'SOC2-CC6.6'] as const;

/** What workloads of a cluster may open, and what may be opened to them. */
export const CLUSTER_REACH = {
  noIngressPolicy: {
    code: 'A4121',
    severity: 'high',
    message: (namespace: string, whom: string) =>
      `no policy says who may reach workloads of the namespace \`${namespace}\`: everybody may (${whom})`,
    help: () =>
      'deny by default in the whole namespace (`podSelector: {}`, `policyTypes: [Ingress]`), then allow who is needed',
    explanation:
      'A pod that no policy isolates accepts connections from every pod of the cluster, and from wherever else its address can be reached.',
    controls: [
      'CIS-Kubernetes-5.3.2',
      'Kubescape-C-0030',
      'Kubescape-C-0054',
      'Kubescape-C-0260',
      'KubeLinter-non-isolated-pod',
      'NIST-SC-7(5)',
      ...SEGREGATION,
      'PCI-1.3.1',
    ],
  } satisfies FindingKind<[namespace: string, whom: string]>,
  noEgressPolicy: {
    code: 'A4122',
    severity: 'high',
    message: (namespace: string, whom: string) =>
      `no policy says where workloads of the namespace \`${namespace}\` may connect to: anywhere (${whom})`,
    help: () =>
      'deny by default in the whole namespace (`podSelector: {}`, `policyTypes: [Egress]`), then allow DNS and what is needed',
    explanation:
      'A program that is taken over, or an agent that is talked into it, can send what it knows to anybody, fetch what it is told to run, and try every pod, node and metadata service there is.',
    controls: ['CIS-Kubernetes-5.3.2', 'Kubescape-C-0030', 'Kubescape-C-0260', 'NIST-SC-7(5)', ...EXFILTRATION],
  } satisfies FindingKind<[namespace: string, whom: string]>,
  partlyIsolated: {
    code: 'A4123',
    severity: 'medium',
    message: (namespace: string, direction: string, whom: string) =>
      `policies for ${direction} hold back only some pods of the namespace \`${namespace}\`; not ${whom}`,
    help: () => 'deny by default for every pod of the namespace (`podSelector: {}`), and keep the exceptions narrow',
    explanation:
      'Who is named in no policy is open. A default deny that selects by label protects the pods somebody thought of, and neither the others nor those that come tomorrow.',
    controls: [
      'CIS-Kubernetes-5.3.2',
      'Kubescape-C-0030',
      'Kubescape-C-0260',
      'KubeLinter-non-isolated-pod',
      'NIST-SC-7(5)',
      ...SEGREGATION,
    ],
  } satisfies FindingKind<[namespace: string, direction: string, whom: string]>,
  allowsAllIngress: {
    code: 'A4124',
    severity: 'medium',
    message: (policy: string, whom: string) =>
      `${policy} lets everybody reach every port of ${whom}: it holds back nothing`,
    help: () => 'name who may connect (`from`) and to which ports, or remove the rule',
    explanation:
      'An ingress rule without `from` and without `ports` means everybody and everything, in the cluster and out of it.',
    controls: ['Kubescape-C-0030', 'NIST-SC-7(5)', ...SEGREGATION, 'PCI-1.3.1'],
  } satisfies FindingKind<[policy: string, whom: string]>,
  allowsAllEgress: {
    code: 'A4125',
    severity: 'high',
    message: (policy: string, whom: string) =>
      `${policy} lets ${whom} connect to anybody on every port: it holds back nothing`,
    help: () => 'name the destinations (`to`) and the ports, or remove the rule',
    explanation:
      'An egress rule without `to` and without `ports` means everybody and everything, in the cluster and out of it.',
    controls: ['Kubescape-C-0030', 'NIST-SC-7(5)', ...EXFILTRATION],
  } satisfies FindingKind<[policy: string, whom: string]>,
  internetAnyPort: {
    code: 'A4126',
    severity: 'high',
    message: (whom: string, families: string) => `${whom} may connect to the whole internet on every port${families}`,
    help: () =>
      'name the ports, and the destinations: an egress gateway that checks names, or the addresses of the services',
    explanation:
      'Every way out is open: whatever an attacker wants to take away, or to fetch, goes by any port that suits.',
    controls: EXFILTRATION,
  } satisfies FindingKind<[whom: string, families: string]>,
  internetWeb: {
    code: 'A4127',
    severity: 'medium',
    message: (whom: string, ports: string, families: string) =>
      `${whom} may connect to the whole internet on ${ports}${families}`,
    help: () =>
      'send it through an egress gateway that checks names, or name the destinations (`toFQDNs` of Cilium, domains of Calico Enterprise, `ipBlock` of the services)',
    explanation:
      'HTTPS to anywhere is every way out at once: what an attacker wants to take away leaves by the same port as what the agent is for.',
    controls: ['NIST-SC-7(8)', ...EXFILTRATION],
  } satisfies FindingKind<[whom: string, ports: string, families: string]>,
  dnsAnywhere: {
    code: 'A4128',
    severity: 'medium',
    message: (whom: string, ports: string, families: string) =>
      `${whom} may ask any address for names: ${ports}${families}`,
    help: () => 'allow DNS to the cluster’s resolver only (`k8s-app: kube-dns` in `kube-system`)',
    explanation:
      'Any server can answer DNS, so that data leaves inside of questions (a DNS tunnel), and answers can be forged.',
    controls: EXFILTRATION,
  } satisfies FindingKind<[whom: string, ports: string, families: string]>,
  internetPort: {
    code: 'A4129',
    severity: 'low',
    message: (whom: string, ports: string, families: string) =>
      `${whom} may connect to the whole internet on ${ports}${families}`,
    help: () => 'name the destinations',
    explanation: 'Each port that may be opened to anywhere is a way out for whoever gets in.',
    controls: EXFILTRATION,
  } satisfies FindingKind<[whom: string, ports: string, families: string]>,
  metadata: {
    code: 'A4130',
    severity: 'high',
    message: (whom: string, address: string) => `${whom} may reach the instance metadata of the cloud (${address})`,
    help: () =>
      'leave it out (`ipBlock` with `except: [169.254.0.0/16]`), and require IMDSv2 with a hop limit of 1, or workload identity',
    explanation:
      'The metadata service hands out the credentials of the node. From there the whole account may be within reach; a prompt that makes an agent fetch one address is enough.',
    controls: ['Kubescape-C-0052', 'NIST-SC-7', 'NIST-AC-4', 'NIST-AC-6'],
  } satisfies FindingKind<[whom: string, address: string]>,
  dnsCut: {
    code: 'A4131',
    severity: 'high',
    message: (whom: string, why: string) => `${whom} cannot ask for names: ${why}`,
    help: () =>
      'allow UDP 53 and TCP 53 to one peer with both `namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: kube-system } }` and `podSelector: { matchLabels: { k8s-app: kube-dns } }`',
    explanation:
      'Once a pod is isolated for egress, DNS has to be allowed like everything else, and the cluster’s resolver is in the namespace `kube-system`. Without names an agent reaches nothing, however much is allowed.',
    controls: ['ISO-A.8.21'],
  } satisfies FindingKind<[whom: string, why: string]>,
  dnsOnlyUdp: {
    code: 'A4132',
    severity: 'low',
    message: (whom: string) => `${whom} may ask for names by UDP only`,
    help: () => 'allow TCP 53 to the same resolver',
    explanation:
      'Answers that do not fit into one packet come over TCP (RFC 7766); without it some names do not resolve, now and then.',
    controls: ['ISO-A.8.21'],
  } satisfies FindingKind<[whom: string]>,
  podsNotInternet: {
    code: 'A4133',
    severity: 'high',
    message: (policy: string, rule: string, ports: string) =>
      `${policy}: ${rule} opens ${ports} to every pod of the cluster, and to nobody outside of it`,
    help: () =>
      'for the internet write `ipBlock` with `cidr: 0.0.0.0/0` (and `::/0`) and `except` for private and metadata addresses, or better an egress gateway; for pods, name them',
    explanation:
      '`namespaceSelector: {}` means the pods of all namespaces, never an address outside. Where the internet was meant, the workload is cut off from it, and reaches every pod instead.',
    controls: ['NIST-AC-4', 'PCI-1.3.2', 'ISO-A.8.22'],
  } satisfies FindingKind<[policy: string, rule: string, ports: string]>,
  clusterAddresses: {
    code: 'A4134',
    severity: 'medium',
    message: (policy: string, rule: string, block: string, whose: string) =>
      `${policy}: ${rule} names addresses of the cluster itself: ${block} (${whose})`,
    help: () => 'select pods by their labels and namespaces; `ipBlock` is for addresses outside of the cluster',
    explanation:
      'Addresses of pods come and go, those of services are rewritten before policies see them, and network plugins disagree whether a block means pods at all.',
    controls: ['NIST-AC-4', 'ISO-A.8.22'],
  } satisfies FindingKind<[policy: string, rule: string, block: string, whose: string]>,
  broadBlock: {
    code: 'A4135',
    severity: 'low',
    message: (policy: string, rule: string, block: string) =>
      `${policy}: ${rule} speaks of more than one site’s addresses: ${block}`,
    help: () => 'name the machines or the subnet that it needs',
    explanation:
      'More than a /16 of IPv4 or a /48 of IPv6 is more than one service needs; the rest is room for lateral movement.',
    controls: ['NIST-AC-4', 'PCI-1.3.2', 'ISO-A.8.22'],
  } satisfies FindingKind<[policy: string, rule: string, block: string]>,
  oneFamily: {
    code: 'A4136',
    severity: 'info',
    message: (policy: string, rule: string, said: string, missing: string) =>
      `${policy}: ${rule} speaks of all of ${said} and says nothing of ${missing}`,
    help: (_policy, _rule, said, missing) => `write what is meant for ${missing} beside it, as for ${said}`,
    explanation:
      'An address block is of one family. In a cluster with both, half of the connections fare otherwise than the author believes.',
    controls: ['NIST-SC-7', 'ISO-A.8.20'],
  } satisfies FindingKind<[policy: string, rule: string, said: string, missing: string]>,
  deniesOneFamily: {
    code: 'A4137',
    severity: 'high',
    message: (policy: string, rule: string, said: string, missing: string) =>
      `${policy}: ${rule} denies all of ${said}; over ${missing} it is open`,
    help: (_policy, _rule, _said, missing) => `deny the same over ${missing}`,
    explanation: 'An address block is of one family. What is denied over the one can still be reached over the other.',
    controls: ['NIST-SC-7', 'NIST-AC-4', 'PCI-1.3.2', 'ISO-A.8.20'],
  } satisfies FindingKind<[policy: string, rule: string, said: string, missing: string]>,
  controlPlane: {
    code: 'A4138',
    severity: 'medium',
    message: (whom: string, what: string) => `${whom} may reach ${what}`,
    help: () =>
      'allow it only for workloads that need it, and take the token away from the others (`automountServiceAccountToken: false`)',
    explanation:
      'The API server, kubelets and etcd rule the cluster. A pod that is taken over tries its own token there first, and every hole in them next.',
    controls: ['NIST-AC-4', 'NIST-AC-6', 'ISO-A.8.22'],
  } satisfies FindingKind<[whom: string, what: string]>,
  openToEverybody: {
    code: 'A4139',
    severity: 'medium',
    message: (policy: string, rule: string, what: string, whom: string) =>
      `${policy}: ${rule} lets everybody reach ${what} of ${whom}`,
    help: () => 'name who may connect (`from`)',
    explanation:
      'A rule that gives ports and no `from` means everybody. What rules a workload or holds its data is for the few that use it.',
    controls: ['NIST-SC-7(11)', 'NIST-AC-4', 'PCI-1.3.1', 'PCI-1.4.4', 'ISO-A.8.22'],
  } satisfies FindingKind<[policy: string, rule: string, what: string, whom: string]>,
  cutOff: {
    code: 'A4140',
    severity: 'medium',
    message: (whom: string) => `${whom} can connect to nobody outside of the cluster, nor to a workload that can`,
    help: () =>
      'allow what the agent is for: an egress gateway in the cluster that checks names, or the services by name or address',
    explanation:
      'An agent asks models and services outside. Where its policies allow none of it, it does nothing, and somebody in a hurry will take the policy away.',
    controls: [],
  } satisfies FindingKind<[whom: string]>,
  placeholder: {
    code: 'A4141',
    severity: 'low',
    message: (policy: string, rule: string, block: string) =>
      `${policy}: ${rule} names addresses that are nobody’s, or a stranger’s: ${block}`,
    help: () => 'write the addresses that are meant, or a name where the network plugin takes names',
    explanation:
      'Addresses such as 1.2.3.4, and those that are kept for documentation (RFC 5737, RFC 3849), stand in examples. What was meant is not allowed, and somebody else may be.',
    controls: ['PCI-1.2.7', 'NIST-AC-4'],
  } satisfies FindingKind<[policy: string, rule: string, block: string]>,
} as const satisfies Readonly<Record<string, FindingKind<never>>>;
