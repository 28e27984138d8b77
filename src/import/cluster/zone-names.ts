import { objectName } from '../../kubernetes/index.ts';
import { ANY_POD, type PodZone, zoneKey } from './draft-zone.ts';
import type { DraftEnd } from './grants.ts';

/** A zone with its name, as it is written. */
export interface NamedDraftZone {
  readonly name: string;
  readonly pods?: Omit<PodZone, 'except'>;
  readonly outside?: Extract<DraftEnd, { kind: 'outside' }>['peer'];
  readonly zones?: readonly string[];
  readonly except: readonly string[];
}

/** Labels that people call things by, the best first. */
const TELLING = [
  'app.kubernetes.io/name',
  'app',
  'k8s-app',
  'name',
  'component',
  'app.kubernetes.io/component',
  'tier',
  'role',
];
const BUILT_IN = ['host', 'loopback', 'private', 'internet', 'any'];

/** Gives zones names that a person would choose, each one once. */
export class ZoneNames {
  readonly #governed: readonly string[];
  readonly #zones = new Map<string, NamedDraftZone>(); // by what they are
  readonly #taken = new Set(BUILT_IN);

  constructor(governed: readonly string[]) {
    this.#governed = governed;
  }

  zones(): NamedDraftZone[] {
    return [...this.#zones.values()];
  }

  of(end: DraftEnd): string {
    switch (end.kind) {
      case 'pods':
        return this.#pods(end.zone);
      case 'everybody':
        return this.#known('everybody', 'elsewhere', () => ({
          zones: ['any'],
          except: this.#governed.map((namespace) => this.#pods({ ...ANY_POD, namespace })),
        }));
      case 'outside': {
        const { peer } = end;
        const key =
          peer.kind === 'addresses'
            ? peer.ranges.map(({ family, first, last }) => `${family} ${first} ${last}`).join()
            : peer.patterns.map(({ name, wildcard }) => `${wildcard ? '*.' : ''}${name}`).join();
        const [first] = peer.kind === 'names' ? peer.patterns : [];
        return this.#known(key, first === undefined ? 'outside' : first.name, () => ({ outside: peer, except: [] }));
      }
    }
  }

  /** Not given to anybody yet. */
  unique(wanted: string): string {
    const base = objectName(wanted);
    for (let count = 1; ; count++) {
      const name = count === 1 ? base : `${base}-${count}`;
      if (this.#taken.has(name)) continue;
      this.#taken.add(name);
      return name;
    }
  }

  #pods(zone: PodZone): string {
    return this.#known(`pods ${zoneKey(zone)}`, this.#callOf(zone), () => {
      const { except, ...pods } = zone;
      return { pods, except: except.map((each) => this.#pods(each)) };
    });
  }

  #known(key: string, wanted: string, make: () => Omit<NamedDraftZone, 'name'>): string {
    const known = this.#zones.get(key);
    if (known !== undefined) return known.name;
    const made = make(); // zones that it speaks of come first
    const name = this.unique(wanted);
    this.#zones.set(key, { name, ...made });
    return name;
  }

  #callOf({ namespace, namespaceLabels, labels, serviceAccount, except }: PodZone): string {
    const telling = TELLING.find((key) => labels.has(key)) ?? [...labels.keys()][0];
    const own = telling === undefined ? serviceAccount : labels.get(telling);
    const isHome = namespace !== undefined && this.#governed.length === 1 && this.#governed[0] === namespace;
    const where = isHome && own !== undefined ? undefined : (namespace ?? [...namespaceLabels.values()][0]);
    const parts = [...(where === undefined ? [] : [where]), ...(own === undefined ? [] : [own])];
    const name = parts.length === 0 ? 'pods' : parts.join('-');
    return except.length === 0 ? name : `other-${name}`;
  }
}
