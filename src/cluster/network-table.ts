import { type Bounds, both, NOTHING_PASSES } from './bounds.ts';
import type { ClusterModel, WorkloadClass } from './model.ts';
import { Partition } from './partition.ts';
import type { Profile } from './profile.ts';
import type { Profiles } from './profiles.ts';

/** Classes that who is reached treats usually alike: to be written and counted as one. */
export interface Crowd {
  readonly classes: readonly WorkloadClass[];
  readonly size: number; // workloads
}

/** Whom one class reaches on a network: of each crowd all, but for those that are listed. */
export interface Row {
  readonly crowds: readonly { readonly crowd: Crowd; readonly bounds: Bounds }[];
  readonly listed: ReadonlyMap<number, Bounds>; // by class, also those that nothing reaches
}

/** The partitions of profiles, each made once. */
export class Partitions {
  readonly #model: ClusterModel;
  readonly #known = new Map<Profile, Partition>();

  constructor(model: ClusterModel) {
    this.#model = model;
  }

  of(profile: Profile): Partition {
    let partition = this.#known.get(profile);
    if (partition === undefined) {
      partition = new Partition(profile, this.#model);
      this.#known.set(profile, partition);
    }
    return partition;
  }
}

/**
 * Who reaches whom on one network, made so that a row costs what its exceptions cost. Those that are reached are in crowds by what they usually let
 * in (most often: everything, or nothing); where the ingress of somebody treats a class as an exception, that is noted with the class.
 */
export class NetworkTable {
  readonly network: string;
  readonly members: readonly WorkloadClass[];
  readonly crowds: readonly (Crowd & { readonly usual: Bounds })[];
  readonly #profiles: Profiles;
  readonly #partitions: Partitions;
  readonly #reachedBy = new Map<Profile, WorkloadClass[]>(); // by the ingress profile that they share
  readonly #mentions = new Map<number, Profile[]>(); // ingress profiles that treat a class as an exception
  readonly #isMember: ReadonlySet<number>;

  constructor(network: string, members: readonly WorkloadClass[], profiles: Profiles, partitions: Partitions) {
    this.network = network;
    this.members = members;
    this.#profiles = profiles;
    this.#partitions = partitions;
    this.#isMember = new Set(members.map(({ number }) => number));
    for (const each of members) {
      const profile = profiles.of('ingress', each, network);
      const same = this.#reachedBy.get(profile);
      if (same === undefined) this.#reachedBy.set(profile, [each]);
      else same.push(each);
    }
    for (const profile of this.#reachedBy.keys()) {
      for (const number of partitions.of(profile).exceptions) {
        const mentioned = this.#mentions.get(number);
        if (mentioned === undefined) this.#mentions.set(number, [profile]);
        else mentioned.push(profile);
      }
    }
    const alike = Map.groupBy(this.#reachedBy, ([profile]) => partitions.of(profile).usual);
    this.crowds = [...alike].map(([usual, entries]) => {
      const classes = entries.flatMap(([, reached]) => reached);
      return { usual, classes, size: classes.reduce((sum, { workloads }) => sum + workloads.length, 0) };
    });
  }

  row(from: WorkloadClass): Row {
    const egress = this.#partitions.of(this.#profiles.of('egress', from, this.network));
    const listed = new Map<number, Bounds>();
    for (const profile of this.#mentions.get(from.number) ?? []) {
      const ingress = this.#partitions.of(profile).of(from.number);
      for (const { number } of this.#reachedBy.get(profile)!) listed.set(number, both(ingress, egress.of(number)));
    }
    for (const [place, number] of egress.exceptions.entries()) {
      if (listed.has(number) || !this.#isMember.has(number)) continue;
      listed.set(number, both(egress.at(place), this.#ingressOf(number).of(from.number)));
    }
    const crowds = this.crowds
      .map((crowd) => ({ crowd, bounds: both(crowd.usual, egress.usual) }))
      .filter(({ bounds }) => bounds !== NOTHING_PASSES);
    return { crowds, listed };
  }

  #ingressOf(number: number): Partition {
    const { classes } = this.#profiles.model;
    return this.#partitions.of(this.#profiles.of('ingress', classes[number]!, this.network));
  }
}
