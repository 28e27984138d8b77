export { AUDIT_FILE_PROBLEMS } from './audit-file-problems.ts';
export { type FactsFile, factsJsonSchema, type LoadedFacts, loadFacts } from './facts-file.ts';
export {
  type FlowEnd,
  type FlowExpression,
  type ParsedFlow,
  parseFlowExpression,
  type Word,
} from './flow-expression.ts';
export { FLOW_PROBLEMS } from './flow-problems.ts';
export { isProxyUser } from './gateway-shape.ts';
export { policyJsonSchema } from './json-schema.ts';
export { LANGUAGE_VERSION } from './language.ts';
export {
  BUILT_IN_ZONES,
  type BuiltInZone,
  type LoadedPolicy,
  loadPolicy,
  loadPolicyText,
  type ReadFile,
  type ReadProblem,
} from './load.ts';
export type {
  AccountReference,
  BaselineSwitch,
  CatalogOverride,
  Claim,
  CredentialDeclaration,
  DockerRecognition,
  Elsewhere,
  Endpoint,
  FlowDeclaration,
  GatewayDeclaration,
  HostDeclaration,
  HostRecognition,
  InterfaceReference,
  Labels,
  Located,
  NameEnforcement,
  PolicyFile,
  RateLimit,
  ServiceDeclaration,
  ServiceReference,
  TestDeclaration,
  Transport,
  UpstreamReference,
  ZoneDeclaration,
  ZoneException,
} from './policy-file.ts';
export { POLICY_PROBLEMS } from './problems.ts';
export { Reporter } from './reporter.ts';
export { parseService } from './service-text.ts';
export {
  type LoadedSuppressions,
  loadSuppressions,
  type SuppressionEntry,
  suppressionsJsonSchema,
} from './suppressions.ts';
export { readYaml, readYamlDocuments, type YamlDocument } from './yaml.ts';
export type { YamlEntry, YamlMap, YamlNode } from './yaml-tree.ts';
