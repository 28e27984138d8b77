import type { Address, AddressRange, DnsName, DnsPattern, PortRange, Endpoint as Socket } from '../net/index.ts';
import type { SourceFile, Span } from '../source/index.ts';

/**
 * A policy as it was written, includes put in their place: every value parsed, every node with its place, names not looked
 * up yet (`resolve/` does that). Lists are in the order of the files.
 */
export interface PolicyFile {
  readonly name: string | undefined;
  readonly files: readonly SourceFile[]; // the policy itself first, then what it includes
  readonly enforce: NameEnforcement | undefined; // of names whose zone says nothing else
  readonly zones: readonly ZoneDeclaration[];
  readonly services: readonly ServiceDeclaration[];
  readonly flows: readonly FlowDeclaration[];
  readonly tests: readonly TestDeclaration[];
  readonly baseline: readonly BaselineSwitch[];
  readonly catalog: readonly CatalogOverride[];
  readonly gateway: GatewayDeclaration | undefined;
  /**
   * False where errors were found: parts are missing then, so that nothing may be enforced, but names can still be looked
   * up, and all that is wrong can be told at once.
   */
  readonly complete: boolean;
  /** Zones, services and entries that are declared but could not be read: whoever names them makes no mistake. */
  readonly unreadable: ReadonlySet<string>;
}

/** A value and where it stands. */
export interface Located<T> {
  readonly value: T;
  readonly span: Span;
}

export const NAME_ENFORCEMENTS = ['gateway', 'resolved', 'ranges'] as const;
export type NameEnforcement = (typeof NAME_ENFORCEMENTS)[number];

export interface ZoneDeclaration {
  readonly name: string;
  readonly span: Span; // of the name
  readonly description?: string;
  readonly addresses: readonly Located<AddressRange>[];
  readonly domains: readonly Located<DnsPattern>[];
  readonly zones: readonly Located<string>[]; // members: all that these zones are
  readonly except: readonly ZoneException[];
  readonly enforce?: Located<NameEnforcement>;
  readonly host?: HostRecognition;
  readonly elsewhere: Elsewhere;
}

export type ZoneException = Located<
  { readonly kind: 'addresses'; readonly range: AddressRange } | { readonly kind: 'zone'; readonly name: string }
>;

/** How this machine's kernel recognises a zone; the ways add up, but interfaces and the zone's addresses narrow each other. */
export interface HostRecognition {
  readonly users: readonly Located<AccountReference>[];
  readonly cgroups: readonly Located<string>[]; // version 2 paths below the root, without leading slash
  readonly interfaces: readonly Located<InterfaceReference>[];
}

export type AccountReference =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'uids'; readonly first: number; readonly last: number }; // inclusive

export interface InterfaceReference {
  readonly name: string;
  readonly wildcard: boolean; // every name that begins with `name`
}

/** How the layers around the host recognise a zone: labels as they stand in those systems. */
export interface Elsewhere {
  readonly docker?: DockerRecognition;
  readonly kubernetes?: {
    readonly namespace?: string;
    readonly podSelector?: Labels;
    readonly namespaceSelector?: Labels;
    readonly serviceAccount?: string;
  };
  readonly aws?: { readonly securityGroup?: readonly string[]; readonly prefixList?: readonly string[] };
  readonly gcp?: { readonly networkTag?: readonly string[]; readonly serviceAccount?: readonly string[] };
  readonly azure?: { readonly applicationSecurityGroup?: readonly string[]; readonly serviceTag?: readonly string[] };
}

/** Containers of this machine; what is given narrows. Without anything but a network, everything on it. */
export interface DockerRecognition {
  readonly network?: string;
  readonly subnets?: readonly Located<AddressRange>[]; // of the network, where the policy lays it out
  readonly bridge?: Located<string>; // the interface that leads to it, likewise
  readonly container?: readonly string[];
  readonly labels?: Labels;
  readonly project?: string; // Compose's
  readonly service?: readonly string[]; // likewise
}

export type Labels = ReadonlyMap<string, string>;

export interface ServiceDeclaration {
  readonly name: string;
  readonly span: Span;
  readonly services: readonly Located<ServiceReference>[];
}

export type ServiceReference =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'any' } // every protocol and port; of ICMP the echo request
  | { readonly kind: 'transports'; readonly transports: readonly Transport[] };

