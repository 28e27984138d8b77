import { gatewayFile } from '../cluster/gateway.ts';
import { printManifests } from '../cluster/manifest.ts';
import { remarks } from '../cluster/remarks.ts';
import type { ClusterTarget } from '../cluster/target.ts';
import { networkPolicies, TITLE } from './network-policy.ts';

export const kubernetesTarget: ClusterTarget = {
  name: 'kubernetes',
  title: TITLE,
  lower(intent, options) {
    const { objects, findings } = networkPolicies(intent);
    return {
      files: [
        {
          name: 'network-policies.yaml',
          comment: [
            `Written by \`portcullis render kubernetes\` for the policy ${intent.name}; read back, it means what the policy says.`,
            'It is enforced where the network plugin of the cluster enforces NetworkPolicies: not every one does.',
          ],
          objects,
        },
        ...gatewayFile(intent, options),
      ],
      approximations: findings.approximations,
      diagnostics: remarks(intent, findings),
    };
  },
  print: printManifests,
};
