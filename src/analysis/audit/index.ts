export { audit } from './audit.ts';
export { auditCluster } from './cluster.ts';
export { CONTROLS, type ControlId } from './controls.ts';
export { auditContainers } from './docker.ts';
export { dockerPortsOf } from './docker-published.ts';
export type { Finding, FindingKind, Fix } from './finding.ts';
export type {
  AttachedNetwork,
  DockerPort,
  HostFacts,
  IptablesBackend,
  ListeningService,
  OpenClawFacts,
  OpenClawListener,
  PersistentUnit,
} from './host-facts.ts';
export { FINDING_KINDS } from './kinds.ts';
export { RULE_CONTROLS, RULE_SEVERITIES } from './rules.ts';
export { compareSeverities, isAtLeast, SEVERITIES, type Severity } from './severity.ts';
export type { AuditSubject } from './subject.ts';
export { type Suppressed, type Suppression, suppress } from './suppress.ts';
export { withoutCounters } from './words.ts';