/** A protocol with its ports or its ICMP type; without ports, every port, or a protocol that has none. */
export interface Transport {
  readonly protocol: number;
  readonly family?: 4 | 6; // absent: both
  readonly ports?: PortRange; // of the destination
  readonly icmp?: { readonly type: number; readonly code?: number };
}

export type Endpoint =
  | { readonly kind: 'zone'; readonly name: string }
  | { readonly kind: 'catalog'; readonly name: string }
  | { readonly kind: 'addresses'; readonly range: AddressRange }
  | { readonly kind: 'domain'; readonly pattern: DnsPattern };

export interface FlowDeclaration {
  readonly name: Located<string>;
  readonly span: Span;
  readonly from: readonly Located<Endpoint>[];
  readonly to: readonly Located<Endpoint>[];
  readonly service: readonly Located<ServiceReference>[];
  readonly purpose?: string;
  readonly risk?: string;
  readonly owner?: string;
  readonly required: boolean;
  readonly expires?: Located<string>; // YYYY-MM-DD, a date that exists; good until its end, UTC
  readonly rate?: Located<RateLimit>;
}

export const RATE_UNITS = ['second', 'minute', 'hour', 'day'] as const;

export interface RateLimit {
  readonly count: number; // new connections, at least 1
  readonly per: (typeof RATE_UNITS)[number];
  readonly perSource: boolean;
}

export interface TestDeclaration {
  readonly name?: string;
  readonly span: Span;
  readonly from: readonly Located<Endpoint>[];
  readonly claims: readonly Claim[];
}

/** One line of `allow` or `deny`. */
export interface Claim {
  readonly expect: 'allow' | 'deny';
  readonly text: string; // as it was written
  readonly span: Span;
  readonly to: readonly Located<Endpoint>[];
  readonly service: Located<ServiceReference>;
}

export interface BaselineSwitch {
  readonly piece: string;
  readonly span: Span; // of the piece's name
  readonly on: boolean;
}

/** The names of a catalogue entry as this policy wants them: other ones, more, or fewer. */
export interface CatalogOverride {
  readonly name: string;
  readonly span: Span;
  readonly domains?: readonly Located<DnsPattern>[]; // instead of the packaged ones
  readonly add: readonly Located<DnsPattern>[];
  readonly remove: readonly Located<DnsPattern>[];
}

/** The egress gateway: who it is, where it listens and whom it asks, defaults put in. */
export interface GatewayDeclaration {
  readonly span: Span;
  readonly user?: Located<AccountReference>; // one account; absent: the default one
  readonly upstreams: readonly Located<UpstreamReference>[]; // at least one
  readonly domains: readonly DomainDeclaration[]; // no domain twice
  readonly hosts: readonly HostDeclaration[]; // no name twice
  readonly listeners: Readonly<Record<'proxy' | 'tls' | 'socks' | 'transparent' | 'dns', readonly Located<Socket>[]>>;
  readonly certificate?: { readonly certificate: string; readonly key: string }; // paths; where something listens for TLS
  readonly intercept?: readonly Located<number>[]; // TCP ports; absent: those that flows to names are for, as far as they are the web's
  readonly denied: DeniedLookupAnswer;
  readonly credentials: readonly CredentialDeclaration[]; // no user twice
}

/** Resolvers of a domain's own. */
export interface DomainDeclaration {
  readonly domain: DnsName;
  readonly span: Span;
  readonly upstreams: readonly Located<UpstreamReference>[]; // at least one
}

/** A name that the gateway answers for itself. */
export interface HostDeclaration {
  readonly name: DnsName;
  readonly span: Span;
  readonly addresses: readonly Located<Address>[]; // at least one
}

/** Who of a zone comes to a proxy shows a user and the token of this digest. */
export interface CredentialDeclaration {
  readonly user: Located<string>;
  readonly zone: Located<string>;
  readonly digest: Located<string>; // SHA-256, 64 hexadecimal digits in lower case
}

export const DENIED_LOOKUP_ANSWERS = ['refused', 'nxdomain'] as const;
export type DeniedLookupAnswer = (typeof DENIED_LOOKUP_ANSWERS)[number];

export interface UpstreamReference extends Socket {
  readonly transport: 'plain' | 'tls';
  readonly serverName?: DnsName; // of tls
}
