import type { PortMatch } from '../../kubernetes/index.ts';
import type { Tree } from '../cluster/manifest.ts';
import { type PortSpan, spansOf } from '../cluster/ports.ts';

/** The protocol of a rule, with what it asks of ports or of ICMP. */
export interface Traffic {
  readonly protocol?: string | number;
  readonly ports?: readonly Tree[]; // of the destination
  readonly icmpType?: number;
}

/** One rule's worth each: Calico's rules have one protocol. */
export function trafficOf(ports: readonly PortMatch[] | 'any'): readonly Traffic[] {
  if (ports === 'any') return [{}];
  const byProtocol = Map.groupBy(spansOf(ports), ({ protocol }) => protocol);
  const numbers = ports.flatMap((port) => (port.kind === 'protocol' ? [port.number] : []));
  return [
    ...[...byProtocol].flatMap(([protocol, spans]) =>
      protocol === 'ICMP' || protocol === 'ICMPv6' ? icmp(protocol, spans) : [withPorts(protocol, spans)],
    ),
    ...numbers.map((protocol) => ({ protocol })),
  ];
}

function withPorts(protocol: string, spans: readonly PortSpan[]): Traffic {
  if (spans.some(({ whole }) => whole)) return { protocol };
  return { protocol, ports: spans.map(({ first, last }) => (first === last ? first : `${first}:${last}`)) };
}

function icmp(protocol: string, spans: readonly PortSpan[]): Traffic[] {
  if (spans.some(({ whole }) => whole)) return [{ protocol }];
  return spans.flatMap(({ first, last }) =>
    Array.from({ length: last - first + 1 }, (_, at) => ({ protocol, icmpType: first + at })),
  );
}
