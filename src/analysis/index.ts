export { type Coverage, coverage } from './coverage.ts';
export { type Judgement, judge, type Observed, type ProbeResult } from './probe-result.ts';
export { METADATA, type ProbeStage, type StageInterface, type StageName, stageFor } from './probe-stage.ts';
export { decidingFlow, type Probe, type ProbePlan, planProbes } from './probes.ts';
