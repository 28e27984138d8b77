import type { DockerContainer, DockerFacts } from '../../docker/index.ts';
import type { Grant, Intent, InterfacePattern, Peer, Service } from '../../ir/index.ts';
import { type Address, type AddressRange, type Family, PROTOCOLS, range } from '../../net/index.ts';
import { AddressSet } from '../../packetset/index.ts';

/** Who may open a port of a container, the widest of them. */
export type Reach = 'nobody' | 'machine' | 'others';

/** What sources of packets never are: this machine by its loopback, groups. */
const NOBODY: readonly AddressRange[] = ['127.0.0.0/8', '::1', '224.0.0.0/4', 'ff00::/8'].map(range);

/** What the flows of a policy say of containers whose addresses are known. */
export class PolicyReach {
  readonly #intent: Intent;
  readonly #inside: AddressSet; // whoever is here is no other machine
  readonly #containers: AddressSet;
  readonly #bridges: ReadonlyMap<string, string>; // by network
  readonly #isRouter: boolean;

  constructor(intent: Intent, { networks, containers }: DockerFacts) {
    this.#intent = intent;
    this.#containers = AddressSet.of([
      ...networks.flatMap(({ subnets }) => subnets),
      ...containers.flatMap(({ attachments }) => attachments.flatMap(({ addresses }) => addresses.map(alone))),
    ]);
    this.#inside = this.#containers.union(AddressSet.of(NOBODY));
    this.#bridges = new Map(networks.flatMap(({ name, bridge }) => (bridge === undefined ? [] : [[name, bridge]])));
    this.#isRouter = intent.baseline.some(({ name }) => name === 'forwarding'); // whatever is routed passes
  }

  /** Who may open a port of a container, over any of these families. */
  ofPort(
    container: DockerContainer,
    protocol: 'tcp' | 'udp' | 'sctp',
    port: number,
    families: readonly Family[],
  ): Reach {
    if (this.#isRouter) return 'others';
    const senders = this.#sendersTo(container, families, (service) => opens(service, protocol, port));
    if (senders.some(({ from, families: over }) => this.#isOther(from, over))) return 'others';
    return senders.some(({ from }) => from.kind === 'local') ? 'machine' : 'nobody';
  }

  /** Whether only some of this machine's accounts may, and nobody else. */
  isOfAccounts(container: DockerContainer, protocol: 'tcp' | 'udp' | 'sctp', port: number): boolean {
    const local = this.#sendersTo(container, [4, 6], (service) => opens(service, protocol, port)).flatMap(({ from }) =>
      from.kind === 'local' ? [from] : [],
    );
    const isRoots = ({ accounts, cgroup }: (typeof local)[number]): boolean =>
      cgroup === undefined && (accounts === undefined || accounts.some(({ first }) => first === 0));
    return local.length > 0 && !local.some(isRoots);
  }

  /** Whether a flow leads from somebody on a network to somebody on it. */
  isSociable(subnets: readonly AddressRange[]): boolean {
    const own = AddressSet.of(subnets);
    return this.#isRouter || this.#intent.grants.some(({ from, to }) => meets(from, own) && meets(to, own));
  }

  /** Whether a flow leads from a network to what is no container, or to it from another machine. */
  isConnected(subnets: readonly AddressRange[]): boolean {
    const own = AddressSet.of(subnets);
    return (
      this.#isRouter ||
      this.#intent.grants.some(
        ({ from, to }) =>
          (meets(from, own) && to.some((peer) => !this.#isContained(peer))) ||
          (meets(to, own) && from.some((peer) => this.#isOther(peer, [4, 6]))),
      )
    );
  }

  /** Whether a flow of this machine's programs leads to a network. */
  isServed(subnets: readonly AddressRange[]): boolean {
    const own = AddressSet.of(subnets);
    return this.#intent.grants.some(({ from, to }) => from.some(({ kind }) => kind === 'local') && meets(to, own));
  }

  #sendersTo(
    { attachments }: DockerContainer,
    families: readonly Family[],
    isAsked: (service: Service) => boolean,
  ): readonly { readonly from: Peer; readonly families: readonly Family[] }[] {
    return attachments.flatMap(({ network, addresses }) => {
      const bridge = this.#bridges.get(network);
      return addresses
        .filter(({ family }) => families.includes(family))
        .flatMap((address) =>
          this.#intent.grants
            .filter(({ to }: Grant) => to.some((peer) => holds(peer, address, bridge)))
            .filter(({ services }) => services.some((each) => isAsked(each) && speaks(each, address.family)))
            .flatMap(({ from }) => from.map((peer) => ({ from: peer, families: [address.family] }))),
        );
    });
  }

  /** Whether a peer is, or may be, another machine. */
  #isOther(peer: Peer, families: readonly Family[]): boolean {
    if (peer.kind !== 'remote' || this.#isBehindBridges(peer)) return false;
    const left = AddressSet.of(peer.ranges).subtract(this.#inside);
    return families.some((family) => !left.of(family).isEmpty());
  }

  #isContained(peer: Peer): boolean {
    if (peer.kind !== 'remote') return false;
    return this.#isBehindBridges(peer) || AddressSet.of(peer.ranges).subtract(this.#containers).isEmpty();
  }

  #isBehindBridges({ interfaces }: Extract<Peer, { kind: 'remote' }>): boolean {
    const bridges = new Set(this.#bridges.values());
    return interfaces?.every(({ name, wildcard }) => !wildcard && (bridges.has(name) || name === 'lo')) ?? false;
  }
}

function opens({ protocol, ports }: Service, asked: 'tcp' | 'udp' | 'sctp', port: number): boolean {
  return protocol === PROTOCOLS[asked] && (ports === undefined || (ports.first <= port && port <= ports.last));
}

function speaks(service: Service, family: Family): boolean {
  return service.family === undefined || service.family === family;
}

/** @param bridge the interface that leads there; where nobody knows it, any may be it */
function holds(peer: Peer, address: Address, bridge: string | undefined): boolean {
  if (peer.kind !== 'remote' || !AddressSet.of(peer.ranges).has(address)) return false;
  return peer.interfaces === undefined || bridge === undefined || peer.interfaces.some((each) => fits(each, bridge));
}

function fits({ name, wildcard }: InterfacePattern, found: string): boolean {
  return wildcard ? found.startsWith(name) : found === name;
}

function meets(peers: readonly Peer[], own: AddressSet): boolean {
  return peers.some((peer) => peer.kind === 'remote' && !AddressSet.of(peer.ranges).intersect(own).isEmpty());
}

function alone({ family, value }: Address): AddressRange {
  return { family, first: value, last: value };
}
