import type { Cluster, ClusterPolicy, PolicyRule, Stage, Workload } from '../../src/kubernetes/index.ts';
import type { AddressRange } from '../../src/net/index.ts';

/** Ways to misread policies that somebody could take for right. Each changes what some clusters let through. */
export const MISREADINGS: Readonly<Record<string, (cluster: Cluster) => Cluster>> = {
  'a deny among allows is not heard': rules((rule) => (rule.action === 'deny' ? { ...rule, peers: [] } : rule)),
  'a pass is an allow': rules((rule) => (rule.action === 'pass' ? { ...rule, action: 'allow' } : rule)),
  'an end of a range of ports is not read': rules((rule) => ({
    ...rule,
    ports:
      rule.ports === 'any'
        ? 'any'
        : rule.ports.map((port) => (port.kind === 'ports' ? { ...port, last: port.first } : port)),
  })),
  'what a block excepts is in it': rules((rule) => ({
    ...rule,
    peers: rule.peers.map((peer) => (peer.kind === 'addresses' ? { ...peer, ranges: hull(peer.ranges) } : peer)),
  })),
  'a port’s name is of any protocol': rules((rule) => ({
    ...rule,
    ports:
      rule.ports === 'any'
        ? 'any'
        : rule.ports.map((port) => (port.kind === 'named' ? { kind: 'named', name: port.name } : port)),
  })),
  'no ports are all ports of TCP': rules((rule) =>
    rule.ports === 'any' ? { ...rule, ports: [{ kind: 'ports', protocol: 'TCP', first: 1, last: 65535 }] } : rule,
  ),
  'a condition is always met': rules(({ condition: _, ...rule }) => rule),
  'a rule is about every subject of its policy': rules(({ subject: _, ...rule }) => rule),
  'policies are about every network': policies(({ networks: _, ...policy }) => ({
    ...policy,
    networks: ['pod', 'blue', 'green'],
  })),
  'every policy isolates': policies((policy) => ({
    ...policy,
    ...(policy.ingress === undefined ? {} : { ingress: { ...policy.ingress, isolates: true } }),
    ...(policy.egress === undefined ? {} : { egress: { ...policy.egress, isolates: true } }),
  })),
  'pods of the host network are as others': policies((policy) => ({ ...policy, seesHostNetwork: true })),
  'the last rule decides': stages((stage) => ({ ...stage, policies: stage.policies.toReversed() })),
  'the first match decides among all': stages((stage) => ({ ...stage, combine: 'ordered' })),
  'what no rule matches is asked on': stages((stage) => ({ ...stage, isolated: 'next' })),
  'only the first layer is asked': (cluster) => ({ ...cluster, layers: cluster.layers.slice(0, 1) }),
  'all workloads meet': (cluster) => ({
    ...cluster,
    workloads: cluster.workloads.map((workload): Workload => ({ ...workload, networks: ['pod'] })),
  }),
};

function stages(change: (stage: Stage) => Stage): (cluster: Cluster) => Cluster {
  return (cluster) => ({
    ...cluster,
    layers: cluster.layers.map((layer) => ({ ...layer, stages: layer.stages.map(change) })),
  });
}

function policies(change: (policy: ClusterPolicy) => ClusterPolicy): (cluster: Cluster) => Cluster {
  return stages((stage) => ({ ...stage, policies: stage.policies.map(change) }));
}

export function rules(change: (rule: PolicyRule) => PolicyRule): (cluster: Cluster) => Cluster {
  return policies((policy) => ({
    ...policy,
    ingress: policy.ingress && { ...policy.ingress, rules: policy.ingress.rules.map(change) },
    egress: policy.egress && { ...policy.egress, rules: policy.egress.rules.map(change) },
  }));
}

function hull(ranges: readonly AddressRange[]): AddressRange[] {
  return ([4, 6] as const).flatMap((family) => {
    const own = ranges.filter((range) => range.family === family);
    return own.length === 0 ? [] : [{ family, first: own[0]!.first, last: own.at(-1)!.last }];
  });
}
