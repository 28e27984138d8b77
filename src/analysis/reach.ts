import type { Intent, Peer, Ruleset, Service } from '../ir/index.ts';
import { ORDINARY_PORTS } from '../ir/index.ts';
import { PORT_PROTOCOLS, PROTOCOLS, wholeFamily } from '../net/index.ts';
import { HeaderSpace, type PacketSet, UNWATCHED, type Watcher } from '../packetset/index.ts';
import { denote, type FlowPattern, packetsOf, patternMatch, possiblePackets } from '../semantics/index.ts';
import { type Passage, type PatternContext, patternContext, questionPassages } from './flow-patterns.ts';
import { acceptedAsLed, type Route } from './led-on.ts';
import { peerKey, peerText } from './peer-text.ts';
import { type AllowedService, allowedService, servicesOf } from './service-set.ts';
import { conditionsOf, unknownConditions } from './unknowns.ts';

/** Who can reach whom on what, by first packets. */
export interface Reachability {
  readonly endpoints: readonly ReachEndpoint[];
  readonly connections: readonly Connection[];
  /** That nobody can know and that some connection depends on, each with its place: it is told as partial. */
  readonly conditions?: readonly string[];
}

export interface ReachEndpoint {
  readonly id: string;
}

export interface Connection {
  readonly from: string;
  readonly to: string;
  readonly allowed: readonly AllowedService[];
}

interface Endpoint {
  readonly id: string;
  readonly peers: readonly Peer[];
  readonly asSource: boolean;
  readonly asTarget: boolean;
}

/** More pairs than anybody can look at; among thousands of flows each takes a millisecond. */
const MAX_PAIRS = 50_000;

/** The policy names so many ends that telling them pair by pair helps nobody. */
export class TooManyPairs extends Error {
  readonly pairs: number;

  constructor(pairs: number) {
    super(`${pairs} pairs of endpoints`);
    this.pairs = pairs;
  }
}

/** Built-in zones that are told only where a flow uses them: they repeat what the others say. */
const BUILT_IN_AND_SILENT = ['any', 'loopback', 'private'];

/**
 * @param ruleset what decides: the policy's own rules, or those of a firewall that is asked about the policy's zones
 * @param routes to containers, for what rules lead on to them
 * @throws TooManyPairs
 */
export function reachability(
  intent: Intent,
  ruleset: Ruleset,
  watcher: Watcher = UNWATCHED,
  routes: () => readonly Route[] = () => [],
): Reachability {
  const endpoints = endpointsOf(intent);
  const [sources, targets] = [endpoints.filter((each) => each.asSource), endpoints.filter((each) => each.asTarget)];
  if (sources.length * targets.length > MAX_PAIRS) throw new TooManyPairs(sources.length * targets.length);
  const access = new Access(ruleset, HeaderSpace.watched(watcher), routes);
  const context = patternContext(intent, ruleset);
  const services = servicesAsked(intent);
  const connections: Connection[] = [];
  watcher.begin(sources.length * targets.length, 'pairs');
  for (const from of sources) {
    for (const to of targets) {
      watcher.advance();
      if (from === to && !from.peers.some((peer) => peer.kind === 'remote')) continue;
      const allowed = services.flatMap((service) =>
        allowedServices(between(from, to, service, context), service.protocol, access),
      );
      if (allowed.length > 0) connections.push({ from: from.id, to: to.id, allowed });
    }
  }
  return {
    endpoints: endpoints.map(({ id }) => ({ id })),
    connections,
    ...(access.conditions.size === 0 ? {} : { conditions: [...access.conditions] }),
  };
}

function between(from: Endpoint, to: Endpoint, service: Service, context: PatternContext): Passage[] {
  const sport = PORT_PROTOCOLS.includes(service.protocol) ? { sport: ORDINARY_PORTS } : {};
  const sources = from.peers.filter((peer) => peer.kind !== 'named');
  return questionPassages({ text: '', from: sources, to: to.peers, service, state: 'new', ...sport }, context);
}

/** Services that every packet between the two may use, and apart those that only some may. */
function allowedServices(passages: readonly Passage[], protocol: number, access: Access): AllowedService[] {
  const { space } = access;
  const ways = passages.map((passage) => passage.map((pattern) => access.services(pattern)));
  const some = space.union(
    ways.map((stages) => stages.map((stage) => stage.open).reduce((open, next) => open.intersect(next))),
  );
  if (some.isEmpty()) return [];
  // Services of which at least one packet is stopped on its way.
  const never = space.union(ways.flatMap((stages) => stages.map((stage) => stage.closed)));
  return [
    allowedService(some.subtract(never), protocol, false),
    allowedService(some.intersect(never), protocol, true),
  ].filter((service) => service !== undefined);
}

