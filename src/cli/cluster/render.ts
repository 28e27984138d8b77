import type { ClusterIntent } from '../../kubernetes/index.ts';
import {
  type Artifact,
  CLUSTER_TARGET_NAMES,
  CLUSTER_TARGETS,
  type ClusterLowered,
  type ClusterTarget,
  type ClusterTargetName,
  type ClusterTargetOptions,
} from '../../target/index.ts';
import { type ClusterProof, renderClusterProven } from '../../verify/index.ts';
import { type Console, EXIT } from '../console.ts';
import { longWork } from '../long-work.ts';
import { CLI_PROBLEMS } from '../problems.ts';
import { Stop, stop } from '../report.ts';
import { type ClusterPolicyOptions, soundClusterIntent } from './cluster-policy.ts';
import { gatewayFaults } from './gateway-policy.ts';

export interface ClusterRenderOptions extends ClusterPolicyOptions {
  readonly image: string;
  readonly staged?: boolean;
  readonly clusterWide?: boolean;
  readonly calicoTier: string;
  readonly calicoDomains?: boolean;
}

/** What was written for one API, with the proof that it means what the policy says. */
export interface ProvenForCluster {
  readonly intent: ClusterIntent;
  readonly target: ClusterTarget;
  readonly files: ClusterLowered['files'];
  readonly artifacts: readonly Artifact[]; // the same, printed
  readonly proof: ClusterProof;
}

/** Manifests of one API, proven: nothing is printed otherwise. @throws Stop */
export async function renderForCluster(
  console: Console,
  name: ClusterTargetName,
  path: string | undefined,
  options: ClusterRenderOptions,
): Promise<{ readonly artifacts: readonly Artifact[]; readonly proof: ClusterProof }> {
  const { title, staged }: ClusterTarget = CLUSTER_TARGETS[name];
  if (options.staged === true && staged === undefined) {
    const help = 'leave it out, or render for `calico`';
    throw stop(EXIT.unusable, CLI_PROBLEMS.usage, `${title} has no staged policies`, help);
  }
  const { target, files, artifacts, proof } = await provenForCluster(console, name, path, options);
  if (options.staged !== true || staged === undefined) return { artifacts, proof };
  return { artifacts: target.print(staged(files)), proof };
}

/** The option is refused where it would change nothing: whoever gives it counts on it. @throws Stop */
export function refuseClusterWide(name: string): void {
  const knowing = CLUSTER_TARGET_NAMES.filter((each) => {
    const { hasClusterWide }: ClusterTarget = CLUSTER_TARGETS[each];
    return hasClusterWide === true;
  });
  if (knowing.some((each) => each === name)) return;
  const those = knowing.map((each) => `\`render ${each}\``).join(' and ');
  const isWide = name === 'admin-network-policy' || name === 'cluster-network-policy';
  const help = isWide ? `leave it out: what \`${name}\` has is cluster-wide anyway` : 'leave it out';
  throw stop(EXIT.unusable, CLI_PROBLEMS.usage, `\`--cluster-wide\` is for ${those} alone`, help);
}

/** @throws Stop where it is not proven */
export async function provenForCluster(
  console: Console,
  name: ClusterTargetName,
  path: string | undefined,
  options: ClusterRenderOptions,
): Promise<ProvenForCluster> {
  const target: ClusterTarget = CLUSTER_TARGETS[name];
  const intent = await soundClusterIntent(console, path, options);
  const how: ClusterTargetOptions = {
    gatewayImage: options.image,
    calicoDomains: options.calicoDomains === true,
    calicoTier: options.calicoTier,
    clusterWide: options.clusterWide === true,
  };
  const { artifacts, proof } = longWork(console, 'proving', () => renderClusterProven(target, intent, how));
  if (artifacts === undefined) {
    const isFault = proof.unexplained.length > 0 || proof.diagnostics.some(({ code }) => code === 'V0102');
    throw new Stop(isFault ? EXIT.machine : EXIT.unusable, proof.diagnostics);
  }
  const faults = gatewayFaults(console, intent, artifacts);
  if (faults.length > 0) throw new Stop(EXIT.machine, faults);
  return { intent, target, files: target.lower(intent, how).files, artifacts, proof };
}
