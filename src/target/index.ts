export { IPTABLES_PROBLEMS } from './iptables/index.ts';
export type { Includer } from './nftables/index.ts';
export { NFTABLES_PROBLEMS, nameSet, originOfCounter, TABLE_NAME } from './nftables/index.ts';
export { TARGET_NAMES, TARGETS, type TargetName } from './registry.ts';
export type { Approximation, Artifact, Lifted, Lowered, Opaque, Parsed, Target } from './target.ts';
