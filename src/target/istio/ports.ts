import type { PortMatch } from '../../kubernetes/index.ts';
import { spansOf } from '../cluster/ports.ts';

const LISTED_AT_MOST = 256; // Istio lists ports one by one

/** The TCP ports of a flow, one by one; `every`: all of them, or more than are listed; none: it has no TCP. */
export function tcpPorts(ports: readonly PortMatch[] | 'any'): readonly number[] | 'every' {
  if (ports === 'any') return 'every';
  const spans = spansOf(ports).filter(({ protocol }) => protocol === 'TCP');
  const count = spans.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  if (count > LISTED_AT_MOST) return 'every';
  return spans.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, at) => first + at));
}

export const EVERY_TCP: PortMatch = { kind: 'ports', protocol: 'TCP', first: 1, last: 65_535 };

/** What Istio's proxies pass by: all but TCP (istio.io, Traffic Routing, protocol selection). */
export const NOT_TCP: readonly PortMatch[] = [
  { kind: 'ports', protocol: 'UDP', first: 1, last: 65_535 },
  { kind: 'ports', protocol: 'SCTP', first: 1, last: 65_535 },
  { kind: 'ports', protocol: 'ICMP', first: 0, last: 255 },
  { kind: 'ports', protocol: 'ICMPv6', first: 0, last: 255 },
  ...Array.from({ length: 256 }, (_, number) => number)
    .filter((number) => ![1, 6, 17, 58, 132].includes(number))
    .map((number): PortMatch => ({ kind: 'protocol', number })),
];
