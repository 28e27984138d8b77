import type { Workload } from '../../kubernetes/index.ts';
import type { ClusterView } from './cluster-view.ts';
import { type World, worldOf } from './cluster-world.ts';

/** Workloads of one namespace that the same policies hold back: they fare alike. */
export interface Alike {
  readonly namespace: string;
  readonly workloads: readonly Workload[];
  readonly first: Workload;
  readonly world: World;
}

/** Those whose egress some policy holds back; of the others it is said that none does. */
export function alikeOutbound(view: ClusterView): Alike[] {
  const numbers = new Map(view.policies.map(({ policy }, at) => [policy, at]));
  const held = view.judged().filter((workload) => view.isHeldBack(workload, 'egress'));
  const groups = Map.groupBy(held, (workload) =>
    JSON.stringify([
      workload.namespace,
      workload.networks,
      view.selecting(workload).map(({ policy }) => (policy.egress === undefined ? -1 : numbers.get(policy))),
    ]),
  );
  return [...groups.values()].map((workloads) => {
    const first = workloads[0]!;
    return { namespace: first.namespace, workloads, first, world: worldOf(view, first) };
  });
}

/** One workload by its id; several by the first of them and their number. */
export function subjectOf(namespace: string, workloads: readonly Workload[]): string {
  return workloads.length === 1 ? workloads[0]!.id : namespace;
}

const GATEWAY_PORT = 18_789; // OpenClaw, gateway.port

/** What runs an agent, as far as its name, its labels and its ports tell. */
export function isAgent({ id, labels, ports }: Workload): boolean {
  return (
    ports.some(({ port }) => port === GATEWAY_PORT) ||
    [id, ...labels.values()].some((text) => /openclaw|(?:^|[-/])agent(?:$|[-[])/.test(text))
  );
}
