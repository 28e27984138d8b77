import { isDeepStrictEqual } from 'node:util';
import type { GatewaySettings, Intent, UpstreamResolver, Upstreams } from '../ir/index.ts';
import { type Address, type Endpoint, formatAddress } from '../net/index.ts';
import { EgressPolicy } from '../semantics/index.ts';
import { type AccessRequest, AccessRequests, withApproved } from './access-requests.ts';
import type { OpenConnection } from './control.ts';
import { DNS_BUDGET_LIMITS } from './dns/budgets.ts';
import { AddressFeed, type AddressSink } from './dns/feed.ts';
import { DEFAULT_DNS_TYPES } from './dns/record-type.ts';
import { RESOLVER_LIMITS, Resolver, type Silence, type Sources } from './dns/resolver.ts';
import { DNS_TCP_LIMITS, DnsServer } from './dns/server.ts';
import { DnsService } from './dns/service.ts';
import type { Upstream } from './dns/upstream.ts';
import { Gatekeeper, type Unlisted } from './gatekeeper.ts';
import type { WhoAsks } from './identity.ts';
import { EgressProxy, type Listener, type OriginalDestination, type Tls } from './proxy/index.ts';
import type { GatewayRecord } from './record.ts';
import type { Clock } from './wanted.ts';

/** What a gateway is made of, beside its policy: everything that touches the machine. */
export interface GatewayParts {
  readonly whoAsks: WhoAsks;
  readonly isOwn: (address: Address) => boolean; // an address of this machine: `ownAddresses`
  readonly originalDestination: OriginalDestination;
  readonly certificate: Tls | undefined; // there, where the policy has listeners for TLS
  readonly sink: AddressSink | undefined; // who opens addresses in the kernel; absent: no names are enforced by addresses
  readonly record: (record: GatewayRecord) => void;
  readonly onTrouble: (sentence: string) => void; // something is wrong, and the gateway goes on
  readonly onRequests: () => void; // requests for access have changed
  readonly clock: Clock & { readonly date: () => number }; // milliseconds since 1970
  readonly newId: () => string;
  readonly kept: readonly AccessRequest[]; // from before a restart
  readonly observe: boolean;
}

/** Addresses in the kernel outlive their answer by this: clients connect late, and keep names longer than they should. */
const GRACE_SECONDS = 60;
const MOST_SECONDS = 86_400;
const MOST_ADDRESSES = 60_000; // of the 65,536 that a set of the kernel holds by default (nft(8))
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const HTTPS = { protocol: 6, port: 443 }; // what somebody wants who only looks a name up, as far as anybody can guess

/** The egress gateway of one machine, running: DNS, proxies, and the one policy that they ask. */
export class Gateway {
  readonly #parts: GatewayParts;
  readonly #requests: AccessRequests;
  readonly #gatekeeper: Gatekeeper;
  readonly #dns: DnsServer;
  readonly #service: DnsService;
  #intent: Intent;
  #proxy: EgressProxy | undefined;
  #expiry: NodeJS.Timeout | undefined;