/** What is open to packets of a pattern. Patterns that differ in their destination only are looked into once, together. */
class Access {
  readonly space: HeaderSpace;
  readonly conditions = new Set<string>();
  readonly #unknown: readonly string[];
  readonly #accept: PacketSet;
  readonly #possible: PacketSet;
  readonly #known = new Map<string, Services>(); // by the pattern without its destination; destinations are not forgotten

  constructor(ruleset: Ruleset, space: HeaderSpace, routes: () => readonly Route[]) {
    this.space = space;
    this.#unknown = unknownConditions(ruleset);
    this.#accept = acceptedAsLed(this.space, ruleset, denote(this.space, ruleset).accept, routes);
    this.#possible = possiblePackets(this.space);
  }

  services(pattern: FlowPattern): Services {
    const anywhere = this.#anywhere({ ...pattern, dst: [wholeFamily(pattern.family)] });
    const here = this.space.addresses('dst', pattern.dst);
    return { open: servicesOf(here.intersect(anywhere.open)), closed: servicesOf(here.intersect(anywhere.closed)) };
  }

  #anywhere(pattern: FlowPattern): Services {
    const key = JSON.stringify(pattern, (_, value) => (typeof value === 'bigint' ? String(value) : mapEntries(value)));
    let found = this.#known.get(key);
    if (found === undefined) {
      const packets = packetsOf(this.space, patternMatch(pattern)).intersect(this.#possible);
      const open = packets.intersect(this.#accept);
      for (const condition of conditionsOf([open], this.#unknown)) this.conditions.add(condition);
      const kept = (set: PacketSet): PacketSet => this.space.project(set, ['family', 'dst', 'dport', 'icmpType']);
      found = { open: kept(open), closed: kept(packets.subtract(this.#accept)) };
      this.#known.set(key, found);
    }
    return found;
  }
}

/** The services that some packet gets through with, and that some packet is stopped with. */
interface Services {
  readonly open: PacketSet;
  readonly closed: PacketSet;
}

/** JSON has no maps. */
function mapEntries(value: unknown): unknown {
  return value instanceof Map ? [...value] : value;
}

/** The zones of the policy, the host, the internet, and whatever flows name without a zone, in the role they have there. */
function endpointsOf(intent: Intent): Endpoint[] {
  const used = new Set(intent.grants.flatMap((grant) => [...grant.from, ...grant.to]).map(peerKey));
  const zones = [...intent.zones]
    .filter(
      ([id, peers]) =>
        !BUILT_IN_AND_SILENT.includes(id) || (peers.length > 0 && peers.every((peer) => used.has(peerKey(peer)))),
    )
    .map(([id, peers]): Endpoint => ({ id, peers, asSource: true, asTarget: true }));
  const known = new Set(zones.flatMap((zone) => zone.peers).map(peerKey));
  const others = new Map<string, Endpoint>();
  for (const role of ['from', 'to'] as const) {
    for (const peer of intent.grants.flatMap((grant) => grant[role])) {
      const key = peerKey(peer);
      if (known.has(key)) continue;
      const before = others.get(key) ?? { id: idOf(peer, intent), peers: [peer], asSource: false, asTarget: false };
      others.set(key, { ...before, ...(role === 'from' ? { asSource: true } : { asTarget: true }) });
    }
  }
  return [...zones, ...others.values()];
}

/** Whatever flows name without a zone: a group of names by its key, addresses as they are. */
function idOf(peer: Peer, intent: Intent): string {
  return peer.kind === 'named' ? peer.group : peerText(peer, intent);
}

/**
 * What can be opened: any port of TCP, UDP and whatever else a flow names, and of ICMP the echo request and the types that a
 * flow names. Errors and neighbour discovery belong to something else that is reached.
 */
function servicesAsked(intent: Intent): Service[] {
  const services: Service[] = [
    { protocol: PROTOCOLS.tcp },
    { protocol: PROTOCOLS.udp },
    { protocol: PROTOCOLS.icmp, icmp: { type: 8 } },
    { protocol: PROTOCOLS.icmpv6, icmp: { type: 128 } },
  ];
  for (const { protocol, icmp } of intent.grants.flatMap((grant) => grant.services)) {
    const isIcmp = protocol === PROTOCOLS.icmp || protocol === PROTOCOLS.icmpv6;
    if (isIcmp && icmp === undefined) continue;
    const isKnown = services.some((each) => each.protocol === protocol && each.icmp?.type === icmp?.type);
    if (!isKnown) services.push({ protocol, ...(icmp === undefined ? {} : { icmp: { type: icmp.type } }) });
  }
  return services;
}
