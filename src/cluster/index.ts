export { connections } from './asking.ts';
export type { Bounds } from './bounds.ts';
export { type AllowedPorts, type Connection, ConnectionSet } from './connection-set.ts';
export { type ClusterChange, type ClusterDifference, clusterDifference, questionIn } from './difference.ts';
export { type Direction, type End, formatEnd, type NewWorkload } from './end.ts';
export { type ClusterQuestion, type Evaluation, evaluate, type Step } from './evaluate.ts';
export { type Exposure, exposure } from './exposure.ts';
export type { Crowd } from './network-table.ts';
export { type Reachability, type ReachOptions, type ReachPair, type ReachRow, reachability } from './reachability.ts';
