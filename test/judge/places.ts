import type { BaseChain, Match, Rule, Ruleset } from '../../src/ir/index.ts';
import { PORT_PROTOCOLS } from '../../src/net/index.ts';
import { FIRST_PACKETS_ONLY } from '../../src/target/netfilter/translation.ts';
import type { Packet } from './packet.ts';
import { matchesOf, ruleMatches } from './read.ts';
import type { Sighting } from './world/protocol.ts';
import { STATUS } from './world/recorder.ts';

/** What rulesets ask for and do, and where: all that makes a packet another one on its way, as our semantics does not take it to be. */
export interface Asked {
  readonly hops: boolean;
  readonly types: boolean; // of addresses
  readonly wayOut: boolean;
  readonly before: boolean; // before the routing
  readonly after: boolean; // after it
  readonly reroutes: boolean; // changes packets where a chain of type route may look for another way
  readonly translates: boolean;
  readonly firstOnly: boolean; // in a chain of type nat, whether it translates or not
  readonly sourcePort: boolean; // once sources are translated
  readonly sourcePorts: ReadonlySet<number>; // to which they are
}

const SOURCE_TRANSLATION = 100; // NF_IP_PRI_NAT_SRC, include/uapi/linux/netfilter_ipv4.h

export function placesOf(rulesets: readonly Ruleset[]): Asked {
  const tables = rulesets.flatMap((ruleset) => ruleset.tables);
  const matches = rulesets.flatMap(matchesOf);
  const bases = tables.flatMap(({ chains }) => chains.flatMap(({ base }) => (base === undefined ? [] : [base])));
  const effects = tables.flatMap(({ chains }) => chains.flatMap(({ rules }) => rules.flatMap(translations)));
  const late = tables.filter(({ chains }) => chains.some(({ base }) => base !== undefined && isLate(base)));
  return {
    hops: matches.some((match) => match.kind === 'quantity' && HOPS.includes(match.quantity)),
    types: matches.some((match) => match.kind === 'field' && (match.field === 'srcType' || match.field === 'dstType')),
    wayOut: matches.some((match) => match.kind === 'interface' && match.side === 'out'),
    before: bases.some(({ hook }) => hook === 'ingress' || hook === 'prerouting'),
    after: bases.some(({ hook }) => hook === 'postrouting' || hook === 'egress'),
    reroutes: tables.some(
      ({ chains }) =>
        chains.some(({ base }) => base?.hook === 'output') &&
        chains.some(({ rules }) => rules.some(({ effects = [] }) => effects.length > 0)),
    ),
    translates: tables.some(({ chains }) => chains.some(({ rules }) => rules.some(isTranslating))),
    firstOnly: tables.some(({ chains }) =>
      chains.some(({ rules }) => rules.some(({ origin }) => origin.text === FIRST_PACKETS_ONLY)),
    ),
    sourcePort: late.some(({ chains }) => chains.some(({ rules }) => rules.some(asksForSourcePort))),
    sourcePorts: new Set(effects.flatMap(({ side, port }) => (side === 'src' && port !== undefined ? [port] : []))),
  };
}

const HOPS: readonly string[] = ['ip ttl', 'ip6 hoplimit'];

function translations({ effects = [] }: Rule) {
  return effects.filter((effect) => effect.kind === 'translate');
}

/** `redirect` alone leads to an address that nobody knows: what it does to the connection's status tells. */
function isTranslating({ effects = [] }: Rule): boolean {
  return effects.some(
    (effect) =>
      effect.kind === 'translate' || (effect.kind === 'assign' && effect.quantity === 'ct status' && effect.flip !== 0),
  );
}

function isLate({ hook, priority }: BaseChain): boolean {
  if (hook === 'egress') return true;
  return (hook === 'input' || hook === 'postrouting') && priority > SOURCE_TRANSLATION;
}

function asksForSourcePort(rule: Rule): boolean {
  const isIt = (match: Match): boolean =>
    (match.kind === 'field' && match.field === 'sport') || (match.kind === 'quantity' && match.quantity === 'th sport');
  return ruleMatches(rule).some(isIt);
}

type Seen = Extract<Sighting, { kind: 'seen' }>;

/** Why a packet is not the same to all hooks on its way, as our semantics takes it to be; `undefined` where it is. */
export function placeDependent(packet: Packet, seen: Seen, asked: Asked): string | undefined {
  if (asked.hops && asked.before && seen.hook === 'forward') return 'loses a hop on its way';
  // Of somebody else's address there may be no way to a group; the hook itself then drops the packet (ip_route_me_harder, net/ipv4/netfilter.c).
  const isForMany = seen.dstType === 'broadcast' || seen.dstType === 'multicast';
  if (asked.reroutes && seen.hook === 'output' && isForMany) return 'is routed again';
  // A copy for the machine itself passes postrouting too, without the socket that sent it (ip_mc_output, net/ipv4/ip_output.c).
  if (asked.after && seen.hook === 'output' && isForMany) return 'is sent twice';
  // Routes to link-local addresses depend on the device, which is another one at each hook (nft_fib6_flowi_init).
  const ofLink = [packet.src, packet.dst].some(({ family, value }) => family === 6 && isLinkLocal(value));
  if (asked.types && (asked.before || asked.after) && ofLink) return 'has a link-local address';
  return translated(packet, seen, asked);
}

/** Only what the first packet of a connection is translated to do rules say; the later ones follow it, whatever we were told of them. */
function translated(packet: Packet, seen: Seen, asked: Asked): string | undefined {
  const { status } = seen.connection;
  if ((status & (STATUS.snat | STATUS.dnat)) !== 0) return 'belongs to a translated connection';
  // Where connection tracking knows no ports (DCCP since Linux 6.17, ...) one connection has packets of many.
  if ((asked.translates || asked.firstOnly) && seen.state === 'new' && (status & STATUS.confirmed) !== 0)
    return 'has come before, and passed the chains of type nat then';
  if (!asked.translates) return undefined;
  // Its connection is the same both ways and looks like itself, so that the kernel takes its own address and port for used.
  if (packet.src.value === packet.dst.value) return 'is sent to its own source';
  if (asked.wayOut && seen.rerouted) return 'is routed again';
  // `redirect` wants an own address of the destination's scope, and drops the packet without one (net/netfilter/nf_nat_redirect.c).
  if (packet.family === 6 && !isGlobal(packet.dst.value)) return 'has a destination that is not of global scope';
  // Of two connections that would look alike the kernel moves one to another number or port, and takes its destination for translated
  // where that was at the destination's turn (nf_nat_setup_info, get_unique_tuple, nf_nat_used_tuple, net/netfilter/nf_nat_core.c).
  const { sourcePort, identified } = seen;
  if (identified) return 'has got another identifier';
  if (!asked.sourcePort || sourcePort === undefined || !PORT_PROTOCOLS.includes(packet.protocol)) return undefined;
  return sourcePort !== packet.sport && !asked.sourcePorts.has(sourcePort) ? 'has got another source port' : undefined;
}

/** Neither ::/96, fe80::/10, fec0::/10 nor a group (RFC 4291 2.4). */
function isGlobal(value: bigint): boolean {
  return value >> 32n !== 0n && ![0x3fan, 0x3fbn].includes(value >> 118n) && value >> 120n !== 0xffn;
}

/** fe80::/10, and groups of link-local scope: ff02::/16 with any flags. */
function isLinkLocal(value: bigint): boolean {
  return value >> 118n === 0x3fan || (value >> 120n === 0xffn && ((value >> 112n) & 0xfn) === 2n);
}
