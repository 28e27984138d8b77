export { CLUSTER_PROBLEMS } from './cluster-problems.ts';
export { containerZones } from './container-zones.ts';
export { type FlowContext, resolveFlow } from './flow.ts';
export { FLOW_RESOLVE_PROBLEMS } from './flow-problems.ts';
export { hostIntent } from './host-intent.ts';
export { LiveZones, type ZonePlace } from './live-zones.ts';
export { type ResolveContext, resolvePolicy } from './policy.ts';
export { RESOLVE_PROBLEMS } from './problems.ts';
export { EVERY_SERVICE } from './services.ts';
