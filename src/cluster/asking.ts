import type { Cluster } from '../kubernetes/index.ts';
import { type AddressBlock, addressBlocks, addressCells } from './address-cells.ts';
import { type Bounds, both, EVERYTHING_PASSES, either, NOTHING_PASSES } from './bounds.ts';
import { type Direction, type End, seenOf } from './end.ts';
import { meetings } from './meeting.ts';
import { ClusterModel } from './model.ts';
import { Partitions } from './network-table.ts';
import { AddressView, type PeerView, PlaceView, PodView } from './peer-view.ts';
import type { Profile, ReachedPorts } from './profile.ts';
import { Profiles } from './profiles.ts';

/** A cluster with all that is computed of it once. */
export class Asking {
  readonly model: ClusterModel;
  readonly profiles: Profiles;
  readonly partitions: Partitions;
  readonly #blocks = new Map<Profile, readonly AddressBlock[]>();

  constructor(cluster: Cluster) {
    this.model = new ClusterModel(cluster);
    this.profiles = new Profiles(this.model);
    this.partitions = new Partitions(this.model);
  }

  blocksOf(profile: Profile): readonly AddressBlock[] {
    let blocks = this.#blocks.get(profile);
    if (blocks === undefined) {
      blocks = addressBlocks(profile);
      this.#blocks.set(profile, blocks);
    }
    return blocks;
  }

  between(from: End, to: End): Bounds {
    let result = NOTHING_PASSES;
    for (const { network, isFirstOfFrom, isFirstOfTo } of meetings(from, to)) {
      const egress = this.profile('egress', from, network, isFirstOfFrom);
      const ingress = this.profile('ingress', to, network, isFirstOfTo);
      result = either(result, both(this.#towards(egress, to, to), this.#towards(ingress, from, to)));
    }
    return result;
  }

  /** `undefined`: policies do not hold back what is no pod of the cluster. */
  profile(direction: Direction, subject: End, network: string, isFirst: boolean): Profile | undefined {
    if (subject.kind === 'workload') return this.profiles.of(direction, this.model.classOf(subject.workload), network);
    if (subject.kind !== 'new-workload') return undefined;
    return this.profiles.ofUnknown(direction, seenOf(subject, this.model.cluster.namespaces)!, network, isFirst);
  }

  #towards(profile: Profile | undefined, peer: End, reached: End): Bounds {
    if (profile === undefined) return EVERYTHING_PASSES;
    const ports = this.portsOf(reached);
    if (peer.kind !== 'addresses') return profile.towards(this.view(peer), ports);
    const { certainly, possibly } = addressCells(profile, peer.range)
      .map((cell) => profile.towards(new AddressView(cell), ports))
      .reduce(({ certainly, possibly }, next) => ({
        certainly: certainly.intersect(next.certainly),
        possibly: possibly.union(next.possibly),
      }));
    return { certainly, possibly };
  }

  portsOf(end: End): ReachedPorts {
    if (end.kind === 'workload') return this.model.classOf(end.workload).ports;
    return end.kind === 'new-workload' ? 'unknown' : [];
  }

  view(end: Exclude<End, { kind: 'addresses' }>): PeerView {
    switch (end.kind) {
      case 'workload':
        return this.model.classOf(end.workload).view;
      case 'new-workload':
      case 'ingress-controller': {
        const seen = seenOf(end, this.model.cluster.namespaces)!;
        return new PodView((selector) => this.model.selects(selector, seen), false);
      }
      case 'name':
        return new PlaceView(end.name);
      case 'node':
      case 'api-server':
        return new PlaceView(end.kind);
    }
  }
}

const asked = new WeakMap<Cluster, Asking>();

/** The model of a cluster is made when the first question comes, and kept with the cluster. */
export function asking(cluster: Cluster): Asking {
  let known = asked.get(cluster);
  if (known === undefined) {
    known = new Asking(cluster);
    asked.set(cluster, known);
  }
  return known;
}

/** All connections from one end to another that the policies let through: for certain, and perhaps where that depends on what is not known. */
export function connections(cluster: Cluster, from: End, to: End): Bounds {
  return asking(cluster).between(from, to);
}
