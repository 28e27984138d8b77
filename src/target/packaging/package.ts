import type { ClusterIntent } from '../../kubernetes/index.ts';
import type { ManifestFile } from '../cluster/manifest.ts';
import type { NodeFirewall } from './node-firewall.ts';

/** What a package is made of: manifests that have been proven, and what belongs beside them. */
export interface ClusterPackage {
  readonly intent: ClusterIntent;
  readonly target: string; // that wrote the manifests, as `portcullis render <name>` takes it
  readonly files: readonly ManifestFile[];
  /** The same as kinds that enforce nothing and report what they would do; absent where the product has none. */
  readonly staged?: readonly ManifestFile[];
  readonly nodes?: NodeFirewall;
  readonly image: string; // of Portcullis
}

/** Pods with this label are governed where a package is laid only over those. */
export const PILOT_LABEL = 'portcullis.dev/enforce';
