import { type AddressRange, parsePrefix, prefixRange, wholeFamily } from '../../net/index.ts';
import { AddressSet } from '../../packetset/index.ts';

/**
 * An address block as the products' own readers take it: bits behind the length are ignored (Go's `net.ParseCIDR`, which all of them
 * call), an address alone is itself. `undefined` where it is neither.
 */
export function blockOf(text: string): AddressRange | undefined {
  const read = parsePrefix(text);
  if (!('kind' in read)) return prefixRange(read);
  return read.kind === 'host-bits' ? prefixRange(read.meant) : undefined;
}

export const ALL_ADDRESSES = AddressSet.of([wholeFamily(4), wholeFamily(6)]);

/**
 * Where pods and nodes have their addresses unless somebody decided otherwise: RFC 1918, RFC 6598, RFC 4193. A block that does not touch
 * these is taken to mean nobody in the cluster.
 */
const INSIDE = AddressSet.of(
  ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'].map((text) => blockOf(text)!),
);
const INSIDE_IPV4 = AddressSet.of(INSIDE.ranges().filter(({ family }) => family === 4));

/** Whether a set of addresses has those of pods and nodes, where nobody says what addresses they have. */
export function meansInside(addresses: AddressSet): 'all' | 'all of IPv4' | 'some' | 'none' {
  if (INSIDE.subtract(addresses).isEmpty()) return 'all';
  if (INSIDE_IPV4.subtract(addresses).isEmpty()) return 'all of IPv4';
  return INSIDE.intersect(addresses).isEmpty() ? 'none' : 'some';
}
