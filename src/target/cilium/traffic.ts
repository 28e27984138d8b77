import type { PortMatch } from '../../kubernetes/index.ts';
import type { ObjectTree } from '../cluster/manifest.ts';
import { spansOf } from '../cluster/ports.ts';

const ENTRIES_AT_MOST = 40; // of `ports`, and of `icmps.fields` (pkg/policy/api, maxPorts and maxICMPFields)

/** The part of a rule that says which connections. */
export interface Traffic {
  readonly toPorts?: readonly ObjectTree[];
  readonly icmps?: readonly ObjectTree[];
}

/** What rules ask of ports and of ICMP, one rule's worth each: `toPorts` and `icmps` exclude each other. `undefined`: nothing. */
export function trafficOf(ports: readonly PortMatch[] | 'any'): readonly (Traffic | undefined)[] {
  if (ports === 'any') return [undefined];
  const spans = spansOf(ports);
  const transports = spans.filter(({ protocol }) => protocol !== 'ICMP' && protocol !== 'ICMPv6');
  const entries = transports.map(({ protocol, first, last, whole }) => ({
    port: whole ? '0' : String(first), // 0: every port of the protocol
    endPort: whole || first === last ? undefined : last,
    protocol,
  }));
  const fields = saidTypes(ports).map(({ protocol, type }) => ({
    family: protocol === 'ICMP' ? 'IPv4' : 'IPv6',
    type,
  }));
  return [
    ...slices(entries).map((some) => ({ toPorts: [{ ports: some }] })),
    ...slices(fields).map((some) => ({ icmps: [{ fields: some }] })),
  ];
}

/** Types of ICMP one by one. Every type at once cannot be said. */
function saidTypes(ports: readonly PortMatch[]): { readonly protocol: string; readonly type: number }[] {
  return spansOf(ports)
    .filter(({ protocol, whole }) => (protocol === 'ICMP' || protocol === 'ICMPv6') && !whole)
    .flatMap(({ protocol, first, last }) =>
      Array.from({ length: last - first + 1 }, (_, at) => ({ protocol, type: first + at })),
    );
}

/** What of these ports no rule says: other protocols, and ICMP whole. */
export function unsaidPorts(ports: readonly PortMatch[] | 'any'): readonly PortMatch[] {
  if (ports === 'any') return [];
  return [
    ...ports.filter(({ kind }) => kind === 'protocol'),
    ...spansOf(ports)
      .filter(({ protocol, whole }) => whole && (protocol === 'ICMP' || protocol === 'ICMPv6'))
      .map(({ protocol, first, last }) => ({ kind: 'ports', protocol, first, last }) as const),
  ];
}

function slices<T>(items: readonly T[]): readonly T[][] {
  return Array.from({ length: Math.ceil(items.length / ENTRIES_AT_MOST) }, (_, at) =>
    items.slice(at * ENTRIES_AT_MOST, (at + 1) * ENTRIES_AT_MOST),
  );
}
