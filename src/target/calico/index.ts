import { gatewayFile } from '../cluster/gateway.ts';
import { type ManifestFile, printManifests } from '../cluster/manifest.ts';
import { CLUSTER_WIDE_COMMENT } from '../cluster/objects.ts';
import { remarks } from '../cluster/remarks.ts';
import type { ClusterTarget } from '../cluster/target.ts';
import { calicoPolicies, TITLE } from './policy.ts';

const POLICY_FILE = 'calico.yaml';

export const calicoTarget: ClusterTarget = {
  name: 'calico',
  title: TITLE,
  hasClusterWide: true,
  lower(intent, options) {
    const { objects, findings } = calicoPolicies(intent, options);
    const comment = [
      `Written by \`portcullis render calico\` for the policy ${intent.name}; read back, it means what the policy says.`,
      'For Calico’s own API (projectcalico.org/v3): `calicoctl apply`, or `kubectl apply` where its API server runs.',
      ...(options.clusterWide ? [CLUSTER_WIDE_COMMENT] : []),
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

/** Each has a staged kind with its fields and what would become of it (docs.tigera.io, StagedNetworkPolicy, StagedGlobalNetworkPolicy). */
const STAGEABLE: readonly string[] = ['NetworkPolicy', 'GlobalNetworkPolicy'];

function staged({ objects, comment, ...file }: ManifestFile): ManifestFile {
  return {
    ...file,
    comment: [...comment, 'Staged: flow logs tell what it would do, and nothing is enforced.'],
    objects: objects.map((each) => {
      const { kind, spec, ...rest } = each.body;
      if (typeof kind !== 'string' || !STAGEABLE.includes(kind) || typeof spec !== 'object') return each;
      return { ...each, body: { ...rest, kind: `Staged${kind}`, spec: { stagedAction: 'Set', ...spec } } };
    }),
  };
}
