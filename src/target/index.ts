export { CLUSTER_TARGET_PROBLEMS } from './cluster/problems.ts';
export { CLUSTER_TARGET_NAMES, CLUSTER_TARGETS, type ClusterTargetName } from './cluster/registry.ts';
export type { ClusterApproximation, ClusterLowered, ClusterTarget, ClusterTargetOptions } from './cluster/target.ts';
export {
  DOCKER_RENDER_PROBLEMS,
  type DockerWritten,
  layOut,
  OVERRIDE_FILE as DOCKER_OVERRIDE_FILE,
  type Placement as DockerPlacement,
  writeDocker,
} from './docker/index.ts';
export { liftHost } from './host-rules.ts';
export type {
  IptablesStanding,
  OwnChains,
  Program as IptablesProgram,
  StagedStep,
  StagedSteps,
  SwitchedSteps,
  WatchedSteps,
} from './iptables/index.ts';
export {
  chainNames,
  followed,
  IPTABLES_PROBLEMS,
  iptablesPlain,
  iptablesStanding,
  isOwnIptables,
  liftOwn,
  misledHook,
  policyOfText,
  printOwn,
  stageIptables,
  standsApart,
  withoutOwn,
  withoutOwnChains,
} from './iptables/index.ts';
export type {
  AliveConnection,
  Change,
  Changeable,
  ChangeNote,
  Command,
  Expired,
  Includer,
  Moment,
  Program,
  Running,
  Settled,
  StagedTexts,
  Standing,
  Trial,
} from './nftables/index.ts';
export {
  asOf,
  clearTrial,
  DENIED_COUNTERS,
  effective,
  inTable,
  LOCKDOWN_TABLE,
  learntNames,
  NFTABLES_PROBLEMS,
  nameSet,
  originOfCounter,
  ownTable,
  readCommands,
  referenceProblems,
  stageChange,
  standing,
  TABLE_NAME,
  TRIAL_SET,
  withContainersOf,
  zoneOfContainerSet,
} from './nftables/index.ts';
export { type ClusterPackage, helmDefaults, helmFiles, kustomizeFiles, nodeFirewall } from './packaging/index.ts';
export { TARGET_NAMES, TARGETS, type TargetName, withTarget } from './registry.ts';
export type { Approximation, Artifact, Lifted, Lowered, Opaque, Parsed, Target } from './target.ts';
export { UFW_PROBLEMS } from './ufw/index.ts';
