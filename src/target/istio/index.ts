import { gatewayFile } from '../cluster/gateway.ts';
import { printManifests } from '../cluster/manifest.ts';
import { remarks } from '../cluster/remarks.ts';
import type { ClusterTarget } from '../cluster/target.ts';
import { istioPolicies, TITLE } from './policy.ts';

export const istioTarget: ClusterTarget = {
  name: 'istio',
  title: TITLE,
  lower(intent, options) {
    const { objects, findings } = istioPolicies(intent);
    const comment = [
      `Written by \`portcullis render istio\` for the policy ${intent.name}: a layer above the network plugin's policies, not instead of them.`,
      'It holds for pods with a proxy (sidecar) of Istio’s; what it cannot say was listed when it was written.',
    ];
    return {
      files: [{ name: 'istio.yaml', comment, objects }, ...gatewayFile(intent, options)],
      approximations: findings.approximations,
      diagnostics: remarks(intent, findings),
    };
  },
  print: printManifests,
};
