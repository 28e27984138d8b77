import type { FindingKind } from './finding.ts';

const FROM_OUTSIDE = [
  'Kubescape-C-0256',
  'NIST-SC-7',
  'NIST-SC-7(11)',
  'PCI-1.3.1',
  'PCI-1.4.2',
  'ISO-A.8.20',
  'SOC2-CC6.6',
] as const;

/** What leads into a cluster from outside, and past its policies. */
export const CLUSTER_EXPOSURE = {
  hostNetwork: {
    code: 'A4151',
    severity: 'high',
    message: (workload: string) => `${workload} uses the network of its node (\`hostNetwork\`)`,
    help: () => 'take `hostNetwork: true` away, and publish what has to be reached with a Service',
    explanation:
      'It listens where the node listens, reaches what listens on the node’s loopback, and no policy for pods holds it back or recognises it.',
    controls: [
      'Kubescape-C-0041',
      'KubeLinter-host-network',
      'CIS-Kubernetes-5.2.5',
      'NIST-SC-7',
      'NIST-AC-4',
      'ISO-A.8.22',
    ],
  } satisfies FindingKind<[workload: string]>,
  hostPort: {
    code: 'A4152',
    severity: 'medium',
    message: (workload: string, port: string) =>
      `${workload} publishes ${port} on the address of its node (\`hostPort\`)`,
    help: () => 'take `hostPort` away, and publish it with a Service, or behind an Ingress',
    explanation:
      'The port is open on every address of each node that a pod runs on, beside what the node’s own firewall was made for.',
    controls: ['Kubescape-C-0044', 'CIS-Kubernetes-5.2.13', ...FROM_OUTSIDE],
  } satisfies FindingKind<[workload: string, port: string]>,
  nodePort: {
    code: 'A4153',
    severity: 'medium',
    message: (service: string, port: string, whom: string) =>
      `${service} opens ${port} on every node, to whoever reaches one (it leads to ${whom})`,
    help: () => 'make it `ClusterIP` and let an Ingress or a Gateway lead to it, or close the port on the nodes',
    explanation:
      'A NodePort listens on all nodes and all their addresses, and what comes in bears the address of a node once it reaches the pod (`externalTrafficPolicy: Cluster`).',
    controls: [...FROM_OUTSIDE, 'KubeLinter-exposed-services'],
  } satisfies FindingKind<[service: string, port: string, whom: string]>,
  loadBalancer: {
    code: 'A4154',
    severity: 'medium',
    message: (service: string, port: string, from: string, whom: string) =>
      `${service} opens ${port} by a load balancer to ${from} (it leads to ${whom})`,
    help: () =>
      'say in `loadBalancerSourceRanges` who may come, or keep the load balancer internal (the cloud’s annotation for it)',
    explanation:
      'Without `loadBalancerSourceRanges` a load balancer takes connections from every address. Clouds give it a public address unless they are told otherwise.',
    controls: [...FROM_OUTSIDE, 'KubeLinter-exposed-services'],
  } satisfies FindingKind<[service: string, port: string, from: string, whom: string]>,
  agentGateway: {
    code: 'A4155',
    severity: 'critical',
    message: (what: string, how: string, whom: string) => `${what} of ${whom} can be reached from outside: ${how}`,
    help: () =>
      'keep it inside: no Ingress, Gateway, NodePort or public load balancer; reach it by `kubectl port-forward` or a VPN',
    explanation:
      'Whoever reaches an agent’s gateway and has its token controls the agent. Compromises through an open gateway port are known.',
    controls: [...FROM_OUTSIDE, 'NIST-AC-17'],
  } satisfies FindingKind<[what: string, how: string, whom: string]>,
  sensitive: {
    code: 'A4156',
    severity: 'high',
    message: (what: string, how: string, whom: string) => `${what} of ${whom} can be reached from outside: ${how}`,
    help: () => 'keep it inside the cluster, and let only the workloads that use it connect',
    explanation: 'Services that rule a machine or hold its data are searched for on the whole internet all the time.',
    controls: [...FROM_OUTSIDE, 'PCI-1.4.4'],
  } satisfies FindingKind<[what: string, how: string, whom: string]>,
  sourceHidden: {
    code: 'A4157',
    severity: 'medium',
    message: (policy: string, rule: string, service: string) =>
      `${policy}: ${rule} asks for addresses outside, which ${service} may hide: what comes through it bears the address of a node`,
    help: () => 'set `externalTrafficPolicy: Local` on the service, or say who may come in `loadBalancerSourceRanges`',
    explanation:
      'With `externalTrafficPolicy: Cluster`, the default, a node that forwards a connection replaces its source address. A rule for the client’s address then matches nobody, or a rule for nodes everybody.',
    controls: ['NIST-SC-7', 'NIST-AC-4', 'ISO-A.8.20'],
  } satisfies FindingKind<[policy: string, rule: string, service: string]>,
  serviceWithoutPods: {
    code: 'A4158',
    severity: 'low',
    message: (service: string) => `${service} selects no workload`,
    help: () => 'correct its selector, or remove it',
    explanation:
      'Whoever connects to it gets no answer; whoever later carries the labels by chance gets its connections.',
    controls: ['KubeLinter-dangling-service', 'NIST-CM-7'],
  } satisfies FindingKind<[service: string]>,
  leadsNowhere: {
    code: 'A4159',
    severity: 'low',
    message: (entrance: string, service: string) =>
      `${entrance} leads to the service \`${service}\`, which is not there`,
    help: () => 'correct the name or the port of the service, or remove the rule',
    explanation:
      'What comes in is answered with an error; whoever may create a service of that name takes the connections.',
    controls: ['KubeLinter-dangling-ingress', 'NIST-CM-7'],
  } satisfies FindingKind<[entrance: string, service: string]>,
} as const satisfies Readonly<Record<string, FindingKind<never>>>;
