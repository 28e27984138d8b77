import { type LabelMap, matches, type Selector, type WorkloadSelector } from '../kubernetes/index.ts';

/** Finds the bearers of labels that a selector matches, without looking at all of them where the selector names a label. */
class LabelIndex {
  readonly #bearers: readonly LabelMap[];
  readonly #all: readonly number[];
  readonly #byKey = new Map<string, { readonly all: number[]; readonly byValue: Map<string, number[]> }>();

  constructor(bearers: readonly LabelMap[]) {
    this.#bearers = bearers;
    this.#all = bearers.map((_, at) => at);
    for (const [at, labels] of bearers.entries()) {
      for (const [key, value] of labels) {
        let entry = this.#byKey.get(key);
        if (entry === undefined) {
          entry = { all: [], byValue: new Map() };
          this.#byKey.set(key, entry);
        }
        entry.all.push(at);
        const same = entry.byValue.get(value);
        if (same === undefined) entry.byValue.set(value, [at]);
        else same.push(at);
      }
    }
  }

  matching(selector: Selector): readonly number[] {
    if (selector.kind === 'everything') return this.#all;
    const candidates = this.candidates(selector);
    if (selector.kind === 'has' || (selector.kind === 'in' && selector.values.length === 1)) return candidates;
    return candidates.filter((at) => matches(selector, this.#bearers[at]!)).sort((a, b) => a - b);
  }

  matches(selector: Selector, at: number): boolean {
    return matches(selector, this.#bearers[at]!);
  }

  /** Some superset of those that match, each once; ascending but for `in` with several values. */
  candidates(selector: Selector): readonly number[] {
    switch (selector.kind) {
      case 'nothing':
        return [];
      case 'has':
      case 'like':
        return this.#byKey.get(selector.key)?.all ?? [];
      case 'in': {
        const byValue = this.#byKey.get(selector.key)?.byValue;
        return [...new Set(selector.values)].flatMap((value) => byValue?.get(value) ?? []);
      }
      case 'all':
        return selector.of
          .map((part) => this.candidates(part))
          .reduce((a, b) => (b.length < a.length ? b : a), this.#all);
      case 'everything':
      case 'any':
      case 'not':
        return this.#all;
    }
  }
}

export interface Bearer {
  readonly namespace: number; // its place in the list of namespaces
  readonly labels: LabelMap;
  readonly serviceAccountLabels: LabelMap;
}

/** Finds workloads by selectors. */
export class WorkloadIndex {
  readonly #namespaces: LabelIndex;
  readonly #pods: LabelIndex;
  readonly #bearers: readonly Bearer[];
  readonly #inNamespace: readonly (readonly number[])[];
  readonly #found = new Map<string, readonly number[]>(); // namespaces, by their selector

  constructor(namespaces: readonly LabelMap[], bearers: readonly Bearer[]) {
    this.#namespaces = new LabelIndex(namespaces);
    this.#pods = new LabelIndex(bearers.map(({ labels }) => labels));
    this.#bearers = bearers;
    const members = namespaces.map((): number[] => []);
    for (const [at, { namespace }] of bearers.entries()) members[namespace]!.push(at);
    this.#inNamespace = members;
  }

  /** Ascending. */
  find({ namespaces, pods, serviceAccounts }: WorkloadSelector): number[] {
    const places = this.#namespacesOf(namespaces);
    const candidates = this.#pods.candidates(pods);
    const members = places.reduce((sum, place) => sum + this.#inNamespace[place]!.length, 0);
    let found: number[];
    if (members <= candidates.length) {
      found = places.flatMap((place) => this.#inNamespace[place]!.filter((at) => this.#pods.matches(pods, at)));
    } else {
      const isPlace = new Set(places);
      found = candidates.filter((at) => isPlace.has(this.#bearers[at]!.namespace) && this.#pods.matches(pods, at));
    }
    if (serviceAccounts !== undefined) {
      found = found.filter((at) => matches(serviceAccounts, this.#bearers[at]!.serviceAccountLabels));
    }
    return found.sort((a, b) => a - b);
  }

  #namespacesOf(selector: Selector): readonly number[] {
    const key = JSON.stringify(selector);
    let found = this.#found.get(key);
    if (found === undefined) {
      found = this.#namespaces.matching(selector);
      this.#found.set(key, found);
    }
    return found;
  }
}
