import type { Address, AddressRange } from '../../net/index.ts';

/** What an audit wants to know of the machine that a firewall stands on; absent is what nobody found out. */
export interface HostFacts {
  readonly forwarding?: { readonly ipv4: boolean; readonly ipv6: boolean }; // net.ipv4.ip_forward, net.ipv6.conf.all.forwarding
  readonly iptablesBackends?: readonly IptablesBackend[]; // that hold rules
  readonly listeners?: readonly ListeningService[];
  readonly sshPorts?: readonly number[];
  readonly networks?: readonly AttachedNetwork[];
  readonly dockerPorts?: readonly DockerPort[];
  readonly persistence?: readonly PersistentUnit[]; // every mechanism that was looked for, enabled or not
  readonly openclaw?: OpenClawFacts;
}

export type IptablesBackend = 'legacy' | 'nft';

/** A socket that waits for other machines. */
export interface ListeningService {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  readonly address?: Address; // bound to this one; absent: to all
  readonly program?: string; // its name, where it may be seen
}

/** A port of this machine that Docker leads to a container (`docker ps`, `-p`). */
export interface DockerPort {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number; // of this machine
  readonly address?: Address; // published on this address of the machine only
  readonly container: string; // its name
  readonly containerAddress: Address;
  readonly containerPort: number;
  readonly bridge?: string; // the interface that leads to it
}

/** Addresses that lie right behind an interface of the machine, by its routing table. */
export interface AttachedNetwork {
  readonly interface: string;
  readonly addresses: AddressRange;
}

/** What loads rules at boot. */
export interface PersistentUnit {
  readonly name: string; // `nftables.service`, `ufw`, `netfilter-persistent`, `portcullis.service`
  readonly enabled: boolean;
}

export interface OpenClawFacts {
  readonly config: string; // path of its configuration
  readonly exposed: readonly OpenClawListener[]; // that do not listen on loopback only
  readonly proxyWithoutUrl: boolean; // `proxy.enabled` without `proxyUrl`
}

export interface OpenClawListener {
  readonly name: string;
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
}
