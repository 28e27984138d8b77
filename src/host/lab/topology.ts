import type { Family } from '../../net/index.ts';

/**
 * The private world, for each interface of the protected host:
 *
 *     host                                     outer namespace, one for each interface: all other machines
 *     eth0  198.18.0.1, 2001:2::1  ───veth───  uplink  198.18.0.2, 2001:2::2
 *                                              every address of both families is its own,
 *                                              every TCP and UDP port is answered
 *
 * So any source can be played and any destination answers. Addresses come from the ranges for bench tests (RFC 2544,
 * RFC 5180). Neighbours are fixed, so that what is measured is the policy and not the patience of address resolution.
 */
export interface Link {
  readonly name: string; // of the host's end
  readonly index: number; // from 0; the first is the default way out
  readonly host: Readonly<Record<Family, string>>;
  readonly outer: Readonly<Record<Family, string>>;
}

const FAMILIES = [4, 6] as const;
const LOCAL_FIRST = 100; // preference of our rules on the host: behind `local` (0), before `main` (32766)

export interface IpBatch {
  readonly family: Family;
  readonly lines: readonly string[]; // for `ip -<family> -batch -`
}

/** The host's end; `outerPid` is a process in the outer namespace. */
export function hostSetup(link: Link, outerPid: number): IpBatch[] {
  const { name } = link;
  return FAMILIES.map((family) => ({
    family,
    lines: [
      ...(family === 4
        ? [
            'link set lo up',
            `link add name ${name} address ${hardware(link, 1)} type veth peer name uplink address ${hardware(link, 2)} netns ${outerPid}`,
            `link set ${name} addrgenmode none`, // no link-local address, whose duplicate detection takes a second
            `link set ${name} up`,
          ]
        : []),
      `addr add ${whole(link.host[family])} dev ${name}${family === 6 ? ' nodad' : ''}`,
      `neigh add ${link.outer[family]} lladdr ${hardware(link, 2)} dev ${name} nud permanent`,
      `route add default via ${link.outer[family]} dev ${name} onlink src ${link.host[family]} table ${table(link)}`,
      ...(link.index === 0
        ? [`route add default via ${link.outer[family]} dev ${name} onlink src ${link.host[family]}`]
        : []),
    ],
  }));
}

/** The outer end: its own packets always leave by the wire, and whatever arrives is for it. */
export function outerSetup(link: Link): IpBatch[] {
  return FAMILIES.map((family) => ({
    family,
    lines: [
      ...(family === 4 ? ['link set lo up', 'link set uplink addrgenmode none', 'link set uplink up'] : []),
      `addr add ${whole(link.outer[family])} dev uplink${family === 6 ? ' nodad' : ''}`,
      `neigh add ${link.host[family]} lladdr ${hardware(link, 1)} dev uplink nud permanent`,
      `route add default via ${link.host[family]} dev uplink onlink src ${link.outer[family]} table ${LOCAL_FIRST}`,
      `route add local default dev lo table local`,
      `rule add pref 1 iif lo lookup ${LOCAL_FIRST}`, // `iif lo`: what this machine sends itself (ip-rule(8))
      'rule add pref 2 lookup local',
      'rule del pref 0',
    ],
  }));
}

/** IPv6 binds only to addresses that an interface has. */
export function ownAddresses(addresses: Iterable<string>): IpBatch {
  return { family: 6, lines: [...addresses].map((address) => `addr add ${whole(address)} dev lo nodad`) };
}

/** The host's way: what it sends itself leaves by `out`; what comes in by `forwardFrom` leaves by `out`, and back. */
export function routing(out: Link, forwardFrom?: Link): IpBatch[] {
  return FAMILIES.map((family) => ({
    family,
    lines: [
      `rule add pref ${LOCAL_FIRST} iif lo lookup ${table(out)}`,
      ...(forwardFrom === undefined
        ? []
        : [
            `rule add pref ${LOCAL_FIRST + 1} iif ${forwardFrom.name} lookup ${table(out)}`,
            `rule add pref ${LOCAL_FIRST + 2} iif ${out.name} lookup ${table(forwardFrom)}`,
          ]),
    ],
  }));
}

/** Takes `routing` back. */
export function unrouting(out: Link, forwardFrom?: Link): IpBatch[] {
  return routing(out, forwardFrom).map(({ family, lines }) => ({
    family,
    lines: lines.map((line) => line.replace('rule add', 'rule del')),
  }));
}

/** In the outer namespaces: one listener answers on every port. */
export function answerOnEveryPort(port: number): string {
  return `table inet answers {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    meta l4proto { tcp, udp } redirect to :${port}
  }
}
`;
}

function table(link: Link): number {
  return LOCAL_FIRST + 1 + link.index;
}

function whole(address: string): string {
  return `${address}/${address.includes(':') ? 128 : 32}`;
}

/** A locally administered address (IEEE 802): end 1 is the host's. */
function hardware(link: Link, end: 1 | 2): string {
  return `02:00:00:00:${link.index.toString(16).padStart(2, '0')}:0${end}`;
}
