import { type Address, type Family, PROTOCOLS } from '../../src/net/index.ts';
import type { Packet } from './packet.ts';

/** What the bytes of an IP packet are made of. */
export interface WirePacket
  extends Pick<Packet, 'src' | 'dst' | 'protocol' | 'sport' | 'dport' | 'icmpType' | 'icmpCode'> {
  readonly family: Family;
  readonly tcpFlags: number;
  readonly ttl: number;
  readonly options: boolean;
  readonly number: number; // 16 bits: identification, or the low bits of the flow label
  readonly acknowledges?: boolean; // TCP: answers sequence number 1
  readonly quotes?: Uint8Array; // what an ICMP error is about
}

/** The IP packet, byte by byte, with right checksums (RFC 791, 8200, 9293, 768, 792, 4443, 9260). */
export function packetBytes(packet: WirePacket): Uint8Array {
  const transport = transportBytes(packet);
  return packet.family === 4 ? ipv4(packet, transport) : ipv6(packet, transport);
}

const END_AND_NOPS = [1, 1, 1, 0]; // three no-operations and the end of options, RFC 791 3.1

function ipv4(packet: WirePacket, transport: Uint8Array): Uint8Array {
  const header = packet.options ? 24 : 20;
  const bytes = new Uint8Array(header + transport.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = 0x40 | (header >> 2);
  view.setUint16(2, bytes.length);
  view.setUint16(4, packet.number);
  view.setUint16(6, 0x4000); // don't fragment
  bytes[8] = packet.ttl;
  bytes[9] = packet.protocol;
  bytes.set(addressBytes(packet.src), 12);
  bytes.set(addressBytes(packet.dst), 16);
  if (packet.options) bytes.set(END_AND_NOPS, 20);
  view.setUint16(10, checksum(bytes.subarray(0, header)));
  bytes.set(transport, header);
  return bytes;
}

const DESTINATION_OPTIONS = 60;

function ipv6(packet: WirePacket, transport: Uint8Array): Uint8Array {
  const extension = packet.options ? [packet.protocol, 0, 1, 4, 0, 0, 0, 0] : []; // padded, RFC 8200 4.2
  const bytes = new Uint8Array(40 + extension.length + transport.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = 0x60;
  view.setUint16(2, packet.number);
  view.setUint16(4, bytes.length - 40);
  bytes[6] = packet.options ? DESTINATION_OPTIONS : packet.protocol;
  bytes[7] = packet.ttl;
  bytes.set(addressBytes(packet.src), 8);
  bytes.set(addressBytes(packet.dst), 24);
  bytes.set(extension, 40);
  bytes.set(transport, 40 + extension.length);
  return bytes;
}

function transportBytes(packet: WirePacket): Uint8Array {
  switch (packet.protocol) {
    case PROTOCOLS.tcp:
      return tcp(packet);
    case PROTOCOLS.udp:
    case PROTOCOLS.udplite:
      return udp(packet);
    case PROTOCOLS.sctp:
      return sctp(packet);
    case PROTOCOLS.dccp:
      return dccp(packet);
    case PROTOCOLS.icmp:
    case PROTOCOLS.icmpv6:
      return icmp(packet);
    default:
      return new Uint8Array(16);
  }
}

function ports(packet: WirePacket, length: number): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, packet.sport);
  view.setUint16(2, packet.dport);
  return { bytes, view };
}

function tcp(packet: WirePacket): Uint8Array {
  const { bytes, view } = ports(packet, 20);
  view.setUint32(4, 1); // sequence number
  view.setUint32(8, packet.acknowledges === true ? 2 : 0);
  bytes[12] = 5 << 4; // data offset
  bytes[13] = packet.tcpFlags;
  view.setUint16(14, 65535); // window
  view.setUint16(16, checksum(pseudoHeader(packet, bytes.length), bytes));
  return bytes;
}

function udp(packet: WirePacket): Uint8Array {
  const { bytes, view } = ports(packet, 12);
  view.setUint16(4, bytes.length); // UDP-Lite: the checksum covers all of it
  view.setUint16(6, checksum(pseudoHeader(packet, bytes.length), bytes) || 0xffff);
  return bytes;
}

/** An INIT chunk (RFC 9260 3.3.2); the checksum is left out, the receiver's kernel is told not to look at it. */
function sctp(packet: WirePacket): Uint8Array {
  const { bytes, view } = ports(packet, 32);
  bytes[12] = 1; // INIT
  view.setUint16(14, 20); // its length
  view.setUint32(16, 1); // initiate tag
  view.setUint32(20, 65535); // window
  view.setUint16(24, 1); // streams
  view.setUint16(26, 1);
  return bytes;
}

/** A request (RFC 4340 5.1, 5.2). */
function dccp(packet: WirePacket): Uint8Array {
  const { bytes, view } = ports(packet, 20);
  bytes[4] = 5; // data offset in words
  bytes[8] = 1; // request, long sequence numbers
  view.setUint16(6, checksum(pseudoHeader(packet, bytes.length), bytes));
  return bytes;
}

function icmp(packet: WirePacket): Uint8Array {
  const quoted = packet.quotes ?? new Uint8Array(8);
  const bytes = new Uint8Array(8 + quoted.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = packet.icmpType;
  bytes[1] = packet.icmpCode;
  if (packet.quotes === undefined) view.setUint32(4, 0x0001_0001); // identifier and sequence number of an echo
  bytes.set(quoted, 8);
  const pseudo = packet.protocol === PROTOCOLS.icmpv6 ? pseudoHeader(packet, bytes.length) : new Uint8Array(0);
  view.setUint16(2, checksum(pseudo, bytes));
  return bytes;
}

/** RFC 9293 3.1 and RFC 8200 8.1; both sum up alike. */
function pseudoHeader(packet: WirePacket, length: number): Uint8Array {
  const src = addressBytes(packet.src);
  const bytes = new Uint8Array(2 * src.length + 8);
  bytes.set(src, 0);
  bytes.set(addressBytes(packet.dst), src.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(2 * src.length + 2, length);
  view.setUint16(2 * src.length + 6, packet.protocol);
  return bytes;
}

/** The ones' complement of the ones' complement sum (RFC 1071), over parts of even length but the last. */
export function checksum(...parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of parts) {
    for (let at = 0; at < part.length; at += 2) sum += ((part[at] ?? 0) << 8) | (part[at + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

export function addressBytes(address: Address): Uint8Array {
  const bytes = new Uint8Array(address.family === 4 ? 4 : 16);
  let rest = address.value;
  for (let at = bytes.length - 1; at >= 0; at--) {
    bytes[at] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}
