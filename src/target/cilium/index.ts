import { gatewayFile } from '../cluster/gateway.ts';
import { printManifests } from '../cluster/manifest.ts';
import { remarks } from '../cluster/remarks.ts';
import type { ClusterTarget } from '../cluster/target.ts';
import { ciliumPolicies, TITLE } from './policy.ts';

export const ciliumTarget: ClusterTarget = {
  name: 'cilium',
  title: TITLE,
  lower(intent, options) {
    const { objects, findings } = ciliumPolicies(intent);
    const comment = [
      `Written by \`portcullis render cilium\` for the policy ${intent.name}; read back, it means what the policy says.`,
      'Names are those that pods look up through Cilium’s DNS proxy; SCTP has to be enabled in Cilium where it is needed.',
    ];
    return {
      files: [{ name: 'cilium.yaml', comment, objects }, ...gatewayFile(intent, options)],
      approximations: findings.approximations,
      diagnostics: remarks(intent, findings),
    };
  },
  print: printManifests,
};
