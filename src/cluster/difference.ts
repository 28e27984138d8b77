import type { Cluster, ClusterOpaque, Workload } from '../kubernetes/index.ts';
import { type AddressRange, parseAddress } from '../net/index.ts';
import { AddressSet } from '../packetset/index.ts';
import { type Asking, asking } from './asking.ts';
import { type Bounds, NOTHING_PASSES } from './bounds.ts';
import { ConnectionSet } from './connection-set.ts';
import type { Direction, End } from './end.ts';
import type { ClusterQuestion } from './evaluate.ts';
import type { WorkloadClass } from './model.ts';
import { atPlace, outsideProfile, placesOf } from './outside.ts';
import type { Profile } from './profile.ts';
import { type Reachability, reachability } from './reachability.ts';

/** Connections between two ends that one of the clusters lets through and the other does not. */
export interface ClusterChange {
  readonly from: End;
  readonly to: End;
  readonly allowed: ConnectionSet; // never empty
  /** One of them, to be asked of both clusters (`questionIn`). */
  readonly witness: ClusterQuestion;
  /** The id of an end that exists in one of the clusters only. */
  readonly workload?: string;
}

/** What of both is not understood: the answer may be wrong in these places. */
export interface OpaqueParts {
  readonly a: readonly ClusterOpaque[];
  readonly b: readonly ClusterOpaque[];
}

interface Joint {
  readonly a: WorkloadClass | undefined;
  readonly b: WorkloadClass | undefined;
  /** Alike in each of the clusters; of `b` where they are there. */
  readonly workloads: readonly Workload[];
}

type Way = 'wider' | 'narrower';

/**
 * What `b` lets through that `a` does not (`wider`), and the reverse. Workloads are the same by their ids. A connection that only may have been let
 * through and now certainly is, is wider, too. Changes are made as they are asked for: two large clusters can differ in millions of pairs.
 */
export class ClusterDifference {
  readonly opaque: OpaqueParts;
  readonly #sides: { readonly a: Side; readonly b: Side };
  readonly #joints: readonly Joint[];

  constructor(a: Cluster, b: Cluster) {
    this.opaque = { a: a.opaque, b: b.opaque };
    this.#sides = { a: new Side(a), b: new Side(b) };
    this.#joints = joined(this.#sides.a, this.#sides.b);
  }

  get equal(): boolean {
    return this.wider().next().done === true && this.narrower().next().done === true;
  }

  wider(): Generator<ClusterChange> {
    return this.#changes('wider');
  }

  narrower(): Generator<ClusterChange> {
    return this.#changes('narrower');
  }

