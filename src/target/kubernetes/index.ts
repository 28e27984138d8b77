import { diagnose, sortDiagnostics } from '../../diagnostic/index.ts';
import { gatewayFile } from '../cluster/gateway.ts';
import { printManifests } from '../cluster/manifest.ts';
import { CLUSTER_TARGET_PROBLEMS } from '../cluster/problems.ts';
import { sidesOf } from '../cluster/sides.ts';
import type { ClusterTarget } from '../cluster/target.ts';
import { networkPolicies, TITLE } from './network-policy.ts';

export const kubernetesTarget: ClusterTarget = {
  name: 'kubernetes',
  title: TITLE,
  lower(intent, options) {
    const { objects, approximations, diagnostics } = networkPolicies(intent);
    const idle = intent.governed.filter((namespace) => !sidesOf(intent).some((side) => side.namespace === namespace));
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
      approximations,
      diagnostics: sortDiagnostics([
        ...diagnostics,
        diagnose(CLUSTER_TARGET_PROBLEMS.probes, undefined, intent.governed),
        ...idle.map((namespace) => diagnose(CLUSTER_TARGET_PROBLEMS.nothing, undefined, namespace)),
      ]),
    };
  },
  print: printManifests,
};
