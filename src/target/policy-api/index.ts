import { gatewayFile } from '../cluster/gateway.ts';
import { printManifests } from '../cluster/manifest.ts';
import { remarks } from '../cluster/remarks.ts';
import type { ClusterTarget } from '../cluster/target.ts';
import { type PolicyApi, V1ALPHA1, V1ALPHA2 } from './api.ts';
import { apiPolicies } from './policies.ts';

export const adminNetworkPolicyTarget: ClusterTarget = targetOf(V1ALPHA1);
export const clusterNetworkPolicyTarget: ClusterTarget = targetOf(V1ALPHA2);

function targetOf(api: PolicyApi): ClusterTarget {
  return {
    name: api.name,
    title: api.title,
    lower(intent, options) {
      const { admin, baseline, findings } = apiPolicies(intent, api);
      const written = `Written by \`portcullis render ${api.name}\` for the policy ${intent.name}`;
      return {
        files: [
          {
            name: `${api.name}.yaml`,
            comment: [
              `${written}; read back, it means what the policy says, but for who comes from outside of the cluster.`,
              'Cluster-wide guard rails: no NetworkPolicy opens more, and none closes what is let through here.',
            ],
            objects: admin,
          },
          {
            name: 'baseline.yaml',
            comment: [`${written}. A cluster has few policies of this tier: see that yours has none of this name.`],
            objects: baseline,
          },
          ...gatewayFile(intent, options),
        ],
        approximations: findings.approximations,
        diagnostics: remarks(intent, findings),
      };
    },
    print: printManifests,
  };
}
