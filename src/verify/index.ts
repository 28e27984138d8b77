export type { ClusterDifference, ClusterProof, ProvenClusterApproximation } from './cluster/proof.ts';
export { renderClusterProven, verifyCluster } from './cluster/verify.ts';
export { dockerFaults } from './docker.ts';
export { VERIFY_PROBLEMS } from './problems.ts';
export type { Difference, Proof, ProvenApproximation } from './proof.ts';
export { renderProven, verifyTarget } from './verify.ts';
