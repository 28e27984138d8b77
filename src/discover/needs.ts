import type { Catalog, EndpointClass, Evidence } from '../catalog/index.ts';
import type { ConfigSource } from './section.ts';
import { formatHost, type Server, type ServerHost } from './server.ts';

/** A connection that OpenClaw opens: where to, what for, and the keys that say so. */
export interface Need {
  readonly name: string; // as the configuration or the catalogue calls it
  readonly to: Destination;
  readonly endpointClass: EndpointClass;
  readonly evidence: Evidence;
  readonly http: boolean; // goes through OpenClaw's proxy, where there is one
  readonly uses: readonly Use[]; // at least one
  /** `undefined`: needed as it stands. Else it is only offered, as a comment: the words that follow "uncomment". */
  readonly offered?: string;
}

export type Destination =
  | { readonly kind: 'catalog'; readonly entry: string }
  | { readonly kind: 'server'; readonly host: ServerHost; readonly port: number; readonly udp?: true };

export interface Use {
  readonly purpose: string; // `models`, `memory search`
  readonly source: ConfigSource;
}

/** Gathers needs; what several keys ask for becomes one need with several uses. */
export class Needs {
  readonly #catalog: Catalog;
  readonly #needs = new Map<string, Need>();

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  /** What a catalogue entry stands for. An offer gives way to a need. @throws RangeError for an entry that is not there. */
  entry(name: string, use: Use, offered?: string): void {
    const entry = this.#catalog.entry(name);
    if (entry === undefined) throw new RangeError(`the catalogue has no entry ${name}`);
    const classes = entry.endpoints.map((endpoint) => endpoint.endpointClass);
    this.#add(`catalog:${name}`, {
      name,
      to: { kind: 'catalog', entry: name },
      endpointClass: worst(classes, CLASS_ORDER),
      evidence: worst(
        entry.endpoints.map((endpoint) => endpoint.evidence),
        EVIDENCE_ORDER,
      ),
      http: !classes.includes('non-http'),
      uses: [use],
      ...(offered === undefined ? {} : { offered }),
    });
  }

  /** A server that a setting names itself: nothing about it is in doubt. */
  server(name: string, server: Server, use: Use, offered?: string): void {
    this.#add(`${formatHost(server.host)} ${server.udp === true ? 'udp' : 'tcp'} ${server.port}`, {
      name,
      to: { kind: 'server', host: server.host, port: server.port, ...(server.udp === true ? { udp: true } : {}) },
      endpointClass: server.http ? 'static' : 'non-http',
      evidence: 'code',
      http: server.http,
      uses: [use],
      ...(offered === undefined ? {} : { offered }),
    });
  }

  /** In the order in which they were found. */
  all(): readonly Need[] {
    return [...this.#needs.values()];
  }

  #add(key: string, need: Need): void {
    const known = this.#needs.get(key);
    if (known === undefined) {
      this.#needs.set(key, need);
      return;
    }
    const { offered, ...rest } = known;
    const stillOffered = offered !== undefined && need.offered !== undefined ? { offered } : {};
    const seen = known.uses.some(({ source }) => need.uses.some((use) => use.source.key === source.key));
    this.#needs.set(key, { ...rest, ...stillOffered, uses: seen ? known.uses : [...known.uses, ...need.uses] });
  }
}

const CLASS_ORDER: readonly EndpointClass[] = ['static', 'server-assigned', 'non-http', 'arbitrary'];
const EVIDENCE_ORDER: readonly Evidence[] = ['code', 'docs', 'unverified'];

function worst<Value>(values: readonly Value[], order: readonly Value[]): Value {
  const found = order.findLast((value) => values.includes(value)) ?? order[0];
  if (found === undefined) throw new RangeError('an order is never empty');
  return found;
}
