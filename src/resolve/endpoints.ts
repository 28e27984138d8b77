import type { Peer } from '../ir/index.ts';
import type { Endpoint, Located } from '../policy/index.ts';
import type { NameGroups } from './name-groups.ts';
import { mergePeers } from './peers.ts';
import type { ZoneMeaning, ZoneResolver } from './zones.ts';

/** Turns the ends of flows into peers. */
export class EndpointResolver {
  readonly #zones: ZoneResolver;
  readonly #names: NameGroups;

  constructor(zones: ZoneResolver, names: NameGroups) {
    this.#zones = zones;
    this.#names = names;
  }

  resolve(endpoints: readonly Located<Endpoint>[]): ZoneMeaning {
    if (endpoints.length === 1) return this.one(endpoints[0]!);
    const found = endpoints.map((endpoint) => this.one(endpoint));
    return {
      peers: mergePeers(found.flatMap(({ peers }) => peers)),
      unrecognised: found.every(({ unrecognised }) => unrecognised.length === 0)
        ? NONE
        : found.flatMap(({ unrecognised }) => unrecognised),
    };
  }

  one({ value, span }: Located<Endpoint>): ZoneMeaning {
    switch (value.kind) {
      case 'zone':
        return this.#zones.resolve(value.name, span);
      case 'addresses':
        return recognised({ kind: 'remote', ranges: [value.range] });
      case 'domain':
        return recognised({ kind: 'named', group: this.#names.ofPattern(value.pattern, span) });
      case 'catalog': {
        const group = this.#names.ofEntry(value.name, span);
        return group === undefined ? { peers: [], unrecognised: [] } : recognised({ kind: 'named', group });
      }
    }
  }
}

function recognised(peer: Peer): ZoneMeaning {
  return { peers: [peer], unrecognised: NONE };
}

const NONE: readonly string[] = [];
