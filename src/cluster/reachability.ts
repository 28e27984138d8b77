import type { Cluster, Workload } from '../kubernetes/index.ts';
import { type Asking, asking } from './asking.ts';
import { type Bounds, both, bounds, either, NOTHING_PASSES } from './bounds.ts';
import type { ConnectionSet } from './connection-set.ts';
import type { End } from './end.ts';
import { entrancePorts } from './entrances.ts';
import type { WorkloadClass } from './model.ts';
import { type Crowd, NetworkTable } from './network-table.ts';
import { outsideEnds } from './outside.ts';

export interface ReachOptions {
  /** Only connections that begin or end at one of these. */
  readonly focus?: readonly Workload[];
}

/** What is let through from one end to another. */
export interface ReachPair {
  readonly from: End;
  readonly to: End;
  readonly bounds: Bounds;
}

/** Workloads that fare alike, and whom they reach. Where two ends meet on several networks, they are in the rows of each. */
export interface ReachRow {
  readonly network: string;
  readonly from: readonly Workload[];
  /** All of a crowd, but for those that are listed; one object for each crowd, in every row. */
  readonly crowds: readonly { readonly crowd: Crowd; readonly bounds: Bounds }[];
  readonly listed: readonly { readonly to: readonly Workload[]; readonly bounds: Bounds }[];
}

/**
 * Who can reach whom in a cluster: between workloads, with what is outside, and from the controllers behind Ingress, Route and Gateway. It is kept
 * by classes of workloads that fare alike; pairs are made as they are asked for, since ten thousand workloads make a hundred million of them. A
 * workload with itself is no pair, nor are two ends outside.
 */
export class Reachability {
  readonly #asking: Asking;
  readonly #tables: readonly NetworkTable[];
  readonly #focus: ReadonlySet<Workload> | undefined;
  readonly #entrances: ReadonlyMap<Workload, ConnectionSet>;

  constructor(cluster: Cluster, { focus }: ReachOptions = {}) {
    this.#asking = asking(cluster);
    this.#focus = focus === undefined ? undefined : new Set(focus);
    this.#entrances = entrancePorts(cluster);
    const { model, profiles, partitions } = this.#asking;
    const networks = new Map<string, WorkloadClass[]>();
    for (const each of model.classes) {
      for (const network of new Set(each.networks)) {
        const members = networks.get(network);
        if (members === undefined) networks.set(network, [each]);
        else members.push(each);
      }
    }
    this.#tables = [...networks].map(([network, members]) => new NetworkTable(network, members, profiles, partitions));
  }

  /** Every workload, and the ingress controller where something leads in. */
  *endpoints(): Generator<End> {
    for (const workload of this.#asking.model.cluster.workloads) yield { kind: 'workload', workload };
    if (this.#asking.model.cluster.entrances.length > 0) yield { kind: 'ingress-controller' };
  }

  /** Those with anything to let through. */
  *pairs(): Generator<ReachPair> {
    yield* this.#workloadPairs();
    yield* this.outsidePairs();
    yield* this.#entrancePairs();
  }

  /** How many pairs of workloads have anything to let through, without making them. */
  countPairs(): number {
    const [table, more] = this.#tables;
    if (table !== undefined && more === undefined && this.#focus === undefined) return this.#countByRows(table);
    let count = 0;
    for (const _ of this.#workloadPairs()) count++;
    return count;
  }

  /** Of all workloads, whatever is in focus. */
  *rows(): Generator<ReachRow> {
    const { classes } = this.#asking.model;
    for (const table of this.#tables) {
      for (const from of table.members) {
        const { crowds, listed } = table.row(from);
        yield {
          network: table.network,
          from: from.workloads,
          crowds,
          listed: [...listed].map(([number, bounds]) => ({ to: classes[number]!.workloads, bounds })),
        };
      }
    }
  }

  #countByRows(table: NetworkTable): number {
    const { classes } = this.#asking.model;
    const crowdOf = new Map<number, Crowd>();
    let count = 0;
    for (const [index, from] of table.members.entries()) {
      const { crowds, listed } = table.row(from);
      if (index === 0)
        for (const crowd of table.crowds) for (const { number } of crowd.classes) crowdOf.set(number, crowd);
      const open = new Set(crowds.map(({ crowd }) => crowd));
      let reached = crowds.reduce((sum, { crowd }) => sum + crowd.size, 0);
      for (const [number, { possibly }] of listed) {
        const size = classes[number]!.workloads.length;
        reached += (possibly.isEmpty ? 0 : size) - (open.has(crowdOf.get(number)!) ? size : 0);
      }
      const own = listed.get(from.number) ?? crowds.find(({ crowd }) => crowd === crowdOf.get(from.number))?.bounds;
      const self = own === undefined || own.possibly.isEmpty ? 0 : 1;
      count += (reached - self) * from.workloads.length;
    }
    return count;
  }

  *#workloadPairs(): Generator<ReachPair> {
    if (this.#focus !== undefined) {
      yield* this.#focusedPairs(this.#focus);
      return;
    }
    for (const each of this.#asking.model.classes) {
      const reached = this.reachedFrom(each);
      for (const from of each.workloads) yield* pairsFrom(from, reached);
    }
  }

  *#focusedPairs(focus: ReadonlySet<Workload>): Generator<ReachPair> {
    const { classes } = this.#asking.model;
    const reached = new Map(
      classes
        .filter(({ workloads }) => workloads.some((own) => focus.has(own)))
        .map((own) => [own, this.reachedFrom(own)]),
    );
    for (const each of classes) {
      for (const from of each.workloads) {
        if (focus.has(from)) yield* pairsFrom(from, reached.get(each)!);
        else
          for (const to of focus)
            yield* this.#pair({ kind: 'workload', workload: from }, { kind: 'workload', workload: to });
      }
    }
  }

  *#pair(from: End, to: End): Generator<ReachPair> {
    const found = this.#asking.between(from, to);
    if (!found.possibly.isEmpty) yield { from, to, bounds: found };
  }

