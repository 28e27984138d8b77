import { ConnectionSet, type End, unnamedPorts } from '../../cluster/index.ts';
import type { ClusterIntent, ClusterPeer, PortMatch } from '../../kubernetes/index.ts';
import { type Representative, type Sight, sees } from './ends.ts';

/** What may be open between two ends: at least, and at most where names and places are at addresses that nobody knows. */
export interface Wanted {
  readonly least: ConnectionSet;
  readonly most: ConnectionSet;
}

export function connectionSet(ports: readonly PortMatch[] | 'any'): ConnectionSet {
  if (ports === 'any') return ConnectionSet.all;
  if (ports.some(({ kind }) => kind === 'named')) throw new RangeError('a policy has no named ports');
  return unnamedPorts(ports);
}

/** What the grants say of two ends of which one at least is governed. */
export class WantedConnections {
  readonly #grants: readonly { readonly from: Peers; readonly to: Peers; readonly ports: ConnectionSet }[];

  constructor({ grants }: ClusterIntent) {
    this.#grants = grants.map(({ from, to, ports }) => ({
      from: new Peers(from.map(({ peer }) => peer)),
      to: new Peers(to.map(({ peer }) => peer)),
      ports: connectionSet(ports),
    }));
  }

  between(from: Representative, to: Representative): Wanted {
    let least = ConnectionSet.none;
    let most = ConnectionSet.none;
    for (const grant of this.#grants) {
      const sights = [grant.from.sight(from.end), grant.to.sight(to.end)];
      if (sights.includes('no')) continue;
      most = most.union(grant.ports);
      if (!sights.includes('maybe')) least = least.union(grant.ports);
    }
    return { least, most };
  }
}

/** Peers, any of which may see an end; what each has seen is remembered. */
export class Peers {
  readonly #peers: readonly ClusterPeer[];
  readonly #known = new Map<End, Sight>();

  constructor(peers: readonly ClusterPeer[]) {
    this.#peers = peers;
  }

  sight(end: End): Sight {
    let known = this.#known.get(end);
    if (known === undefined) {
      const all = this.#peers.map((peer) => sees(peer, end));
      known = all.includes('yes') ? 'yes' : all.includes('maybe') ? 'maybe' : 'no';
      this.#known.set(end, known);
    }
    return known;
  }
}
