export { type ImportedClusterPolicy, importCluster } from './cluster/import-cluster.ts';
export { type Imported, type ImportedFlow, type ImportInput, importPolicy, type LeftOut } from './import-policy.ts';
export { ImportTooLarge } from './import-too-large.ts';
export { realPackets } from './scope.ts';
