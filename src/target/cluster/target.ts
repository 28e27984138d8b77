import type { Diagnostic } from '../../diagnostic/index.ts';
import type { ClusterIntent, ClusterPeer, PortMatch } from '../../kubernetes/index.ts';
import type { Span } from '../../source/index.ts';
import type { Artifact } from '../target.ts';
import type { ManifestFile } from './manifest.ts';

/**
 * An API of policies in a cluster that a policy can be written for. What is written is read back by `kubernetes/`, as anybody's manifests
 * are, and compared with the intent in `verify/`; no target may import `cluster/`, which says what policies mean.
 */
export interface ClusterTarget {
  readonly name: string; // as `portcullis render <name>` takes it
  readonly title: string; // as people know it
  readonly lower: (intent: ClusterIntent, options: ClusterTargetOptions) => ClusterLowered;
  readonly print: (files: readonly ManifestFile[]) => readonly Artifact[];
  /** What was written, as kinds that only report what they would do; absent where the product has none. */
  readonly staged?: (files: readonly ManifestFile[]) => readonly ManifestFile[];
  readonly hasClusterWide?: true; // it heeds the option `clusterWide`
}

export interface ClusterTargetOptions {
  readonly gatewayImage: string; // that gateways run from
  /** Calico Enterprise and Calico Cloud know names in rules (docs.tigera.io, DNS policy); the open source does not. */
  readonly calicoDomains: boolean;
  readonly calicoTier: string; // `default`, or one of our own
  readonly clusterWide: boolean; // kinds of the whole cluster, where the API has kinds of a namespace beside them
}

export interface ClusterLowered {
  readonly files: readonly ManifestFile[];
  readonly approximations: readonly ClusterApproximation[];
  readonly diagnostics: readonly Diagnostic[]; // an error means: do not print
}

/**
 * A difference between what the policy asks of the cluster and what this API can say, declared by the target itself: more or less is let
 * through than the policy lets, between these ends on these ports at most. `verify/` accepts no other.
 */
export interface ClusterApproximation {
  readonly effect: 'wider' | 'narrower';
  readonly from: readonly ClusterPeer[];
  readonly to: readonly ClusterPeer[];
  readonly ports: readonly PortMatch[] | 'any';
  readonly sentence: string; // for the user: no capital, no full stop
  readonly help?: string;
  readonly flow?: string; // absent: whatever the flow
  readonly span: Span | undefined;
}
