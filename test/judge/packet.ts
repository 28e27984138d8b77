import type { Address, Family } from '../../src/net/index.ts';

/** A packet that is to be sent, and the circumstances in which it is sent. */
export interface Packet {
  readonly entry: Entry;
  readonly family: Family;
  readonly src: Address;
  readonly dst: Address;
  readonly protocol: number;
  readonly sport: number; // of no meaning where the protocol has no ports
  readonly dport: number;
  readonly icmpType: number; // of no meaning where the protocol is neither ICMP nor ICMPv6
  readonly icmpCode: number;
  readonly tcpFlags: number;
  readonly ttl: number; // or hop limit: `LOWEST_TTL`-255, so that nothing the kernel sends by itself looks like ours
  readonly mark: number; // index into `MARKS`: what the packet is marked with before the first rule under test
  readonly tracked: boolean; // false: conntrack leaves it alone
  readonly history: History;
  readonly options: boolean; // with an IPv4 option, or an IPv6 extension header, before the transport's header
}

/** By which interface it comes in, or which account of the machine itself sends it. */
export type Entry = { readonly interface: string } | { readonly account: number };

/**
 * What conntrack has seen before: nothing, the same packet and an answer to it, a packet that it answers, or the packet whose
 * failure it reports (an ICMP error).
 */
export type History = 'none' | 'answered' | 'answer' | 'error';

export const MARKS = [0, 1, 0x4000, 0xffff_ffff] as const;
export const LOWEST_TTL = 130;

/** Serial numbers of packets in one volley, `0` to this (exclusive): they share 16 bits with `MARKS` and `tracked`. */
export const VOLLEY_LIMIT = 0x1ffe;

/** The 16-bit number that a packet carries, as identification (IPv4) or in its flow label (IPv6), where no rule under test looks. */
export function packetNumber(packet: Pick<Packet, 'mark' | 'tracked'>, serial: number): number {
  return (packet.tracked ? 0 : 0x8000) | (packet.mark << 13) | (serial + 1);
}

export function serialOf(number: number): number {
  return (number & 0x1fff) - 1;
}