  /** All that a class reaches, on any of its networks. */
  reachedFrom(from: WorkloadClass): readonly (readonly [WorkloadClass, Bounds])[] {
    const [only, ...others] = this.#tables
      .filter(({ network }) => from.networks.includes(network))
      .map((table) => this.#reachedOn(table, from));
    if (only === undefined || others.length === 0) return only ?? [];
    const found = new Map(only);
    for (const [to, bounds] of others.flat()) {
      const known = found.get(to);
      found.set(to, known === undefined ? bounds : either(known, bounds));
    }
    return [...found];
  }

  #reachedOn(table: NetworkTable, from: WorkloadClass): (readonly [WorkloadClass, Bounds])[] {
    const { classes } = this.#asking.model;
    const { crowds, listed } = table.row(from);
    const found: (readonly [WorkloadClass, Bounds])[] = [];
    for (const { crowd, bounds } of crowds) {
      for (const to of crowd.classes) if (!listed.has(to.number)) found.push([to, bounds]);
    }
    for (const [number, bounds] of listed) if (bounds !== NOTHING_PASSES) found.push([classes[number]!, bounds]);
    return found;
  }

  /** Those of them with an end outside, but for what Ingress, Route and Gateway let in. */
  *outsidePairs(): Generator<ReachPair> {
    for (const each of this.#asking.model.classes) {
      const own = this.#focus === undefined ? each.workloads : each.workloads.filter((one) => this.#focus!.has(one));
      if (own.length === 0) continue;
      const ways = (['egress', 'ingress'] as const).map(
        (direction) => [direction, outsideEnds(this.#asking, direction, each)] as const,
      );
      for (const workload of own) {
        const end: End = { kind: 'workload', workload };
        for (const [direction, outside] of ways) {
          for (const { end: other, bounds } of outside) {
            yield direction === 'egress' ? { from: end, to: other, bounds } : { from: other, to: end, bounds };
          }
        }
      }
    }
  }

  *#entrancePairs(): Generator<ReachPair> {
    for (const [workload, passes] of this.entrances()) {
      if (this.#focus?.has(workload) === false) continue;
      yield { from: { kind: 'ingress-controller' }, to: { kind: 'workload', workload }, bounds: passes };
    }
  }

  /** What Ingress, Route and Gateway lead to and policies let in. */
  *entrances(): Generator<readonly [Workload, Bounds]> {
    for (const [workload, ports] of this.#entrances) {
      const policies = this.#asking.between({ kind: 'ingress-controller' }, { kind: 'workload', workload });
      const passes = both(policies, bounds(ports, ports));
      if (!passes.possibly.isEmpty) yield [workload, passes];
    }
  }
}

function* pairsFrom(from: Workload, reached: readonly (readonly [WorkloadClass, Bounds])[]): Generator<ReachPair> {
  const start: End = { kind: 'workload', workload: from };
  for (const [{ ends }, bounds] of reached) {
    for (const end of ends) if (end.workload !== from) yield { from: start, to: end, bounds };
  }
}

/** Who can reach whom in the cluster. */
export function reachability(cluster: Cluster, options: ReachOptions = {}): Reachability {
  return new Reachability(cluster, options);
}
