export { helmDefaults, helmFiles } from './helm.ts';
export { kustomizeFiles } from './kustomize.ts';
export { nodeFirewall } from './node-firewall.ts';
export type { ClusterPackage } from './package.ts';
