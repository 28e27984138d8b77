import { after, beforeEach } from 'node:test';
import type { Packet, RecordType } from 'dns-packet';
import type { Grant, Intent, NameGroup, Peer } from '../../ir/index.ts';
import {
  type Address,
  type Endpoint,
  formatAddress,
  parseAddress,
  parseDnsName,
  parseDnsPattern,
  range,
} from '../../net/index.ts';
import { EgressPolicy } from '../../semantics/index.ts';
import { Gatekeeper, type GatekeeperSettings } from '../gatekeeper.ts';
import type { GatewayRecord } from '../record.ts';
import type { Client } from '../wanted.ts';
import { DNS_BUDGET_LIMITS } from './budgets.ts';
import { AddressFeed, type AddressSink, type OpenedAddress } from './feed.ts';
import { DEFAULT_DNS_TYPES } from './record-type.ts';
import { RESOLVER_LIMITS, Resolver, type ResolverSettings } from './resolver.ts';
import { DNS_TCP_LIMITS, DnsServer, type DnsServerSettings } from './server.ts';
import { DnsService, type DnsServiceSettings } from './service.ts';
import { addresses, LOOPBACK, queryOf, StandIn, sendUdp, type Told, toldBy } from './stand-in.fixture.ts';

export const address = (text: string): Address => parseAddress(text)!;

const INTERNET = ['93.0.0.0/8', '151.0.0.0/8', '2600::/8'].map(range);

export function local(uid: number): Peer {
  return { kind: 'local', accounts: [{ first: uid, last: uid }] };
}

export function group(
  key: string,
  patterns: readonly string[],
  enforcement: NameGroup['enforcement'] = 'resolved',
): NameGroup {
  return { key, patterns: patterns.map((text) => parseDnsPattern(text)!), enforcement, origin: {} };
}

export function grant(name: string, from: Peer, ...to: readonly Peer[]): Grant {
  return {
    name,
    from: [from],
    to,
    services: [{ protocol: 6, ports: { first: 443, last: 443 } }],
    required: false,
    origin: {},
  };
}

export const AGENT: Client = { agent: 'openclaw', address: LOOPBACK, port: 40_000, account: 1000 };

/** The agent may go to `api.example` and everything below `wild.example`; both by addresses. */
export const PLAIN = {
  groups: [group('api', ['api.example']), group('wild', ['*.wild.example'])],
  grants: [
    grant('api', local(1000), { kind: 'named', group: 'api' }),
    grant('wild', local(1000), { kind: 'named', group: 'wild' }),
  ],
};

export function policyOf({ groups, grants }: Pick<Intent, 'groups' | 'grants'>): EgressPolicy {
  return new EgressPolicy({
    name: 'example',
    baseline: [],
    grants,
    groups,
    tests: [],
    zones: new Map([['internet', [{ kind: 'remote', ranges: INTERNET }]]]),
    unknownAccounts: new Map(),
  });
}

export interface WorldOptions {
  readonly policy?: EgressPolicy;
  readonly upstreams?: ResolverSettings['upstreams'];
  readonly resolver?: Partial<ResolverSettings>;
  readonly gatekeeper?: Partial<GatekeeperSettings>;
  readonly service?: Partial<DnsServiceSettings>;
  readonly server?: Partial<DnsServerSettings>;
  readonly sink?: AddressSink;
}

/** A server on loopback in front of the stand-in, with everything that it writes down. */
export class World {
  readonly records: GatewayRecord[] = [];
  readonly opened: OpenedAddress[] = [];
  readonly clock = { now: 1_000_000 };
  readonly gatekeeper: Gatekeeper;
  readonly resolver: Resolver;
  readonly service: DnsService;
  readonly #server: DnsServer;
  #places: readonly Endpoint[] = [];

  private constructor(upstream: StandIn, options: WorldOptions) {
    let id = 0;
    const now = (): number => this.clock.now;
    this.gatekeeper = new Gatekeeper(options.policy ?? policyOf(PLAIN), {
      record: (record) => this.records.push(record),
      observe: false,
      isOwn: () => false,
      newId: () => `r${++id}`,
      clock: { now, time: () => '2026-11-26T00:00:00.000Z' },
      ...options.gatekeeper,
    });
    this.resolver = new Resolver({
      upstreams: options.upstreams ?? [upstream.upstream()],
      splits: [],
      local: new Map(),
      limits: { ...RESOLVER_LIMITS, tryMs: 5_000, totalMs: 15_000 }, // machines are slow at times
      now,
      ...options.resolver,
    });
    const sink = options.sink ?? { put: async (entries) => void this.opened.push(...entries) };
    this.service = new DnsService({
      gatekeeper: this.gatekeeper,
      resolver: this.resolver,
      feed: new AddressFeed({ sink, graceSeconds: 60, mostSeconds: 86_400, mostAddresses: 10_000, now }),
      types: DEFAULT_DNS_TYPES,
      refuseBy: 'refused',
      budgets: DNS_BUDGET_LIMITS,
      ...options.service,
    });
    this.#server = new DnsServer({
      service: this.service,
      whoAsks: () => AGENT,
      tcp: DNS_TCP_LIMITS,
      ...options.server,
    });
  }

  static async start(upstream: StandIn, options: WorldOptions = {}): Promise<World> {
    const world = new World(upstream, options);
    for (;;) {
      try {
        world.#places = await world.#server.listen([{ at: 'address', address: LOOPBACK, port: 0 }]);
        return world;
      } catch {
        // The port that UDP was given is somebody's by TCP: another one.
      }
    }
  }

  get port(): number {
    return this.#places[0]!.port;
  }

  /** What comes back for a message by UDP; `undefined` for nothing within the time. */
  send(message: Buffer, withinMs = 20_000): Promise<Buffer | undefined> {
    return sendUdp(message, this.port, withinMs);
  }

  /** Asks by UDP, as a stub resolver does. */
  async ask(name: string, type: RecordType = 'A', packet: Partial<Packet> = {}): Promise<Told> {
    const reply = await this.send(queryOf(name, type, packet));
    if (reply === undefined) throw new Error(`no answer to ${name}`);
    return toldBy(reply);
  }

  /** Group, address and seconds of what was opened, in order. */
  get openedText(): string[] {
    return this.opened.map((each) => `${each.group} ${formatAddress(each.address)} ${each.seconds}`);
  }

  async close(): Promise<void> {
    this.resolver.close();
    await this.#server.close();
  }
}

/** A world for one test. */
async function inWorld(upstream: StandIn, options: WorldOptions, work: (world: World) => Promise<void>): Promise<void> {
  const world = await World.start(upstream, options);
  try {
    await work(world);
  } finally {
    await world.close();
  }
}

export const name = (text: string) => parseDnsName(text)!;

/** One upstream for all tests of a file, which is itself again before each. Called before the first of them. */
export async function worldsOfTests(): Promise<{
  readonly upstream: StandIn;
  readonly within: (options: WorldOptions, work: (world: World) => Promise<void>) => Promise<void>;
}> {
  const usual = addresses('93.184.216.34');
  const upstream = await StandIn.start(usual);
  beforeEach(() => {
    upstream.says = usual;
    upstream.asked.length = 0;
  });
  after(() => upstream.close());
  return { upstream, within: (options, work) => inWorld(upstream, options, work) };
}
