import type { ConnectionProtocol, PortMatch } from '../../kubernetes/index.ts';

const HIGHEST_PORT = 65_535;

/** Ports of one protocol, joined where they touch. */
export interface PortSpan {
  readonly protocol: ConnectionProtocol;
  readonly first: number;
  readonly last: number; // inclusive
  readonly whole: boolean; // every port, or every type
}

/** What a rule is about, in the order of the protocols; what is no port or type is left out. */
export function spansOf(ports: readonly PortMatch[]): readonly PortSpan[] {
  return (['TCP', 'UDP', 'SCTP', 'ICMP', 'ICMPv6'] as const).flatMap((protocol) => {
    const own = ports
      .filter((port) => port.kind === 'ports')
      .filter((port) => port.protocol === protocol)
      .toSorted((a, b) => a.first - b.first);
    const joined: { first: number; last: number }[] = [];
    for (const { first, last } of own) {
      const before = joined.at(-1);
      if (before !== undefined && first <= before.last + 1) before.last = Math.max(before.last, last);
      else joined.push({ first, last });
    }
    const isIcmp = protocol === 'ICMP' || protocol === 'ICMPv6';
    return joined.map(({ first, last }) => ({
      protocol,
      first,
      last,
      whole: isIcmp ? first === 0 && last === 255 : first === 1 && last === HIGHEST_PORT,
    }));
  });
}

/** The ports that are of a protocol which an API does not know. */
export function portsBeyond(
  ports: readonly PortMatch[] | 'any',
  known: readonly ConnectionProtocol[],
): readonly PortMatch[] {
  if (ports === 'any') return [];
  return ports.filter((port) => port.kind === 'protocol' || (port.kind === 'ports' && !known.includes(port.protocol)));
}
