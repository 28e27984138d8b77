import type { Cluster, Workload, WorkloadSelector } from '../kubernetes/index.ts';
import { type Asking, asking } from './asking.ts';
import { type Bounds, bounds } from './bounds.ts';
import type { CompiledRule } from './compiled-rule.ts';
import type { Direction } from './end.ts';
import type { Level, PeerView } from './peer-view.ts';
import type { Profile } from './profile.ts';

/** What pods that do not exist yet could do with a workload, as far as its own policies say. */
export interface Exposure {
  readonly workload: Workload;
  readonly direction: Direction; // `ingress`: they could reach it; `egress`: it could reach them
  /**
   * Any pod: for certain whatever labels it and its namespace will have, perhaps where no selector of a rule matches it. Or pods that this selector
   * matches, as it matches none of the known ones.
   */
  readonly peers: 'whole-cluster' | WorkloadSelector;
  readonly bounds: Bounds;
  /** Ports that are only named, of pods whose ports nobody knows: as far as `bounds` goes, they may be any. */
  readonly portNames: readonly string[];
}

/**
 * For each workload and direction what the whole cluster gets, then those selectors of its rules that match nobody yet and would get more. It is about
 * the primary network.
 */
export function* exposure(cluster: Cluster): Generator<Exposure> {
  const known = asking(cluster);
  const found = new Map<Profile, readonly Omit<Exposure, 'workload' | 'direction'>[]>();
  for (const each of known.model.classes) {
    for (const direction of ['ingress', 'egress'] as const) {
      const profile = known.profiles.of(direction, each, each.networks[0]!);
      let parts = found.get(profile);
      if (parts === undefined) {
        parts = partsOf(known, profile);
        found.set(profile, parts);
      }
      for (const workload of each.workloads) for (const part of parts) yield { workload, direction, ...part };
    }
  }
}

function partsOf({ model }: Asking, profile: Profile): Omit<Exposure, 'workload' | 'direction'>[] {
  const asked = [...new Set(profile.rules.flatMap(({ selectors }) => selectors))];
  const trivial = new Set(asked.filter((selector) => isEverything(model.selector(selector))));
  const whatever = profile.towards(new UnknownView(trivial, 1), 'unknown').certainly;
  const plain = profile.towards(new UnknownView(trivial, 0), 'unknown');
  const whole = bounds(whatever, whatever.union(plain.possibly));
  const parts: Omit<Exposure, 'workload' | 'direction'>[] = [];
  if (!whole.possibly.isEmpty) {
    parts.push({ peers: 'whole-cluster', bounds: whole, portNames: portNames(profile, new UnknownView(trivial, 0)) });
  }
  for (const selector of asked) {
    if (trivial.has(selector) || model.matched[selector]!.length > 0) continue;
    const view = new UnknownView(new Set([...trivial, selector]), 0);
    const own = profile.towards(view, 'unknown');
    if (whole.certainly.includes(own.certainly) && whole.possibly.includes(own.possibly)) continue;
    parts.push({ peers: model.selector(selector), bounds: own, portNames: portNames(profile, view) });
  }
  return parts;
}

function isEverything({ namespaces, pods, serviceAccounts }: WorkloadSelector): boolean {
  return namespaces.kind === 'everything' && pods.kind === 'everything' && serviceAccounts === undefined;
}

function portNames(profile: Profile, view: PeerView): string[] {
  if (!profile.reachesByName) return [];
  const rules = profile.rules.filter((rule) => rule.action === 'allow' && view.level(rule) > 0);
  return [...new Set(rules.flatMap(({ named }) => named.map(({ name }) => name)))];
}

/** Pods of which is known that these selectors match them; of all others `rest`. */
class UnknownView implements PeerView {
  readonly #matched: ReadonlySet<number>;
  readonly #rest: 0 | 1;

  constructor(matched: ReadonlySet<number>, rest: 0 | 1) {
    this.#matched = matched;
    this.#rest = rest;
  }

  level(rule: CompiledRule): Level {
    if (rule.everybody || rule.selectors.some((selector) => this.#matched.has(selector))) return 2;
    return rule.selectors.length > 0 ? this.#rest : 0;
  }
}