  private constructor(intent: Intent, settings: GatewaySettings, parts: GatewayParts) {
    const { clock } = parts;
    this.#parts = parts;
    this.#intent = intent;
    this.#requests = new AccessRequests(clock.date, parts.kept);
    this.#gatekeeper = new Gatekeeper(this.#policyWith(this.#requests.active().requests), {
      record: parts.record,
      observe: parts.observe,
      isOwn: parts.isOwn,
      newId: parts.newId,
      clock,
      onUnlisted: (unlisted) => this.#note(unlisted),
    });
    const feed =
      parts.sink === undefined
        ? undefined
        : new AddressFeed({
            sink: parts.sink,
            graceSeconds: GRACE_SECONDS,
            mostSeconds: MOST_SECONDS,
            mostAddresses: MOST_ADDRESSES,
            now: clock.now,
          });
    this.#resolver = new Resolver({
      ...sourcesOf(settings),
      limits: RESOLVER_LIMITS,
      now: clock.now,
    });
    this.#service = new DnsService({
      gatekeeper: this.#gatekeeper,
      resolver: this.#resolver,
      feed,
      types: DEFAULT_DNS_TYPES,
      refuseBy: settings.deniedLookups === 'nxdomain' ? 'no-such-name' : 'refused',
      budgets: DNS_BUDGET_LIMITS,
    });
    const { whoAsks, originalDestination } = parts;
    this.#dns = new DnsServer({ service: this.#service, whoAsks, originalDestination, tcp: DNS_TCP_LIMITS });
  }

  readonly #resolver: Resolver;

  /**
   * Listens everywhere that the policy says, or nowhere.
   * @throws the error of listen(2) or bind(2), such as EADDRINUSE
   */
  static async open(intent: Intent, settings: GatewaySettings, parts: GatewayParts): Promise<Gateway> {
    const gateway = new Gateway(intent, settings, parts);
    await gateway.#listen(settings);
    gateway.#apply();
    return gateway;
  }

  get connections(): readonly OpenConnection[] {
    return [...this.#gatekeeper.open].map(({ id, wanted: { client, host, port } }) => ({
      id,
      agent: client.agent,
      host: host.kind === 'name' ? host.name : formatAddress(host.address),
      port,
    }));
  }

  get requests(): readonly AccessRequest[] {
    return this.#requests.all();
  }

  /** Resolvers of whom none answers. */
  get silent(): readonly Silence[] {
    return this.#resolver.silent;
  }

  /** Another policy from now on; where it listens stays what it was. @returns how many open connections it has cut. */
  replace(intent: Intent): number {
    const before = this.#intent.gateway;
    this.#intent = intent;
    if (intent.gateway !== undefined && !(before !== undefined && isSameWorld(intent.gateway, before)))
      this.#resolver.replace(sourcesOf(intent.gateway));
    return this.#apply();
  }

  /** Another certificate for connections to come. @throws the error of OpenSSL where it cannot be used; the old one stays */
  certify(certificate: Tls): void {
    this.#proxy?.certify(certificate);
  }

  /** @param seconds from now */
  approve(id: string, by: string, seconds: number): AccessRequest | undefined {
    const request = this.#requests.approve(id, by, seconds);
    this.#settled();
    return request;
  }

  refuse(id: string, by: string): AccessRequest | undefined {
    const request = this.#requests.refuse(id, by);
    this.#settled();
    return request;
  }

  /** Takes nothing new, lets what is open end until the deadline, and cuts the rest. */
  async stop(deadlineMs: number): Promise<void> {
    clearTimeout(this.#expiry);
    await Promise.all([this.#dns.close(), this.#proxy?.stop(deadlineMs)]);
    this.#resolver.close();
  }

  #policyWith(approved: readonly AccessRequest[]): EgressPolicy {
    return new EgressPolicy(withApproved(this.#intent, approved));
  }

  #apply(): number {
    const { requests, nextEnd } = this.#requests.active();
    const cut = this.#gatekeeper.replace(this.#policyWith(requests));
    this.#service.forget();
    this.#watchExpiry(nextEnd);
    return cut;
  }

  #settled(): void {
    this.#apply();
    this.#parts.onRequests();
  }

  /** Approvals end by themselves, and what they opened is cut then. */
  #watchExpiry(end: number | undefined): void {
    clearTimeout(this.#expiry);
    if (end === undefined) return;
    const inMs = Math.min(Math.max(0, end - this.#parts.clock.date()), LONGEST_TIMER_MS);
    this.#expiry = setTimeout(() => this.#settled(), inMs);
  }

  #note({ id, client, host, service = HTTPS }: Unlisted): void {
    const { agent, address, account } = client;
    const whose = { address, ...(account === undefined ? {} : { account }) };
    const noted = this.#requests.note({ id, agent, client: whose, host, ...service });
    if (noted !== undefined) this.#parts.onRequests();
  }

  async #listen({ listeners, credentials }: GatewaySettings): Promise<void> {
    const { originalDestination, whoAsks, onTrouble, certificate } = this.#parts;
    if (listeners.tls.length > 0 && certificate === undefined) throw new RangeError('TLS needs a certificate');
    const ways: readonly Listener[] = [
      ...listeners.proxy.map((at) => ({ kind: 'http' as const, at: listenAt(at) })),
      ...listeners.tls.map((at) => ({
        kind: 'http' as const,
        at: listenAt(at),
        ...(certificate === undefined ? {} : { tls: certificate }),
      })),
      ...listeners.socks.map((at) => ({ kind: 'socks' as const, at: listenAt(at) })),
      ...listeners.transparent.map((at) => ({ kind: 'transparent' as const, at: listenAt(at), originalDestination })),
    ];
    await this.#dns.listen(listeners.dns.map(({ address, port }) => ({ at: 'address', address, port })));
    try {
      this.#proxy = await EgressProxy.listen({
        gatekeeper: this.#gatekeeper,
        addresses: this.#resolver,
        whoAsks,
        credentials: credentials.map((each) => ({ ...each, digest: Buffer.from(each.digest, 'hex') })),
        originalDestination,
        listeners: ways,
        onTrouble,
      });
    } catch (error) {
      await this.stop(0);
      throw error;
    }
  }
}

function listenAt({ address, port }: Endpoint): { readonly host: string; readonly port: number } {
  return { host: formatAddress(address), port };
}

/** Who knows what, as the policy has it. */
function sourcesOf({ upstreams, domains, hosts }: GatewaySettings): Sources {
  return {
    upstreams: upstreamsOf(upstreams),
    splits: domains.map((each) => ({ below: each.domain, upstreams: upstreamsOf(each.upstreams) })),
    local: new Map(hosts.map(({ name, addresses }) => [name, addresses])),
  };
}

function isSameWorld(a: GatewaySettings, b: GatewaySettings): boolean {
  const parts = ({ upstreams, domains, hosts }: GatewaySettings): object => ({ upstreams, domains, hosts });
  return isDeepStrictEqual(parts(a), parts(b));
}

function upstreamsOf([first, ...others]: Upstreams): readonly [Upstream, ...Upstream[]] {
  return [upstreamOf(first), ...others.map(upstreamOf)];
}

function upstreamOf({ transport, serverName, address, port }: UpstreamResolver): Upstream {
  return transport === 'plain'
    ? { by: 'udp', address, port }
    : { by: 'tls', address, port, ...(serverName === undefined ? {} : { name: serverName }) };
}
