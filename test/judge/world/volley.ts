import { PROTOCOLS } from '../../../src/net/index.ts';
import { type Packet, packetNumber } from '../packet.ts';
import { packetBytes, type WirePacket } from '../wire.ts';
import type { Sockets } from './sockets.ts';
import { WIRES } from './topology.ts';

const UNNUMBERED = 0x1fff; // the number of no serial below `VOLLEY_LIMIT`
const ROUTER = WIRES.find(({ way }) => way === 'forward')?.name ?? '';
const OPENING = { syn: 2, synAck: 18 } as const;

/** Sends packets in their order. */
export function sendVolley(sockets: Sockets, packets: readonly Packet[]): void {
  for (const [serial, packet] of packets.entries()) {
    send(sockets, packet.entry, wirePacket(packet, serial));
  }
}

/** A packet of a volley as it is sent. */
export function wirePacket(packet: Packet, serial: number): WirePacket {
  const quotes = packet.history === 'error' ? { quotes: packetBytes(failed(packet, serial)) } : {};
  return { ...packet, number: packetNumber(packet, serial), ...quotes };
}

/** Makes the history that packets have, in a kernel without rules. */
export function sendHistory(sockets: Sockets, packets: readonly Packet[]): void {
  for (const [serial, packet] of packets.entries()) {
    const opening = unnumbered(packet, { tcpFlags: OPENING.syn });
    const answer = reversed(packet);
    switch (packet.history) {
      case 'none':
        break;
      case 'answered':
        send(sockets, packet.entry, opening);
        send(sockets, otherEnd(packet), { ...answer, tcpFlags: OPENING.synAck, acknowledges: true });
        break;
      case 'answer':
        send(sockets, otherEnd(packet), { ...answer, tcpFlags: OPENING.syn });
        break;
      case 'error':
        send(sockets, otherEnd(packet), failed(packet, serial));
        break;
    }
  }
}

/** The histories that a packet can have: only connections have one, and only errors are related to them. */
export function possibleHistories({ protocol, icmpType, family }: Packet): readonly Packet['history'][] {
  const own = family === 4 ? PROTOCOLS.icmp : PROTOCOLS.icmpv6;
  if (protocol === own) {
    const errors = family === 4 ? [3, 11, 12] : [1, 2, 3, 4];
    if (errors.includes(icmpType)) return ['none', 'error'];
    return icmpType === (family === 4 ? 8 : 128) ? ['none', 'answered'] : ['none'];
  }
  return protocol === PROTOCOLS.icmp || protocol === PROTOCOLS.icmpv6 ? ['none'] : ['none', 'answered', 'answer'];
}

function send(sockets: Sockets, entry: Packet['entry'], packet: WirePacket): void {
  if ('interface' in entry) sockets.arrive(entry.interface, packet);
  else sockets.leave(entry.account, packet);
}

/** Where the other end of a packet's connection sends from. */
function otherEnd({ entry }: Packet): Packet['entry'] {
  const forInput = 'interface' in entry && WIRES.some(({ name, way }) => name === entry.interface && way === 'input');
  return forInput ? { account: 0 } : { interface: ROUTER };
}

function unnumbered(packet: Packet, changes: Partial<WirePacket>): WirePacket {
  return { ...packet, ttl: 200, options: false, number: UNNUMBERED, ...changes };
}

function reversed(packet: Packet): WirePacket {
  const { src, dst, sport, dport } = packet;
  const reply = packet.family === 4 ? 0 : 129; // of an echo request
  return unnumbered(packet, { src: dst, dst: src, sport: dport, dport: sport, icmpType: reply, icmpCode: 0 });
}

/** The packet whose failure an ICMP error reports: one that the error's receiver had sent. */
function failed(packet: Packet, serial: number): WirePacket {
  const { src, dst } = packet;
  return unnumbered(packet, { src: dst, dst: src, protocol: PROTOCOLS.udp, sport: 20_000 + serial, dport: 53 });
}
