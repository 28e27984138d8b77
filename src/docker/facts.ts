import type { Address, AddressRange, Family, PortRange } from '../net/index.ts';
import type { Span } from '../source/index.ts';

/** What is known of the containers of one machine, from the daemon's own listings or from files that will become them. */
export interface DockerFacts {
  readonly daemon: DaemonFacts;
  readonly networks: readonly DockerNetwork[];
  readonly containers: readonly DockerContainer[];
}

/** Settings of the daemon (dockerd(8), `/etc/docker/daemon.json`); absent is what nobody said. */
export interface DaemonFacts {
  readonly iptables?: boolean;
  readonly ip6tables?: boolean;
  readonly userlandProxy?: boolean;
  readonly icc?: boolean; // of the default bridge
  readonly hosts?: readonly string[]; // where its API listens
  readonly tlsVerify?: boolean; // it asks its clients for certificates
  readonly firewallBackend?: string; // `iptables`, `nftables` (since 29)
  readonly publishesOn?: Address; // where a published port without an address of its own goes (`ip`)
  readonly span?: Span;
}

export interface DockerNetwork {
  readonly name: string;
  readonly id?: string; // 64 hexadecimal digits; absent where it is not made yet
  readonly driver: string; // `bridge`, `host`, `null`, `macvlan`, `ipvlan`, `overlay`
  readonly bridge?: string; // the interface that leads to its containers; absent where the daemon has yet to choose it
  readonly subnets: readonly AddressRange[];
  readonly internal: boolean; // no way out of it
  readonly icc: boolean; // whether its containers may speak to each other
  readonly masquerade: boolean;
  readonly span?: Span;
}

export interface DockerContainer {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly isRunning: boolean; // of a Compose file: it will
  readonly startedAt?: number; // milliseconds since 1970
  readonly mode: NetworkMode;
  readonly attachments: readonly Attachment[];
  readonly published: readonly PublishedPort[];
  readonly powers: Powers;
  readonly span?: Span;
}

/** Whose network a container uses. */
export type NetworkMode =
  | { readonly kind: 'own' } // those that it is attached to
  | { readonly kind: 'host' } // the machine's: no rule for containers meets it
  | { readonly kind: 'none' }
  | { readonly kind: 'container'; readonly of: string }; // by name or id

export interface Attachment {
  readonly network: string; // by name
  readonly addresses: readonly Address[]; // none where the daemon has yet to choose them
}

/** A port of the machine that leads to a container (`-p`). */
export interface PublishedPort {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly on?: Address; // of the machine; absent: all of its addresses of these families
  readonly families: readonly Family[];
  readonly ports?: PortRange; // of the machine; absent: the daemon chooses
  readonly containerPorts: PortRange; // as many
  readonly written?: WrittenPort; // of a Compose file
  readonly span?: Span;
}

/** As a Compose file has it, its variables not put in: what is written anew has to follow the same environment. */
export interface WrittenPort {
  readonly entry: string | ReadonlyMap<string, string>; // the short form, or the words of the long one
  readonly host?: string; // the machine's port alone, where it can be told apart
}

/** What a container may do beside using its network, as far as it matters to a firewall. */
export interface Powers {
  readonly privileged: boolean;
  readonly added: readonly string[]; // capabilities, `NET_ADMIN`
  readonly dropped: readonly string[];
  readonly readOnly: boolean; // its root file system
  readonly socket: boolean; // the daemon's own socket is mounted in it
  readonly secrets: readonly string[]; // names of environment variables that look like secrets; never their values
}

export const NO_FACTS: DockerFacts = { daemon: {}, networks: [], containers: [] };

/** Labels by which Compose marks what it made (compose-spec, `com.docker.compose.*`). */
export const COMPOSE_PROJECT = 'com.docker.compose.project';
export const COMPOSE_SERVICE = 'com.docker.compose.service';
