import type { Cluster } from '../../kubernetes/index.ts';
import { alikeOutbound } from './cluster-alike.ts';
import { blockFindings } from './cluster-blocks.ts';
import { dnsFindings } from './cluster-dns.ts';
import { enforcementFindings } from './cluster-enforcement.ts';
import { exposureFindings } from './cluster-exposure.ts';
import { isolationFindings } from './cluster-isolation.ts';
import { orderFindings } from './cluster-order.ts';
import { outboundFindings } from './cluster-outbound.ts';
import { policyFindings } from './cluster-policies.ts';
import { redundancyFindings } from './cluster-redundant.ts';
import { ClusterView } from './cluster-view.ts';
import type { Finding } from './finding.ts';
import { compareFindings } from './severity.ts';

/** All that there is to say of a cluster's manifests, the worst first. */
export function auditCluster(cluster: Cluster): Finding[] {
  const view = new ClusterView(cluster);
  const outbound = alikeOutbound(view);
  return [
    ...exposureFindings(view),
    ...isolationFindings(view),
    ...outboundFindings(view, outbound),
    ...dnsFindings(view, outbound),
    ...policyFindings(view),
    ...redundancyFindings(view),
    ...orderFindings(view),
    ...blockFindings(view),
    ...enforcementFindings(view),
  ].sort(compareFindings);
}
