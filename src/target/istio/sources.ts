import {
  type ClusterEnd,
  type ClusterGrant,
  type ClusterPeer,
  EVERYTHING,
  NAMESPACE_NAME,
  SERVICE_ACCOUNT_NAME,
  type Selector,
} from '../../kubernetes/index.ts';
import { prefixesOf } from '../cluster/blocks.ts';
import type { Findings } from '../cluster/findings.ts';
import { remarkInside } from '../cluster/inside.ts';
import type { ObjectTree } from '../cluster/manifest.ts';

/**
 * Who comes, as an AuthorizationPolicy says it: by namespace or service account, which certificates of the mesh prove, or by address.
 * `everybody`: nothing need be said.
 */
export function sourcesOf(
  peers: readonly ClusterEnd[],
  grant: ClusterGrant,
  findings: Findings,
): readonly ObjectTree[] | 'everybody' {
  if (peers.some(({ peer }) => peer.kind === 'everybody')) return 'everybody';
  return peers.flatMap((end) => source(end, grant, findings));
}

function source(end: ClusterEnd, grant: ClusterGrant, findings: Findings): ObjectTree[] {
  const { peer, zone } = end;
  switch (peer.kind) {
    case 'addresses':
      remarkInside(findings, 'Istio', end, grant, 'ingress');
      return [{ source: { ipBlocks: prefixesOf(peer.ranges) } }];
    case 'workloads': {
      const { namespaces, pods, serviceAccounts } = peer.workloads;
      const names = valuesOf(namespaces, NAMESPACE_NAME);
      const accounts = serviceAccounts === undefined ? undefined : valuesOf(serviceAccounts, SERVICE_ACCOUNT_NAME);
      findings.approximate(grant, {
        effect: 'narrower',
        from: [peer],
        sentence: `Istio knows pods by their certificates: who is not in the mesh is not let in by the flow ${grant.name}`,
        help: 'put the pods at both ends into the mesh',
      });
      const isExact =
        names !== undefined && pods.kind === 'everything' && (serviceAccounts === undefined || accounts !== undefined);
      if (!isExact) remarkWider(zone, names, grant, findings);
      if (names === undefined) return [{ source: { principals: ['*'] } }];
      if (accounts === undefined) return [{ source: { namespaces: names } }];
      const principals = names.flatMap((name) => accounts.map((account) => `*/ns/${name}/sa/${account}`));
      return [{ source: { principals } }];
    }
    case 'everybody':
    case 'names': // nobody is told by name when it comes
      return [];
    case 'nodes':
    case 'api-server':
      findings.unsaid(zone);
      return [];
  }
}

/** Labels of a pod stand in no certificate. */
function remarkWider(
  zone: string,
  names: readonly string[] | undefined,
  grant: ClusterGrant,
  findings: Findings,
): void {
  const namespaces: Selector = names === undefined ? EVERYTHING : { kind: 'in', key: NAMESPACE_NAME, values: names };
  const everyPod: ClusterPeer = { kind: 'workloads', workloads: { namespaces, pods: EVERYTHING } };
  const whom = names === undefined ? 'every pod of the mesh' : `every pod of ${names.join(', ')}`;
  findings.approximate(grant, {
    effect: 'wider',
    from: [everyPod],
    sentence: `Istio does not know pods by their labels: for ${zone}, ${whom} is let in by the flow ${grant.name}`,
    help: 'give the zone a service account of its own: `kubernetes: { serviceAccount: ... }`',
  });
}

/** The names that a selector asks for, if it asks for nothing else. */
function valuesOf(selector: Selector, key: string): readonly string[] | undefined {
  return selector.kind === 'in' && selector.key === key ? selector.values : undefined;
}
