import { type Flow, type Ruleset, symbolKey } from '../../src/ir/index.ts';
import { PORT_PROTOCOLS, PROTOCOLS } from '../../src/net/index.ts';
import { MARKS, type Packet } from './packet.ts';
import { visitMatches } from './read.ts';
import { whenHolds } from './unknowns.ts';
import { packetBytes } from './wire.ts';
import type { Sighting } from './world/protocol.ts';
import { wirePacket } from './world/volley.ts';

type Seen = Extract<Sighting, { kind: 'seen' }>;

/** When each symbol of a ruleset holds, by its key. */
export type Assumptions = readonly (readonly [key: string, holds: (packet: Packet) => boolean])[];

/** The packet as our semantics sees it: its own bytes, and what the kernel knew of it. */
export function flowOf(packet: Packet, seen: Seen, assumptions: Assumptions): Flow {
  const { entry, family, src, dst, protocol } = packet;
  const hasPorts = PORT_PROTOCOLS.includes(protocol);
  const isIcmp = protocol === PROTOCOLS.icmp || protocol === PROTOCOLS.icmpv6;
  return {
    hook: seen.hook,
    family,
    src,
    dst,
    protocol,
    ...(hasPorts ? { sport: packet.sport, dport: packet.dport } : {}),
    ...(isIcmp ? { icmpType: packet.icmpType, icmpCode: packet.icmpCode } : {}),
    ...(protocol === PROTOCOLS.tcp ? { tcpFlags: packet.tcpFlags } : {}),
    state: seen.state,
    ...('interface' in entry ? { inInterface: entry.interface } : { srcAccount: entry.account }),
    ...(seen.outInterface === undefined ? {} : { outInterface: seen.outInterface }),
    srcType: seen.srcType,
    dstType: seen.dstType,
    quantities: new Map(quantitiesOf(packet, seen)),
    symbols: new Set(assumptions.flatMap(([key, holds]) => (holds(packet) ? [key] : []))),
  };
}

/** Nobody fills the sets of our own target here, and nobody lives in a cgroup; limits never bite. */
export function assumptionsOf(ruleset: Ruleset): Assumptions {
  const found = new Map<string, (packet: Packet) => boolean>();
  visitMatches(ruleset, (match) => {
    if (match.kind !== 'symbol') return;
    const { symbol } = match;
    const holds =
      symbol.kind === 'within-rate' ? always : symbol.kind === 'unknown' ? whenHolds(symbol.text) : undefined;
    if (holds !== undefined) found.set(symbolKey(symbol), holds);
  });
  return [...found];
}

function always(): boolean {
  return true;
}

/** The numbers that are no fields of their own, by the text by which nft asks for them. */
function quantitiesOf(packet: Packet, { hook, connection }: Seen): (readonly [string, number])[] {
  // A packet that is forwarded has lost one hop before it comes to the rules (ip_forward, net/ipv4/ip_forward.c).
  const hops = hook === 'forward' ? packet.ttl - 1 : packet.ttl;
  const bytes = packetBytes(wirePacket(packet, 0));
  return [
    ['mark', MARKS[packet.mark] ?? 0],
    ['ctmark', connection.mark],
    ['ct status', connection.status],
    ['ct direction', connection.reply ? 1 : 0],
    ['meta length', bytes.length],
    ['meta length at egress', bytes.length + 14], // with the Ethernet header, which loopback has too
    ...(packet.family === 4 ? ipv4Quantities(packet, hops, bytes.length) : ipv6Quantities(packet, hops, bytes.length)),
    ...transportQuantities(packet, bytes),
  ];
}

function ipv4Quantities({ options }: Packet, hops: number, length: number): (readonly [string, number])[] {
  return [
    ['ip ttl', hops],
    ['ip length', length],
    ['ip version', 4],
    ['ip hdrlength', options ? 6 : 5],
    ['ip frag-off', 0x4000],
  ];
}

function ipv6Quantities({ options, protocol }: Packet, hops: number, length: number): (readonly [string, number])[] {
  return [
    ['ip6 hoplimit', hops],
    ['ip6 length', length - 40],
    ['ip6 nexthdr', options ? 60 : protocol],
  ];
}

function transportQuantities(packet: Packet, bytes: Uint8Array): (readonly [string, number])[] {
  const start = packet.family === 4 ? (packet.options ? 24 : 20) : packet.options ? 48 : 40;
  const view = new DataView(bytes.buffer, bytes.byteOffset + start);
  const first = (['th sport', 'th dport'] as const).map((name, index) => [name, view.getUint16(2 * index)] as const);
  switch (packet.protocol) {
    case PROTOCOLS.tcp:
      return [...first, ['tcp sequence', 1], ['tcp doff', 5], ['tcp window', 65535]];
    case PROTOCOLS.udp:
      return [...first, ['udp length', view.getUint16(4)]];
    default:
      return first;
  }
}
