import { type Bounds, NOTHING_PASSES } from './bounds.ts';
import type { ClusterModel, WorkloadClass } from './model.ts';
import type { Profile } from './profile.ts';

/**
 * How a profile treats each class of workloads: nearly all of them alike, some otherwise. Only those that a selector of its rules tells from the
 * many are looked at: a policy that names five pods costs five steps, however large the cluster is.
 *
 *     all classes   ────────────────────────────────────  `usual`
 *     exceptions       ^  ^^      ^                       sorted, each with bounds of its own
 */
export class Partition {
  readonly usual: Bounds;
  readonly exceptions: Int32Array; // classes, ascending
  readonly #bounds: readonly Bounds[]; // of each exception

  constructor(profile: Profile, model: ClusterModel) {
    const touched = touchedClasses(profile, model);
    const evaluate = ({ view, ports }: WorkloadClass): Bounds => profile.towards(view, ports);
    const usual = model.classes.find(({ number }) => !touched.has(number));
    this.usual = usual === undefined ? NOTHING_PASSES : evaluate(usual);
    const boundsOf = new Map<number, Bounds>();
    const kept: number[] = [];
    const bounds = new Map<number, Bounds>();
    for (const [number, state] of touched) {
      let own = boundsOf.get(state);
      if (own === undefined) {
        own = evaluate(model.classes[number]!);
        boundsOf.set(state, own);
      }
      if (own === this.usual) continue;
      kept.push(number);
      bounds.set(number, own);
    }
    this.exceptions = Int32Array.from(kept).sort();
    this.#bounds = Array.from(this.exceptions, (number) => bounds.get(number)!);
  }

  of(number: number): Bounds {
    let low = 0;
    let high = this.exceptions.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.exceptions[middle]! < number) low = middle + 1;
      else high = middle;
    }
    return this.exceptions[low] === number ? this.#bounds[low]! : this.usual;
  }

  /** Of the exception at this place. */
  at(place: number): Bounds {
    return this.#bounds[place]!;
  }
}

/**
 * The classes that something in the profile tells from the rest, each with a number: those with the same number are told apart by nothing. A
 * selector that matches more than half of all counts by those that it does not match.
 */
function touchedClasses(profile: Profile, model: ClusterModel): Map<number, number> {
  const selectors = new Set<number>();
  let [seesHosts, reachesMany] = [false, false];
  for (const { selectors: peers, everybody, nodes, apiServer, addresses, named } of profile.rules) {
    for (const selector of peers) selectors.add(selector);
    seesHosts ||= nodes !== 'none' || apiServer || !addresses.isEmpty();
    reachesMany ||= named.length > 0 && (everybody || peers.some((peer) => isMany(model, peer)));
  }
  const states = new Map<number, number>();
  let made = 0;
  const split = (classes: Iterable<number>): void => {
    const next = new Map<number, number>();
    for (const number of classes) {
      const before = states.get(number) ?? 0;
      let state = next.get(before);
      if (state === undefined) {
        state = ++made;
        next.set(before, state);
      }
      states.set(number, state);
    }
  };
  for (const selector of selectors) {
    const matched = model.matched[selector]!;
    split(isMany(model, selector) ? rest(matched, model.classes.length) : matched);
  }
  if (seesHosts) split(model.hosts);
  if (profile.reachesByName) {
    const reached = reachesMany ? model.withNamedPorts : [...states.keys()];
    for (const same of Map.groupBy(reached, (number) => model.classes[number]!.portsKey).values()) split(same);
  }
  return states;
}

function isMany(model: ClusterModel, selector: number): boolean {
  return model.matched[selector]!.length * 2 > model.classes.length;
}

function* rest(ascending: readonly number[], count: number): Generator<number> {
  let at = 0;
  for (let number = 0; number < count; number++) {
    if (ascending[at] === number) at++;
    else yield number;
  }
}
