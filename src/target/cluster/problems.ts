import type { DiagnosticKind } from '../../diagnostic/index.ts';

/** What there is to say of policies that are written for a cluster. */
export const CLUSTER_TARGET_PROBLEMS = {
  noNames: {
    code: 'T0020',
    severity: 'error',
    message: (flow: string, zone: string, title: string) =>
      `the flow \`${flow}\` leads to the names of \`${zone}\`, and ${title} knows addresses only`,
    help: () =>
      'add `gateway: { upstream: ... }`: the gateway is rendered beside the agent and checks names; or give the zone `addresses:` and `enforce: ranges`',
    explanation:
      'Half the internet shares one content network’s addresses: a rule for a name’s addresses lets through whoever else is there, unless the names’ owner publishes ranges of its own.',
  } satisfies DiagnosticKind<[flow: string, zone: string, title: string]>,
  noServiceAccounts: {
    code: 'T0021',
    severity: 'error',
    message: (zone: string, title: string) =>
      `the zone \`${zone}\` is told by its service account, which ${title} does not know`,
    help: () => 'tell it by labels of its pods (`podSelector`), or render for `calico` or `cilium`',
    explanation: 'NetworkPolicies recognise pods by labels; an account that runs them is none.',
  } satisfies DiagnosticKind<[zone: string, title: string]>,
  unsaid: {
    code: 'T0022',
    severity: 'error',
    message: (zone: string, title: string) => `${title} has no words for how the zone \`${zone}\` is told`,
    help: () => 'tell it by labels that are there, rather than by what they are not',
    explanation: 'Each API knows some forms of selectors.',
  } satisfies DiagnosticKind<[zone: string, title: string]>,
  experimental: {
    code: 'T0026',
    severity: 'warning',
    message: (flow: string, title: string) =>
      `the flow \`${flow}\` leads to names, which ${title} has in its experimental channel only`,
    help: () => 'see that the cluster has the experimental definitions and a plugin that enforces `domainNames`',
    explanation: 'Where the cluster has the standard definitions, a policy with `domainNames` is refused.',
  } satisfies DiagnosticKind<[flow: string, title: string]>,
  tooManyPolicies: {
    code: 'T0027',
    severity: 'error',
    message: (title: string, count: number) =>
      `the policy comes to ${count} policies of ${title}, which has 1001 priorities`,
    help: () => 'govern fewer namespaces at a time, or let fewer zones have flows of their own',
    explanation: 'Policies of equal priority may be asked in any order, so that each has one of its own.',
  } satisfies DiagnosticKind<[title: string, count: number]>,
  nodeLocal: {
    code: 'T0025',
    severity: 'warning',
    message: () => 'to Cilium, a DNS cache at an address of the node is the node itself, which no address block means',
    help: () =>
      'let Cilium lead lookups to the cache by a CiliumLocalRedirectPolicy (docs.cilium.io, Node-local DNS cache)',
    explanation: 'Cilium knows nodes by who they are, not by their addresses, unless it is configured otherwise.',
  } satisfies DiagnosticKind<[]>,
  probes: {
    code: 'T0023',
    severity: 'info',
    message: (namespaces: readonly string[]) =>
      `nothing is written for health probes of pods in ${namespaces.map((name) => `\`${name}\``).join(', ')}: most plugins let a node reach the pods that it runs`,
    help: () =>
      'where yours does not, let a flow lead from the nodes’ addresses to the ports of the probes; the API server is reached where a flow leads to its address',
    explanation:
      'Kubelet asks pods for their health from the node that they run on. The NetworkPolicy API says that a pod cannot block access from its own node.',
  } satisfies DiagnosticKind<[namespaces: readonly string[]]>,
  nothing: {
    code: 'T0024',
    severity: 'warning',
    message: (namespace: string) => `no flow begins or ends in \`${namespace}\`: its pods will reach nobody`,
    help: () => 'see that a zone names this namespace, and a flow that zone',
    explanation: 'A namespace that is governed is denied everything that no flow lets through.',
  } satisfies DiagnosticKind<[namespace: string]>,
} as const;