  *#changes(way: Way): Generator<ClusterChange> {
    yield* this.#betweenWorkloads(way);
    for (const joint of this.#joints) {
      yield* this.#outside(way, 'egress', joint);
      yield* this.#outside(way, 'ingress', joint);
    }
    yield* this.#entrances(way);
  }

  *#betweenWorkloads(way: Way): Generator<ClusterChange> {
    const byA = Map.groupBy(this.#joints, ({ a }) => a);
    const byB = Map.groupBy(this.#joints, ({ b }) => b);
    for (const from of this.#joints) {
      const [before, after] = [this.#sides.a.reached(from.a), this.#sides.b.reached(from.b)];
      const changed = (to: Joint): ConnectionSet =>
        change(way, (to.a && before.get(to.a)) ?? NOTHING_PASSES, (to.b && after.get(to.b)) ?? NOTHING_PASSES);
      // Wider can only be what is let through afterwards, narrower what was before.
      const candidates =
        way === 'wider'
          ? [...after.keys()].flatMap((own) => byB.get(own) ?? [])
          : [...before.keys()].flatMap((own) => byA.get(own) ?? []);
      for (const to of candidates) {
        const allowed = changed(to);
        if (!allowed.isEmpty) yield* expanded(from, to, allowed);
      }
    }
  }

  *#outside(way: Way, direction: Direction, joint: Joint): Generator<ClusterChange> {
    const before = this.#sides.a.outside(direction, joint.a);
    const after = this.#sides.b.outside(direction, joint.b);
    if (before === undefined && after === undefined) return;
    const changes = new Map<ConnectionSet, AddressRange[]>();
    let common = ConnectionSet.all;
    for (const { addresses, was, is } of overlay(this.#sides, before, after)) {
      const allowed = change(way, was, is);
      common = common.intersect(allowed);
      if (!allowed.isEmpty) changes.set(allowed, [...(changes.get(allowed) ?? []), ...addresses.ranges()]);
    }
    const profiles = [before, after].filter((profile) => profile !== undefined);
    for (const [allowed, ranges] of changes) {
      for (const range of AddressSet.of(ranges).ranges()) {
        yield* withOutside(direction, joint, { kind: 'addresses', range }, allowed);
      }
    }
    for (const place of placesOf(profiles)) {
      const at = (profile: Profile | undefined): Bounds =>
        profile === undefined ? NOTHING_PASSES : atPlace(profile, place);
      const allowed = change(way, at(before), at(after)).subtract(common);
      if (!allowed.isEmpty) yield* withOutside(direction, joint, place, allowed);
    }
  }

  *#entrances(way: Way): Generator<ClusterChange> {
    const from: End = { kind: 'ingress-controller' };
    const [before, after] = [this.#sides.a.entrances(), this.#sides.b.entrances()];
    for (const id of new Set([...before.keys(), ...after.keys()])) {
      const [was, is] = [before.get(id), after.get(id)];
      const allowed = change(way, was?.bounds ?? NOTHING_PASSES, is?.bounds ?? NOTHING_PASSES);
      if (allowed.isEmpty) continue;
      const to: End = { kind: 'workload', workload: (is ?? was)!.workload };
      const isAlone = !this.#sides.a.classes.has(id) || !this.#sides.b.classes.has(id);
      yield { from, to, allowed, witness: witness(from, to, allowed), ...(isAlone ? { workload: id } : {}) };
    }
  }
}

export function clusterDifference(a: Cluster, b: Cluster): ClusterDifference {
  return new ClusterDifference(a, b);
}

/** One of the clusters. */
class Side {
  readonly asking: Asking;
  readonly classes: ReadonlyMap<string, WorkloadClass>; // by the id of a workload
  readonly #reach: Reachability;

  constructor(cluster: Cluster) {
    this.asking = asking(cluster);
    this.#reach = reachability(cluster);
    this.classes = new Map(
      this.asking.model.classes.flatMap((each) => each.workloads.map(({ id }) => [id, each] as const)),
    );
  }

  reached(from: WorkloadClass | undefined): ReadonlyMap<WorkloadClass, Bounds> {
    return new Map(from === undefined ? [] : this.#reach.reachedFrom(from));
  }

  outside(direction: Direction, of: WorkloadClass | undefined): Profile | undefined {
    return of === undefined ? undefined : outsideProfile(this.asking, direction, of);
  }

  entrances(): Map<string, { readonly workload: Workload; readonly bounds: Bounds }> {
    return new Map(Array.from(this.#reach.entrances(), ([workload, bounds]) => [workload.id, { workload, bounds }]));
  }
}

/** Workloads that are alike in both clusters. */
function joined(a: Side, b: Side): Joint[] {
  const joints = new Map<
    string,
    { a: WorkloadClass | undefined; b: WorkloadClass | undefined; workloads: Workload[] }
  >();
  const place = (workload: Workload): void => {
    const [inA, inB] = [a.classes.get(workload.id), b.classes.get(workload.id)];
    const key = `${inA?.number ?? '-'} ${inB?.number ?? '-'}`;
    const known = joints.get(key);
    if (known === undefined) joints.set(key, { a: inA, b: inB, workloads: [workload] });
    else known.workloads.push(workload);
  };
  for (const workload of b.asking.model.cluster.workloads) place(workload);
  for (const workload of a.asking.model.cluster.workloads) if (!b.classes.has(workload.id)) place(workload);
  return [...joints.values()];
}

function change(way: Way, was: Bounds, is: Bounds): ConnectionSet {
  if (was === is) return ConnectionSet.none;
  const [less, more] = way === 'wider' ? [was, is] : [is, was];
  return more.possibly.subtract(less.possibly).union(more.certainly.subtract(less.certainly));
}

/** The address space in pieces that neither side tells apart. */
function* overlay(
  { a, b }: { readonly a: Side; readonly b: Side },
  before: Profile | undefined,
  after: Profile | undefined,
): Generator<{ readonly addresses: AddressSet; readonly was: Bounds; readonly is: Bounds }> {
  const blocksA = before === undefined ? undefined : a.asking.blocksOf(before);
  const blocksB = after === undefined ? undefined : b.asking.blocksOf(after);
  if (blocksA === undefined || blocksB === undefined) {
    for (const { addresses, bounds } of blocksA ?? []) yield { addresses, was: bounds, is: NOTHING_PASSES };
    for (const { addresses, bounds } of blocksB ?? []) yield { addresses, was: NOTHING_PASSES, is: bounds };
    return;
  }
  for (const was of blocksA) {
    for (const is of blocksB) {
      const addresses = was.addresses.intersect(is.addresses);
      if (!addresses.isEmpty()) yield { addresses, was: was.bounds, is: is.bounds };
    }
  }
}

function* expanded(from: Joint, to: Joint, allowed: ConnectionSet): Generator<ClusterChange> {
  for (const one of from.workloads) {
    for (const other of to.workloads) {
      if (one.id === other.id) continue;
      const [start, end]: [End, End] = [
        { kind: 'workload', workload: one },
        { kind: 'workload', workload: other },
      ];
      const alone = isAlone(from) ? one.id : isAlone(to) ? other.id : undefined;
      yield changeOf(start, end, allowed, alone);
    }
  }
}

function* withOutside(
  direction: Direction,
  joint: Joint,
  outside: End,
  allowed: ConnectionSet,
): Generator<ClusterChange> {
  for (const workload of joint.workloads) {
    const own: End = { kind: 'workload', workload };
    const alone = isAlone(joint) ? workload.id : undefined;
    yield direction === 'egress' ? changeOf(own, outside, allowed, alone) : changeOf(outside, own, allowed, alone);
  }
}

function isAlone({ a, b }: Joint): boolean {
  return a === undefined || b === undefined;
}

function changeOf(from: End, to: End, allowed: ConnectionSet, alone: string | undefined): ClusterChange {
  const change = { from, to, allowed, witness: witness(from, to, allowed) };
  return alone === undefined ? change : { ...change, workload: alone };
}

function witness(from: End, to: End, allowed: ConnectionSet): ClusterQuestion {
  return { from: single(from), to: single(to), connection: allowed.sample()! };
}

/** Of addresses one: an address of documentation where it is among them (RFC 5737, RFC 3849), else the first. */
function single(end: End): End {
  if (end.kind !== 'addresses') return end;
  const { family, first, last } = end.range;
  const familiar = parseAddress(family === 4 ? '203.0.113.9' : '2001:db8::9')!.value;
  const value = first <= familiar && familiar <= last ? familiar : first;
  return { kind: 'addresses', range: { family, first: value, last: value } };
}

/** The same question to another cluster, about the workloads that have the same ids there; `undefined` where one is missing. */
export function questionIn(
  { workloads }: Cluster,
  { from, to, connection }: ClusterQuestion,
): ClusterQuestion | undefined {
  const there = (end: End): End | undefined => {
    if (end.kind !== 'workload') return end;
    const workload = workloads.find(({ id }) => id === end.workload.id);
    return workload === undefined ? undefined : { kind: 'workload', workload };
  };
  const [start, end] = [there(from), there(to)];
  return start === undefined || end === undefined ? undefined : { from: start, to: end, connection };
}
