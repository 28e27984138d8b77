import type { Address, AddressRange, DnsName, Endpoint } from '../net/index.ts';
import type { Peer } from './intent.ts';
import type { Range } from './match.ts';
import type { Origin } from './ruleset.ts';

/** The egress gateway of this machine: who it is, where it listens, whom it asks. Who may use it and for what, the grants say. */
export interface GatewaySettings {
  readonly account: number; // uid that it runs as; a placeholder where this machine does not have the account
  readonly accountName: string; // as the policy writes it
  readonly listeners: GatewayListeners;
  readonly upstreams: Upstreams;
  readonly domains: readonly SplitDomain[]; // no domain twice
  readonly hosts: readonly LocalHost[]; // no name twice
  readonly certificate?: CertificateFiles; // of the TLS listeners; there, where there are any
  readonly deniedLookups: DeniedLookup;
  readonly transparentPorts: readonly number[]; // of TCP: connections to these are taken, whatever their program knows of proxies
  readonly credentials: readonly GatewayCredential[]; // no user twice
  readonly origin: Origin;
}

/** What clients show to the proxies, and who may show it. */
export interface GatewayCredential {
  readonly user: string;
  readonly digest: string; // SHA-256 of the token, 64 hexadecimal digits
  readonly accounts: readonly Range[]; // of this machine
  readonly addresses: readonly AddressRange[]; // of others
}

/** On loopback or private addresses only; at least one each, where nothing else is said. */
export interface GatewayListeners {
  readonly proxy: readonly Endpoint[];
  readonly tls: readonly Endpoint[]; // the HTTP proxy behind TLS; may be none
  readonly socks: readonly Endpoint[];
  readonly transparent: readonly Endpoint[]; // on loopback, one of each family
  readonly dns: readonly Endpoint[]; // UDP and TCP
}

export type ListenerName = keyof GatewayListeners;

/** At least one, in the order in which they are preferred. */
export type Upstreams = readonly [UpstreamResolver, ...UpstreamResolver[]];

/** Names at a domain and below it are asked of resolvers of its own (split horizon). */
export interface SplitDomain {
  readonly domain: DnsName;
  readonly upstreams: Upstreams;
}

/** A name that the gateway answers for itself: nobody outside is asked, and its addresses are as good as written in the flows. */
export interface LocalHost {
  readonly name: DnsName;
  readonly addresses: readonly Address[]; // at least one
}

/** Paths of PEM files. */
export interface CertificateFiles {
  readonly certificate: string; // with the certificates up to the root's, which may be left out
  readonly key: string;
}

export interface UpstreamResolver extends Endpoint {
  readonly transport: 'plain' | 'tls'; // plain: UDP, and TCP where an answer is too long
  readonly serverName?: DnsName; // that its certificate must be for; absent: for its address
}

export const DENIED_LOOKUPS = ['refused', 'nxdomain'] as const;
export type DeniedLookup = (typeof DENIED_LOOKUPS)[number];

/** First packets of local processes that the machine sends to a listener of its own, wherever they were going. */
export interface Redirect {
  readonly name: string;
  readonly from: readonly Extract<Peer, { kind: 'local' }>[];
  readonly protocols: readonly number[]; // TCP, UDP
  readonly ports: readonly number[]; // of the destination
  readonly except: readonly AddressRange[]; // where these are going, they go
  readonly to: readonly Endpoint[]; // at most one of each family; packets of a family without one are left alone
  readonly origin: Origin;
}
