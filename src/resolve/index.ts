export { type FlowContext, type ResolvedFlow, resolveFlow } from './flow.ts';
export { FLOW_RESOLVE_PROBLEMS } from './flow-problems.ts';
