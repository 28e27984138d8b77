import type { ContainerZone, DockerContainer, DockerFacts, PublishedPort } from '../docker/index.ts';
import {
  address,
  all,
  any,
  atHook,
  field,
  type Hook,
  type Intent,
  inState,
  interfaces,
  type Match,
  not,
} from '../ir/index.ts';
import { type AddressRange, addressRange, type Family, PROTOCOLS, range } from '../net/index.ts';
import { HeaderSpace, type PacketSet, type Watcher } from '../packetset/index.ts';
import { denote, intentRuleset, packetsOf, possiblePackets } from '../semantics/index.ts';

type Protocol = PublishedPort['protocol'];

/** What a policy lets through to and from containers, as sets of packets. */
export class DockerPolicy {
  readonly #space: HeaderSpace;
  readonly #accepted: PacketSet;
  readonly #bridges: ReadonlyMap<string, string>;
  readonly #containers: readonly AddressRange[];
  readonly #inside: readonly string[]; // interfaces behind which there is no other machine
  readonly #known = new Map<string, PacketSet>();

  constructor(intent: Intent, { networks }: DockerFacts, zones: readonly ContainerZone[], watcher: Watcher) {
    this.#space = HeaderSpace.watched(watcher);
    const { accept } = denote(this.#space, intentRuleset(intent));
    this.#accepted = accept.intersect(possiblePackets(this.#space)).intersect(packetsOf(this.#space, inState('new')));
    this.#bridges = new Map(networks.flatMap(({ name, bridge }) => (bridge === undefined ? [] : [[name, bridge]])));
    const inside = [...networks, ...zones];
    this.#containers = inside.flatMap(({ subnets }) => subnets);
    this.#inside = ['lo', ...new Set(inside.flatMap(({ bridge }) => bridge ?? []))];
  }

  /** Whether another machine, no container of this one, may open a port of a container. */
  admitsOthers(container: DockerContainer, protocol: Protocol, port: number, families: readonly Family[]): boolean {
    return this.#admits(container, 'forward', protocol, port, families);
  }

  admitsMachine(container: DockerContainer, protocol: Protocol, port: number, families: readonly Family[]): boolean {
    return this.#admits(container, 'output', protocol, port, families);
  }

  /** Whether anything may be opened from one of these addresses to another. */
  admitsBetween(from: readonly AddressRange[], to: readonly AddressRange[]): boolean {
    return this.#intersects(all(atHook('forward'), address('src', ...from), address('dst', ...to)));
  }

  /** Whether anything may be opened from these addresses to what is no container: a machine elsewhere, or this one. */
  admitsOut(from: readonly AddressRange[]): boolean {
    const source = address('src', ...from);
    return (
      this.#intersects(all(atHook('forward'), source, not(address('dst', ...this.#containers)))) ||
      this.#intersects(all(atHook('input'), source, not(interfaces('in', LO)), OVER_TRANSPORT))
    );
  }

  #admits(
    { attachments, name }: DockerContainer,
    hook: Hook,
    protocol: Protocol,
    port: number,
    families: readonly Family[],
  ): boolean {
    return attachments.some(({ network, addresses }) =>
      addresses
        .filter(({ family }) => families.includes(family))
        .some((each) => {
          const key = [name, network, each.value, hook, protocol].join(' ');
          const known = this.#known.get(key) ?? this.#packetsTo(addressRange(each), network, hook, protocol);
          this.#known.set(key, known);
          return known.intersects(packetsOf(this.#space, field('dport', port)));
        }),
    );
  }

  #packetsTo(to: AddressRange, network: string, hook: Hook, protocol: Protocol): PacketSet {
    const bridge = this.#bridges.get(network);
    // What this machine sends to itself over the loopback never gets to a container.
    const way =
      hook === 'output'
        ? [not(interfaces('out', LO))]
        : [not(address('src', ...this.#containers, ...LOOPBACK)), not(this.#fromBridges())];
    return this.#accepted.intersect(
      packetsOf(
        this.#space,
        all(
          atHook(hook),
          address('dst', to),
          field('protocol', PROTOCOLS[protocol]),
          ...(bridge === undefined ? [] : [interfaces('out', { name: bridge, wildcard: false })]),
          ...way,
        ),
      ),
    );
  }

  #fromBridges(): Match {
    return interfaces('in', ...this.#inside.map((name) => ({ name, wildcard: false })));
  }

  #intersects(match: Match): boolean {
    return this.#accepted.intersects(packetsOf(this.#space, match));
  }
}

const LO = { name: 'lo', wildcard: false };
const LOOPBACK: readonly AddressRange[] = ['127.0.0.0/8', '::1'].map(range);

/** What a flow can ask for; not the errands of the network itself, which every machine answers (neighbours, leases). */
const OVER_TRANSPORT: Match = any(
  field('protocol', PROTOCOLS.tcp, PROTOCOLS.sctp),
  all(field('protocol', PROTOCOLS.udp), not(field('dport', 67, 68, 546, 547))),
  all(field('protocol', PROTOCOLS.icmp), field('icmpType', 8)),
  all(field('protocol', PROTOCOLS.icmpv6), field('icmpType', 128)),
);
