import { gatewayFile } from '../cluster/gateway.ts';
import { printManifests } from '../cluster/manifest.ts';
import { CLUSTER_WIDE_COMMENT } from '../cluster/objects.ts';
import { remarks } from '../cluster/remarks.ts';
import type { ClusterTarget } from '../cluster/target.ts';
import { ciliumPolicies, TITLE } from './policy.ts';

export const ciliumTarget: ClusterTarget = {
  name: 'cilium',
  title: TITLE,
  hasClusterWide: true,
  lower(intent, options) {
    const { objects, findings } = ciliumPolicies(intent, options);
    const comment = [
      `Written by \`portcullis render cilium\` for the policy ${intent.name}; read back, it means what the policy says.`,
      'Names are those that pods look up through Cilium’s DNS proxy; SCTP has to be enabled in Cilium where it is needed.',
      ...(options.clusterWide
        ? [CLUSTER_WIDE_COMMENT, 'Cilium adds up what policies let through: one of a namespace can open more.']
        : []),
    ];
    return {
      files: [{ name: 'cilium.yaml', comment, objects }, ...gatewayFile(intent, options)],
      approximations: findings.approximations,
      diagnostics: remarks(intent, findings),
    };
  },
  print: printManifests,
};
