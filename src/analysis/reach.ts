import type { Intent, Peer, Ruleset, Service } from '../ir/index.ts';
import { ORDINARY_PORTS } from '../ir/index.ts';
import { PORT_PROTOCOLS, PROTOCOLS } from '../net/index.ts';
import { HeaderSpace, type PacketSet } from '../packetset/index.ts';
import { denote, packetsOf, patternMatch, possiblePackets } from '../semantics/index.ts';
import { type Passage, type PatternContext, patternContext, questionPassages } from './flow-patterns.ts';
import { peerKey, peerText } from './peer-text.ts';
import { type AllowedService, allowedService, servicesOf } from './service-set.ts';

/** Who can reach whom on what, by first packets. */
export interface Reachability {
  readonly endpoints: readonly ReachEndpoint[];
  readonly connections: readonly Connection[];
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
}

/** Built-in zones that are told only where a flow uses them: they repeat what the others say. */
const BUILT_IN_AND_SILENT = ['any', 'loopback', 'private'];

/** @param ruleset what decides: the policy's own rules, or those of a firewall that is asked about the policy's zones */
export function reachability(intent: Intent, ruleset: Ruleset): Reachability {
  const space = new HeaderSpace();
  const accept = denote(space, ruleset).accept;
  const possible = possiblePackets(space);
  const context = patternContext(intent, ruleset);
  const endpoints = endpointsOf(intent);
  const services = servicesAsked(intent);
  const connections: Connection[] = [];
  for (const from of endpoints) {
    for (const to of endpoints) {
      if (from === to && !from.peers.some((peer) => peer.kind === 'remote')) continue;
      const allowed = services.flatMap((service) =>
        allowedServices(between(from, to, service, context), service.protocol, accept, possible),
      );
      if (allowed.length > 0) connections.push({ from: from.id, to: to.id, allowed });
    }
  }
  return { endpoints: endpoints.map(({ id }) => ({ id })), connections };
}

function between(from: Endpoint, to: Endpoint, service: Service, context: PatternContext): Passage[] {
  const sport = PORT_PROTOCOLS.includes(service.protocol) ? { sport: ORDINARY_PORTS } : {};
  const sources = from.peers.filter((peer) => peer.kind !== 'named');
  return questionPassages({ text: '', from: sources, to: to.peers, service, state: 'new', ...sport }, context);
}

/** Services that every packet between the two may use, and apart those that only some may. */
function allowedServices(
  passages: readonly Passage[],
  protocol: number,
  accept: PacketSet,
  possible: PacketSet,
): AllowedService[] {
  const { space } = accept;
  const none = space.nothing();
  let some = none;
  let never = none; // services of which at least one packet is stopped
  for (const passage of passages) {
    const stages = passage.map((pattern) => packetsOf(space, patternMatch(pattern)).intersect(possible));
    some = some.union(stages.map((stage) => servicesOf(stage.intersect(accept))).reduce((a, b) => a.intersect(b)));
    never = stages.map((stage) => servicesOf(stage.subtract(accept))).reduce((a, b) => a.union(b), never);
  }
  return [
    allowedService(some.subtract(never), protocol, false),
    allowedService(some.intersect(never), protocol, true),
  ].filter((service) => service !== undefined);
}

/** The zones of the policy, the host, the internet, and whatever flows name without a zone. */
function endpointsOf(intent: Intent): Endpoint[] {
  const used = new Set(intent.grants.flatMap((grant) => [...grant.from, ...grant.to]).map(peerKey));
  const zones = [...intent.zones]
    .filter(
      ([id, peers]) =>
        !BUILT_IN_AND_SILENT.includes(id) || (peers.length > 0 && peers.every((peer) => used.has(peerKey(peer)))),
    )
    .map(([id, peers]) => ({ id, peers }));
  const known = new Set(zones.flatMap((zone) => zone.peers).map(peerKey));
  const others = new Map<string, Endpoint>();
  for (const peer of intent.grants.flatMap((grant) => [...grant.from, ...grant.to])) {
    const key = peerKey(peer);
    if (!known.has(key) && !others.has(key)) others.set(key, { id: idOf(peer, intent), peers: [peer] });
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
