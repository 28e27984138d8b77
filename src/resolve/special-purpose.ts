import { type AddressRange, range } from '../net/index.ts';
import { AddressSet } from '../packetset/index.ts';

/**
 * Addresses that are not the public internet's, from IANA's registries as of 2026:
 * IPv4 Special-Purpose Address Registry and IPv6 Special-Purpose Address Registry (RFC 6890, RFC 8190), and the registries
 * of multicast addresses (RFC 5771, RFC 4291 2.7). Blocks that are marked "globally reachable" are here too: they serve
 * protocols (AS112, AMT, NAT64), no server that a policy would name.
 */
const IPV4_SPECIAL: readonly string[] = [
  '0.0.0.0/8', // this network, RFC 791 3.2
  '10.0.0.0/8', // private use, RFC 1918
  '100.64.0.0/10', // shared address space of carriers, RFC 6598
  '127.0.0.0/8', // loopback, RFC 1122 3.2.1.3
  '169.254.0.0/16', // link local, RFC 3927; instance metadata of the clouds
  '172.16.0.0/12', // private use, RFC 1918
  '192.0.0.0/24', // IETF protocol assignments, RFC 6890 2.1
  '192.0.2.0/24', // documentation (TEST-NET-1), RFC 5737
  '192.31.196.0/24', // AS112-v4, RFC 7535
  '192.52.193.0/24', // AMT, RFC 7450
  '192.88.99.0/24', // 6to4 relay anycast, deprecated, RFC 7526
  '192.168.0.0/16', // private use, RFC 1918
  '192.175.48.0/24', // direct delegation AS112 service, RFC 7534
  '198.18.0.0/15', // benchmarking, RFC 2544
  '198.51.100.0/24', // documentation (TEST-NET-2), RFC 5737
  '203.0.113.0/24', // documentation (TEST-NET-3), RFC 5737
  '224.0.0.0/4', // multicast, RFC 5771
  '240.0.0.0/4', // reserved, RFC 1112 4, and limited broadcast, RFC 8190
];

/** Within 2000::/3, the only block that global unicast addresses are given out of (IANA IPv6 Address Space, RFC 4291). */
const IPV6_SPECIAL: readonly string[] = [
  '2001::/23', // IETF protocol assignments, RFC 2928: Teredo, benchmarking, ORCHID and others
  '2001:db8::/32', // documentation, RFC 3849
  '2002::/16', // 6to4, RFC 3056
  '2620:4f:8000::/48', // direct delegation AS112 service, RFC 7534
  '3fff::/20', // documentation, RFC 9637
];

export const INTERNET: AddressSet = AddressSet.of([range('0.0.0.0/0'), range('2000::/3')]).subtract(
  AddressSet.of([...IPV4_SPECIAL, ...IPV6_SPECIAL].map(range)),
);

/** RFC 1918 and RFC 4193. Link-local addresses are none of them: instance metadata lives there. */
export const PRIVATE: readonly AddressRange[] = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'].map(
  range,
);
