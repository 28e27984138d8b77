import type { Artifact, ClusterTargetName, ClusterTargetOptions } from '../../target/index.ts';
import {
  CLUSTER_TARGETS,
  type ClusterPackage,
  helmDefaults,
  helmFiles,
  kustomizeFiles,
  nodeFirewall,
} from '../../target/index.ts';
import { type ClusterProof, renderClusterProven, verifyCluster } from '../../verify/index.ts';
import { accountsOf } from '../accounts.ts';
import { type Console, EXIT } from '../console.ts';
import { readSource } from '../files.ts';
import { NODE_PROBLEMS } from '../node/problems.ts';
import { soundHostPolicy } from '../policy-input.ts';
import { Stop, stop } from '../report.ts';
import { type ClusterPolicyOptions, soundClusterIntent } from './cluster-policy.ts';

/** Named as targets are, although each is what another target wrote, packed for a tool. */
export const PACKAGES = ['kustomize', 'helm'] as const;
export type PackageName = (typeof PACKAGES)[number];

export interface PackageOptions extends ClusterPolicyOptions {
  readonly with?: ClusterTargetName;
  readonly image: string;
  readonly nodePolicy?: string;
  readonly chartVersion: string;
}

/** A package whose manifests are proven. @throws Stop where they are not, and nothing may be printed */
export async function renderPackage(
  console: Console,
  name: PackageName,
  path: string | undefined,
  options: PackageOptions,
): Promise<{ readonly artifacts: readonly Artifact[]; readonly proof: ClusterProof }> {
  const intent = await soundClusterIntent(console, path, options);
  const target = CLUSTER_TARGETS[options.with ?? 'kubernetes'];
  const how: ClusterTargetOptions = { gatewayImage: options.image, calicoDomains: false, calicoTier: 'default' };
  const { artifacts, proof } = renderClusterProven(target, intent, how);
  if (artifacts === undefined) throw new Stop(EXIT.unusable, proof.diagnostics);
  const { files } = target.lower(intent, how);
  const of: ClusterPackage = {
    intent,
    target: target.name,
    files,
    ...(target.staged === undefined ? {} : { staged: target.staged(files) }),
    ...(await nodesOf(console, options)),
    image: options.image,
  };
  switch (name) {
    case 'kustomize':
      return { artifacts: kustomizeFiles(of), proof };
    case 'helm': {
      // What the defaults come to is read back as anybody's manifests are, too.
      const declared = proof.approximations.map(({ approximation }) => approximation);
      const byDefault = verifyCluster(target.name, intent, helmDefaults(of), declared);
      if (!byDefault.holds) throw new Stop(EXIT.machine, byDefault.diagnostics);
      return { artifacts: helmFiles(of, options.chartVersion), proof };
    }
  }
}

/** A policy for hosts, sound and fit for nodes; its text goes into the package. @throws Stop */
async function nodesOf(
  console: Console,
  { nodePolicy, image }: PackageOptions,
): Promise<Pick<ClusterPackage, 'nodes'>> {
  if (nodePolicy === undefined) return {};
  const source = await readSource(console, nodePolicy);
  const { baseline } = soundHostPolicy(console, source, accountsOf(console));
  if (!baseline.some(({ name }) => name === 'forwarding'))
    throw stop(EXIT.unusable, NODE_PROBLEMS.noForwarding, source.name);
  return { nodes: nodeFirewall({ policy: source.text, image }) };
}
