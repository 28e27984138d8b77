import type { InterfacePattern } from '../../ir/index.ts';
import { type AddressRange, type Family, range } from '../../net/index.ts';
import { AddressSet } from '../../packetset/index.ts';

/** Addresses that one machine can have towards another (RFC 1122 3.2.1.3, RFC 4291 2.4): not loopback, not groups. */
export const UNICAST: readonly AddressRange[] = AddressSet.of(
  [
    '1.0.0.0/8',
    '2.0.0.0/7',
    '4.0.0.0/6',
    '8.0.0.0/5',
    '16.0.0.0/4',
    '32.0.0.0/3',
    '64.0.0.0/2',
    '128.0.0.0/2',
    '192.0.0.0/3',
  ]
    .concat('2000::/3', 'fc00::/7', 'fe80::/10')
    .map(range),
)
  .subtract(AddressSet.of([range('127.0.0.0/8')]))
  .ranges();

/** Those of them that may be far away: neighbours on the link (fe80::/10, 169.254.0.0/16) are few, whatever their prefix says. */
export const GLOBAL: readonly AddressRange[] = AddressSet.of(UNICAST)
  .subtract(AddressSet.of([range('fe80::/10'), range('169.254.0.0/16')]))
  .ranges();

/** How many addresses may do something. */
export type Breadth = 'none' | 'narrow' | 'broad' | 'world';

/** More than half of the public addresses; whoever leaves out a few countries has still opened to the world. */
const WORLD: Readonly<Record<Family, bigint>> = { 4: 1n << 31n, 6: 1n << 124n }; // of 2000::/3
/** A /16 of IPv4 is the largest network that one site plausibly uses as one; of IPv6 a site gets a /48 (RFC 6177). */
const BROAD: Readonly<Record<Family, bigint>> = { 4: 1n << 16n, 6: 1n << 80n };

export function breadthOf(family: Family, addresses: bigint): Breadth {
  if (addresses === 0n) return 'none';
  if (addresses > WORLD[family]) return 'world';
  return addresses > BROAD[family] ? 'broad' : 'narrow';
}

/**
 * Interfaces that by custom lead to this machine's own containers and machines, or into a private tunnel: what is open there only is not open
 * to the world, whatever addresses it names.
 */
export const INNER_INTERFACES: readonly InterfacePattern[] = [
  ...[
    'docker',
    'br-',
    'veth',
    'virbr',
    'vnet',
    'lxc',
    'lxd',
    'cni',
    'flannel',
    'cali',
    'podman',
    'wg',
    'tun',
    'tap',
    'tailscale',
    'zt',
  ].map((name) => ({ name, wildcard: true })),
];
