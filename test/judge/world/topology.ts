import { type AddressRange, type Family, range } from '../../../src/net/index.ts';

/**
 * The machine under judgement has six wires; all of them lead to one namespace outside, which answers nothing. What comes in by an
 * `input` wire is for the machine itself, whatever its address; what comes in by a `forward` wire is routed by its destination.
 */
export interface Wire {
  readonly name: string;
  readonly way: 'input' | 'forward';
  readonly index: number; // from 0
}

export const WIRES: readonly Wire[] = [
  wire('eth0', 'input', 0),
  wire('br-1', 'input', 1),
  wire('eth10', 'input', 2),
  wire('eth1', 'forward', 3),
  wire('br-22', 'forward', 4),
  wire('wan', 'forward', 5),
];

function wire(name: string, way: 'input' | 'forward', index: number): Wire {
  return { name, way, index };
}

/** Which wire leads where, so that rules about the way out have something to tell apart. */
const ROUTES: readonly (readonly [string, string])[] = [
  ['0.0.0.0/2', 'br-1'],
  ['10.0.0.0/8', 'wan'],
  ['64.0.0.0/2', 'eth1'],
  ['128.0.0.0/2', 'eth10'],
  ['192.0.0.0/2', 'br-22'],
  ['224.0.0.0/4', 'eth0'],
  ['::/2', 'br-1'],
  ['2000::/3', 'eth10'],
  ['2001:db8::/32', 'wan'],
  ['4000::/2', 'eth1'],
  ['8000::/2', 'br-22'],
  ['c000::/2', 'eth0'],
];

/** Addresses of the machine; a broadcast address comes with the first. Each wire has one, or `redirect` would have nowhere to lead. */
const OWN: readonly (readonly [string, string])[] = [
  ['10.0.0.1/24', 'eth0'],
  ['192.0.2.1/32', 'wan'],
  ['2001:db8::1/128', 'eth0'],
  ['fd00::1/128', 'wan'],
  ...WIRES.filter(({ name }) => name !== 'eth0' && name !== 'wan').flatMap(({ name, index }) => [
    [`192.0.2.${64 + index}/32`, name] as const,
    [`fd00:1::${index}/128`, name] as const,
  ]),
];

/** What the routing table says of addresses that are not ordinary ones: the machine's own, all on a link, and groups. */
interface AddressKind {
  readonly type: 'local' | 'broadcast' | 'multicast';
  readonly ranges: readonly AddressRange[];
}

const ownRanges = (family: Family): AddressRange[] =>
  OWN.map(([text]) => range(text.replace(/\/.*/, ''))).filter((each) => each.family === family);

export const ADDRESS_KINDS: Readonly<Record<Family, readonly AddressKind[]>> = {
  4: [
    { type: 'local', ranges: [range('127.0.0.0/8'), ...ownRanges(4)] },
    { type: 'broadcast', ranges: [range('255.255.255.255'), range('10.0.0.255')] },
    { type: 'multicast', ranges: [range('224.0.0.0/4')] },
  ],
  6: [
    { type: 'local', ranges: [range('::1'), ...ownRanges(6)] },
    { type: 'multicast', ranges: [range('ff00::/8')] },
  ],
};

/** Where packets leave the machine, the longest prefix first. */
export const WAYS_OUT: readonly { readonly name: string; readonly range: AddressRange }[] = [
  ...[...ADDRESS_KINDS[4], ...ADDRESS_KINDS[6]].flatMap(({ type, ranges }) =>
    type === 'local' ? ranges.map((each) => ({ name: 'lo', range: each })) : [],
  ),
  ...ROUTES.map(([prefix, name]) => ({ name, range: range(prefix) })).sort((a, b) =>
    a.range.last - a.range.first < b.range.last - b.range.first ? -1 : 1,
  ),
];

const INPUT_TABLE = 101;

/** For `ip -<family> -batch`: the machine's wires, with the other ends in the namespace of the path. */
export function machineLines(family: Family, outside: string): string[] {
  const ofFamily = (text: string): boolean => text.includes(':') === (family === 6);
  return [
    ...(family === 4 ? ['link set lo up', ...WIRES.flatMap((each) => linkLines(each, outside))] : []),
    ...WIRES.map(
      ({ name, index }) => `neigh add ${gateway(family, index)} lladdr ${hardware(index, 3)} dev ${name} nud permanent`,
    ),
    ...OWN.filter(([address]) => ofFamily(address)).map(
      ([address, name]) => `addr add ${address} dev ${name} noprefixroute ${extras(address)}`,
    ),
    ...ROUTES.filter(([prefix]) => ofFamily(prefix)).map(([prefix, name]) => {
      const index = WIRES.findIndex((each) => each.name === name);
      return `route add ${prefix} via ${gateway(family, index)} dev ${name} onlink`;
    }),
    `route add local default dev lo table ${INPUT_TABLE}`,
    ...WIRES.filter(({ way }) => way === 'input').map(
      ({ name }) => `rule add pref 10 iif ${name} lookup ${INPUT_TABLE}`,
    ),
  ];
}

function linkLines({ name, index }: Wire, outside: string): string[] {
  return [
    `link add name ${name} address ${hardware(index, 1)} type veth peer name out${index} address ${hardware(index, 2)} netns ${outside}`,
    `link set ${name} addrgenmode none`,
    `link set ${name} up`,
  ];
}

/** For `ip -batch` outside: the other ends, which take nothing in. */
export function outsideLines(): string[] {
  return WIRES.flatMap(({ index }) => [`link set out${index} addrgenmode none`, `link set out${index} up`]);
}

/** Before the wires are there: settings of the machine, under /proc/sys/net. */
export const SETTINGS: readonly (readonly [string, string])[] = [
  ['ipv4/ip_forward', '1'],
  ['ipv6/conf/all/forwarding', '1'],
  ...['all', 'default'].flatMap((which): (readonly [string, string])[] => [
    [`ipv4/conf/${which}/rp_filter`, '0'],
    [`ipv4/conf/${which}/accept_local`, '1'],
    [`ipv4/conf/${which}/route_localnet`, '1'],
    [`ipv4/conf/${which}/log_martians`, '0'],
    [`ipv4/conf/${which}/send_redirects`, '0'],
    [`ipv6/conf/${which}/accept_dad`, '0'],
    [`ipv6/conf/${which}/accept_ra`, '0'],
  ]),
];

/** Once conntrack is there. Checksums are right where there is one; SCTP's is left out. */
export const CONNTRACK_SETTINGS: readonly (readonly [string, string])[] = [
  ['netfilter/nf_conntrack_checksum', '0'],
  ['netfilter/nf_conntrack_tcp_be_liberal', '1'],
];

/** The hardware address of one end of a wire: 1 the machine's, 2 the other, 3 nobody's (locally administered, IEEE 802). */
export function hardware(index: number, end: 1 | 2 | 3): string {
  return `02:00:00:00:0${index}:0${end}`;
}

function gateway(family: Family, index: number): string {
  return family === 4 ? `198.18.${index}.2` : `fe80::${index + 2}`;
}

function extras(address: string): string {
  return address.includes(':') ? 'nodad' : address.endsWith('/24') ? 'brd +' : '';
}
