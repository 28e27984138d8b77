import {
  type Artifact,
  type ClusterPackage,
  type ClusterTargetName,
  helmDefaults,
  helmFiles,
  kustomizeFiles,
  nodeFirewall,
} from '../../target/index.ts';
import { type ClusterProof, verifyCluster } from '../../verify/index.ts';
import { type Console, EXIT } from '../console.ts';
import { readSource } from '../files.ts';
import { NODE_PROBLEMS } from '../node/problems.ts';
import { soundHostPolicy } from '../policy-input.ts';
import { Stop, stop } from '../report.ts';
import { type ClusterRenderOptions, provenForCluster } from './render.ts';

/** Named as targets are, although each is what another target wrote, packed for a tool. */
export const PACKAGES = ['kustomize', 'helm'] as const;
/** The APIs of network plugins: what stands beside them (guard rails, a mesh) is rendered by itself. */
export const PACKED = ['kubernetes', 'calico', 'cilium'] as const satisfies readonly ClusterTargetName[];
export type PackageName = (typeof PACKAGES)[number];

export interface PackageOptions extends ClusterRenderOptions {
  readonly with?: (typeof PACKED)[number];
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
  const { intent, target, files, proof } = await provenForCluster(console, options.with ?? 'kubernetes', path, options);
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
  // No account of this machine is one of a node's, and no other file gets there.
  const { baseline } = soundHostPolicy(console, source, new Map([['root', 0]]), () => ({
    reason: 'a node gets one file alone: put it in here',
  }));
  if (!baseline.some(({ name }) => name === 'forwarding'))
    throw stop(EXIT.unusable, NODE_PROBLEMS.noForwarding, source.name);
  return { nodes: nodeFirewall({ policy: source.text, image }) };
}
