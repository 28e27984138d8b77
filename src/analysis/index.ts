export { type Answer, type Case, Oracle } from './answer.ts';
export * from './audit/index.ts';
export { type Coverage, coverage } from './coverage.ts';
export { type Difference, type DifferenceOptions, type DifferingPackets, difference, elsewhere } from './difference.ts';
export {
  addressKind,
  type Passage,
  type PatternContext,
  patternContext,
  questionPassages,
  testPassages,
} from './flow-patterns.ts';
export { formatFlow } from './flow-text.ts';
export { type IdleFlow, idleFlows } from './idle-flows.ts';
export { type Led, LedOn, type Route } from './led-on.ts';
export {
  type Accepted,
  acceptedPackets,
  type MatrixQuestion,
  type ServiceMatrix,
  serviceMatrix,
  TooManyEdges,
} from './matrix.ts';
export { byNames } from './name-atoms.ts';
export { type PathEntry, type Place, pathEntry, placeOf, ruleName, wholePath } from './path.ts';
export { endsText, peerText, serviceText } from './peer-text.ts';
export { provePolicyTests, type TestOutcome } from './policy-tests.ts';
export { type Replay, replay } from './probe-replay.ts';
export { type Judgement, judge, type Observed, type ProbeResult } from './probe-result.ts';
export { FAMILIES, METADATA, type ProbeStage, type StageInterface, type StageName, stageFor } from './probe-stage.ts';
export { decidingFlow, type Probe, type ProbePlan, type ProbeSubject, planProbes, probesFor } from './probes.ts';
export { type Connection, type Reachability, reachability, TooManyPairs } from './reach.ts';
export { RuleFindingText, spanOf } from './rule-finding-text.ts';
export { type RuleFinding, ruleFindings, type Witness, writtenRules } from './rule-findings.ts';
export { RULESET_PROBLEMS } from './rule-problems.ts';
export type { AllowedService } from './service-set.ts';
export { conditionsOf, unknownConditions } from './unknowns.ts';
