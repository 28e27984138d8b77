import { gatewayFile } from '../cluster/gateway.ts';
import { type ManifestFile, printManifests } from '../cluster/manifest.ts';
import { remarks } from '../cluster/remarks.ts';
import type { ClusterTarget } from '../cluster/target.ts';
import { calicoPolicies, TITLE } from './policy.ts';

const POLICY_FILE = 'calico.yaml';

export const calicoTarget: ClusterTarget = {
  name: 'calico',
  title: TITLE,
  lower(intent, options) {
    const { objects, findings } = calicoPolicies(intent, options);
    const comment = [
      `Written by \`portcullis render calico\` for the policy ${intent.name}; read back, it means what the policy says.`,
      'For Calico’s own API (projectcalico.org/v3): `calicoctl apply`, or `kubectl apply` where its API server runs.',
    ];
    return {
      files: [{ name: POLICY_FILE, comment, objects }, ...gatewayFile(intent, options)],
      approximations: findings.approximations,
      diagnostics: remarks(intent, findings),
    };
  },
  print: printManifests,
  staged: (files) => files.map((file) => (file.name === POLICY_FILE ? staged(file) : file)),
};

/** StagedNetworkPolicy has the fields of NetworkPolicy, and what would become of it (docs.tigera.io, resource StagedNetworkPolicy). */
function staged({ objects, comment, ...file }: ManifestFile): ManifestFile {
  return {
    ...file,
    comment: [...comment, 'Staged: flow logs tell what it would do, and nothing is enforced.'],
    objects: objects.map((each) => {
      const { kind, spec, ...rest } = each.body;
      if (kind !== 'NetworkPolicy' || typeof spec !== 'object') return each;
      return { ...each, body: { ...rest, kind: 'StagedNetworkPolicy', spec: { stagedAction: 'Set', ...spec } } };
    }),
  };
}
