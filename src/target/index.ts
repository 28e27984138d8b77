export type {
  AliveConnection,
  Change,
  Changeable,
  ChangeNote,
  Includer,
  OnTrial,
  Settled,
  StagedTexts,
  Standing,
} from './nftables/index.ts';
export {
  clearTrial,
  DENIED_COUNTERS,
  NFTABLES_PROBLEMS,
  nameSet,
  originOfCounter,
  stageChange,
  standing,
  TABLE_NAME,
  TRIAL_SET,
} from './nftables/index.ts';
export { TARGET_NAMES, TARGETS, type TargetName } from './registry.ts';
export type { Approximation, Artifact, Lifted, Lowered, Opaque, Parsed, Target } from './target.ts';
