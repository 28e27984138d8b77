import {
  formatPortRange,
  ICMP_TYPES,
  ICMPV6_TYPES,
  PORT_PROTOCOLS,
  type PortRange,
  PROTOCOLS,
  protocolName,
} from '../net/index.ts';
import { boxes, type PacketSet } from '../packetset/index.ts';

/** What may be reached: a protocol with its ports or types; absent means all of them. */
export interface AllowedService {
  readonly protocol: string; // upper case: `TCP`
  readonly ports?: string; // `80`, `80-443`, `80,443`
  readonly types?: string; // of ICMP, by name
  readonly partial?: true; // only some of the packets between the two, on these, pass
}

/** The services that at least one packet of the set has: what is left of it when all but port and type are forgotten. */
export function servicesOf(set: PacketSet): PacketSet {
  return set.space.project(set, ['dport', 'icmpType']);
}

/** @param services a set as `servicesOf` gives it, of one protocol */
export function allowedService(services: PacketSet, protocol: number, isPartial: boolean): AllowedService | undefined {
  if (services.isEmpty()) return undefined;
  const partial = isPartial ? { partial: true as const } : {};
  const name = protocolName(protocol).toUpperCase();
  if (services.isEverything()) return { protocol: name, ...partial };
  const isPorts = PORT_PROTOCOLS.includes(protocol);
  const ranges = [...boxes(services)].flatMap((box) => box.numbers.get(isPorts ? 'dport' : 'icmpType') ?? []);
  const sorted = ranges.toSorted((a, b) => a.first - b.first);
  if (isPorts) return { protocol: name, ports: sorted.map(formatPortRange).join(','), ...partial };
  return { protocol: name, types: sorted.map((range) => typeText(protocol, range)).join(','), ...partial };
}

function typeText(protocol: number, range: PortRange): string {
  const names = protocol === PROTOCOLS.icmpv6 ? ICMPV6_TYPES : ICMP_TYPES;
  const known = Object.entries(names).find(([, type]) => type === range.first);
  return range.first === range.last && known !== undefined ? known[0] : formatPortRange(range);
}
