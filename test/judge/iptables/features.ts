import { type Family, formatAddress, highestAddress, parsePrefix } from '../../../src/net/index.ts';
import { spans } from '../generate/forms.ts';
import {
  ACCOUNTS,
  edgeAddress,
  MARK_MASKS,
  MARK_VALUES,
  PORTS,
  PREFIXES,
  PROTOCOL_NUMBERS,
} from '../generate/values.ts';
import type { Random } from '../random.ts';
import { hardware, WIRES } from '../world/topology.ts';

/** Where a rule stands, as far as iptables itself asks. */
export interface Place {
  readonly family: Family;
  readonly table: 'raw' | 'mangle' | 'nat' | 'filter' | 'security';
  readonly hooks: readonly string[]; // of the built-in chains that it is reached from
  readonly protocol: string | undefined; // that the rule has asked for with `-p`
  readonly hops: boolean; // whether rules ask how far a packet may still go: forwarded ones lose a hop on their way
}

/** One way of asking something of a packet: nothing where it does not fit the place. */
export interface Feature {
  readonly name: string;
  readonly write: (random: Random, place: Place) => string | undefined;
}

const PORT_PROTOCOLS = ['tcp', 'udp', 'sctp', 'dccp'];
const INTERFACES = ['eth0', 'eth1', 'eth10', 'br-1', 'br-22', 'wan', 'eth+', 'br-+', 'lo', 'eth1+', '+'];
const STATES = ['INVALID', 'ESTABLISHED', 'NEW', 'RELATED', 'UNTRACKED', 'SNAT', 'DNAT'];

function not(random: Random): string {
  return random.chance(0.25) ? '! ' : '';
}

function port(random: Random): number {
  return Math.min(Math.max(random.pick(PORTS) + random.pick([-1, 0, 0, 1]), 0), 65535);
}

function portRange(random: Random): string {
  const [first, last] = [port(random), port(random)].sort((a, b) => a - b);
  return random.pick([`${first}`, `${first}:${last}`, `:${last}`, `${first}:`]);
}

function portList(random: Random): string {
  return Array.from({ length: random.between(1, 4) }, () => {
    const [first, last] = [port(random), port(random)].sort((a, b) => a - b);
    return first === last || random.chance(0.6) ? `${first}` : `${first}:${last}`;
  }).join(',');
}

function network(random: Random, family: Family): string {
  if (random.chance(0.25)) return formatAddress({ family, value: edgeAddress(random, family, spans(family)) });
  if (random.chance(0.1))
    return family === 4
      ? random.pick(['10.0.0.5/255.255.0.255', '128.0.0.0/192.0.0.0', '192.0.2.0/255.255.0.0'])
      : '2001:db8::1/ffff:ffff::';
  return random.pick(PREFIXES[family]);
}

/** Without gaps in the mask, where iptables loses them. */
function plainNetwork(random: Random, family: Family): string {
  const text = network(random, family);
  return text.includes('255.255.0.255') ? '10.0.0.0/8' : text;
}

function addressRange(random: Random, family: Family): string {
  const ends = [edgeAddress(random, family, spans(family)), edgeAddress(random, family, spans(family))].sort((a, b) =>
    a < b ? -1 : 1,
  );
  return ends.map((value) => formatAddress({ family, value: value > highestAddress(family) ? 0n : value })).join('-');
}

function masked(random: Random): string {
  const mask = random.chance(0.5) ? undefined : random.pick(MARK_MASKS);
  const value = random.pick(MARK_VALUES);
  const hex = (number: number): string => `0x${(number >>> 0).toString(16)}`;
  return mask === undefined ? hex(value) : `${hex(value & (random.chance(0.9) ? mask : 0xffff_ffff))}/${hex(mask)}`;
}

function someOf(random: Random, words: readonly string[]): string {
  return random.some(words, random.between(1, 3)).join(',');
}

/** `-i` and `-o` where iptables takes them: packets that leave have no way in, and those that come no way out yet. */
function hasInterface({ hooks }: Place, side: 'in' | 'out'): boolean {
  return hooks.every((hook) =>
    side === 'in' ? hook !== 'OUTPUT' && hook !== 'POSTROUTING' : hook !== 'INPUT' && hook !== 'PREROUTING',
  );
}

function feature(name: string, write: Feature['write']): Feature {
  return { name, write };
}

/** A feature for rules that ask for one of these protocols. */
function ofProtocol(
  name: string,
  protocols: readonly string[],
  write: (random: Random, place: Place) => string,
): Feature {
  return feature(name, (random, place) =>
    place.protocol !== undefined && protocols.includes(place.protocol) ? write(random, place) : undefined,
  );
}

function ofFamily(name: string, family: Family, write: (random: Random) => string): Feature {
  return feature(name, (random, place) => (place.family === family ? write(random) : undefined));
}

export const PROTOCOLS_OF: Readonly<Record<Family, readonly string[]>> = {
  4: ['tcp', 'tcp', 'tcp', 'udp', 'udp', 'icmp', 'sctp', 'dccp', 'udplite', '47', 'all'],
  6: ['tcp', 'tcp', 'tcp', 'udp', 'udp', 'ipv6-icmp', 'sctp', 'dccp', 'udplite', '47', 'all'],
};

/** Conditions of what cannot be known, which never hold here: see `known.ts`. */
// Without connlimit: Linux 6.18 now and then drops on the spot a packet of a connection that was there before the rule, whatever the limit.
const NEVER = [
  '-m string --string portcullis-needle --algo bm',
  '-m u32 --u32 0&0x0=0x1',
  '-m physdev --physdev-is-bridged',
  '-m cpu --cpu 99',
  '-m time --datestart 2001-01-01T00:00:00 --datestop 2002-01-01T00:00:00',
  '-m statistic --mode random --probability 0',
  '-m recent --rcheck --name never',
  '-m recent --remove --name never',
  '-m helper --helper ftp',
  '-m hashlimit --hashlimit-above 10000/sec --hashlimit-burst 10000 --hashlimit-name above',
] as const;

const ALWAYS = [
  '-m comment --comment "a \\"quoted\\" word"',
  '-m limit --limit 10000/sec --limit-burst 10000',
  '-m hashlimit --hashlimit-upto 10000/sec --hashlimit-burst 10000 --hashlimit-name upto',
  '-m recent --set --name kept',
  '-m statistic --mode random --probability 1',
  '-m string ! --string portcullis-needle --algo kmp',
  '-m quota --quota 100000000000',
] as const;

export const FEATURES: readonly Feature[] = [
  feature('source', (random, { family }) => `${not(random)}-s ${network(random, family)}`),
  feature('destination', (random, { family }) => `${not(random)}-d ${network(random, family)}`),
  feature('in interface', (random, place) =>
    hasInterface(place, 'in') ? `${not(random)}-i ${random.pick(INTERFACES)}`.replace('! -i +', '-i +') : undefined,
  ),
  feature('out interface', (random, place) =>
    hasInterface(place, 'out') ? `${not(random)}-o ${random.pick(INTERFACES)}`.replace('! -o +', '-o +') : undefined,
  ),
  ofProtocol('ports', PORT_PROTOCOLS, (random, { protocol }) => {
    const range = portRange(random);
    // iptables-nft and iptables-legacy do not agree about the opposite of all ports.
    const sign = /^(?:0?:65535|0:)$/.test(range) ? '' : not(random);
    return `-m ${protocol} ${sign}--${random.pick(['sport', 'dport'])} ${range}`;
  }),
  ofProtocol(
    'tcp flags',
    ['tcp'],
    (random) =>
      `-m tcp ${not(random)}${random.pick(['--syn', '--tcp-flags FIN,SYN,RST,ACK SYN', '--tcp-flags SYN,FIN SYN,FIN', '--tcp-flags ALL NONE', '--tcp-flags ACK,URG ACK', '--tcp-flags RST RST'])}`,
  ),
  ofProtocol(
    'multiport',
    [...PORT_PROTOCOLS, 'udplite'],
    (random) => `-m multiport ${not(random)}--${random.pick(['sports', 'dports', 'ports'])} ${portList(random)}`,
  ),
  ofProtocol(
    'ICMP type',
    ['icmp'],
    (random) =>
      `-m icmp ${not(random)}--icmp-type ${random.pick(['8', 'echo-reply', '3/4', 'port-unreachable', '11', 'any', 'parameter-problem', '3'])}`,
  ),
  ofProtocol(
    'ICMPv6 type',
    ['ipv6-icmp'],
    (random) =>
      `-m icmp6 ${not(random)}--icmpv6-type ${random.pick(['128', 'echo-reply', '1/4', 'packet-too-big', 'neighbour-solicitation', '1', 'port-unreachable'])}`,
  ),
  ofProtocol('congestion flags', ['tcp'], (random) => `-m ecn ${not(random)}--ecn-tcp-${random.pick(['cwr', 'ece'])}`),
  feature(
    'range of addresses',
    (random, { family }) =>
      `-m iprange ${not(random)}--${random.pick(['src', 'dst'])}-range ${addressRange(random, family)}`,
  ),
  ofFamily(
    'type of IPv4 address',
    4,
    (random) =>
      `-m addrtype ${not(random)}--${random.pick(['src', 'dst'])}-type ${someOf(random, ['UNICAST', 'LOCAL', 'BROADCAST', 'MULTICAST', 'ANYCAST', 'UNSPEC'])}`,
  ),
  ofFamily(
    'type of IPv6 address',
    6,
    (random) =>
      `-m addrtype ${not(random)}--${random.pick(['src', 'dst'])}-type ${random.pick(['UNICAST', 'LOCAL', 'MULTICAST', 'UNSPEC', 'LOCAL,UNICAST', 'UNREACHABLE', 'UNREACHABLE,LOCAL', 'MULTICAST,UNICAST'])}`,
  ),
  feature('mark', (random) => `-m mark ${not(random)}--mark ${masked(random)}`),
  feature('mark of the connection', (random) => `-m connmark ${not(random)}--mark ${masked(random)}`),
  feature('state', (random) => `-m state ${not(random)}--state ${someOf(random, STATES.slice(0, 5))}`),
  feature('state of the connection', (random) => `-m conntrack ${not(random)}--ctstate ${someOf(random, STATES)}`),
  feature(
    'status of the connection',
    (random) =>
      `-m conntrack ${not(random)}--ctstatus ${someOf(random, ['NONE', 'EXPECTED', 'SEEN_REPLY', 'ASSURED', 'CONFIRMED'])}`,
  ),
  feature('direction', (random) => `-m conntrack --ctdir ${random.pick(['ORIGINAL', 'REPLY'])}`),
  feature('state and more', (random, { family }) =>
    [
      `-m conntrack ${not(random)}--ctstate ${someOf(random, STATES)}`,
      random.chance(0.5)
        ? `${not(random)}--ctstatus CONFIRMED`
        : `${not(random)}--ctorigdst ${plainNetwork(random, family)}`,
      ...(random.chance(0.3) ? ['--ctdir ORIGINAL'] : []),
    ].join(' '),
  ),
  feature(
    'protocol of the connection',
    (random) => `-m conntrack ${not(random)}--ctproto ${random.pick(PROTOCOL_NUMBERS)}`,
  ),
  feature(
    'addresses of the connection',
    (random, { family }) =>
      `-m conntrack ${not(random)}--ct${random.pick(['orig', 'repl'])}${random.pick(['src', 'dst'])} ${plainNetwork(random, family)}`,
  ),
  feature(
    'ports of the connection',
    (random) =>
      `-m conntrack --ctproto ${random.pick([6, 17])} ${not(random)}--ct${random.pick(['orig', 'repl'])}${random.pick(['src', 'dst'])}port ${portRange(random).replace(/^:/, '0:').replace(/:$/, ':65535')}`,
  ),
  feature(
    'length',
    (random) =>
      `-m length ${not(random)}--length ${random.pick(['40', '20:60', '28', ':59', '61:', '100:65535', '48'])}`,
  ),
  feature('time to live', (random, { family, hops }) => {
    if (!hops) return undefined;
    const prefix = family === 4 ? 'ttl' : 'hl';
    return `-m ${prefix} ${random.pick(['--X-eq 200', '! --X-eq 200', '--X-lt 200', '--X-gt 199', '--X-gt 254']).replace('X', prefix)}`;
  }),
  feature('service class', (random) =>
    random.pick([
      '-m dscp --dscp 0x0a',
      '-m dscp ! --dscp-class EF',
      '-m tos --tos 0x00/0xff',
      '-m tos ! --tos 0x10/0x3f',
      '-m ecn --ecn-ip-ect 0',
    ]),
  ),
  feature('kind of frame', (random) => `-m pkttype ${not(random)}--pkt-type unicast`),
  feature('group of interfaces', (random, place) =>
    hasInterface(place, 'in')
      ? `-m devgroup ${not(random)}--src-group ${random.pick(['0x0', '0x1', '0x0/0xff'])}`
      : undefined,
  ),
  feature('hardware address', (random, place) =>
    place.hooks.every((hook) => hook === 'PREROUTING' || hook === 'INPUT' || hook === 'FORWARD')
      ? `-m mac ${not(random)}--mac-source ${hardware(random.below(WIRES.length), 2)}`
      : undefined,
  ),
  feature('account', (random, place) => {
    if (place.hooks.some((hook) => hook !== 'OUTPUT')) return undefined;
    const account = random.pick(ACCOUNTS);
    return `-m owner ${random.pick([`--uid-owner ${account}`, `! --uid-owner ${account}`, `--uid-owner ${account}-1000`.replace('65534-1000', '1000-65534'), '--socket-exists', '! --socket-exists', '--gid-owner 0', `--uid-owner ${account} ! --gid-owner 5`])}`;
  }),
  feature('set', (random, { family }) => {
    const [name, sides] = random.pick(SETS);
    return `-m set ${not(random)}--match-set ${name}${family} ${random.chance(0.9) ? sides : 'src'}`;
  }),
  ofFamily('fragment', 4, (random) => `${not(random)}-f`),
  feature('route', (_, { family, hooks }) =>
    family === 4 && !hooks.includes('PREROUTING') ? '-m realm ! --realm 0x5' : undefined,
  ),
  ofFamily('extension header', 6, (random) =>
    random.pick(['-m frag --fragid 0:4294967295', '-m rt --rt-type 9', '-m ipv6header --header dst --soft']),
  ),
  feature('never', (random) => random.pick(NEVER)),
  feature('always', (random) => random.pick(ALWAYS)),
];

/** Sets that stand beside the rules, each for both families, with the sides that rules ask for. */
const SETS = [
  ['addresses', 'src'],
  ['addresses', 'dst'],
  ['networks', 'dst'],
  ['services', 'dst,dst'],
  ['services', 'src,src'],
  ['ways', 'src,src'],
  ['pairs', 'src,dst,dst'],
  ['lists', 'src'],
] as const;

/** `ipset restore`, which begins by taking away what was there. */
export function ipsets(random: Random): string {
  const families = [4, 6] as const;
  const lines = families.flatMap((family) => {
    const of = `family ${family === 4 ? 'inet' : 'inet6'}`;
    const word = family === 4 ? 'icmp:8/0' : 'icmpv6:128/0';
    const address = (): string => formatAddress({ family, value: edgeAddress(random, family, spans(family)) || 1n }); // 0 is no element
    const prefix = (): string => random.pick(PREFIXES[family].filter((text) => !/\/[01]$/.test(text)));
    const some = (name: string, element: () => string): string[] =>
      [...new Set(Array.from({ length: random.between(1, 5) }, element))].map(
        (text) => `add ${name}${family} ${text} -exist`,
      );
    const wide = random.pick(PREFIXES[family].filter((text) => /(?:\/8|\/12|::\/32|\/10)$/.test(text)));
    const inner = parsePrefix(wide);
    const within =
      'kind' in inner
        ? []
        : [`add networks${family} ${formatAddress({ family, value: inner.value })}/${inner.length + 8} nomatch -exist`];
    return [
      `create addresses${family} hash:ip ${of}`,
      ...some('addresses', () => (family === 4 && random.chance(0.2) ? '10.0.0.0/30' : address())),
      `create networks${family} hash:net ${of}`,
      `add networks${family} ${wide}`,
      ...within,
      ...some('networks', prefix),
      `create services${family} hash:ip,port ${of}`,
      ...some(
        'services',
        () =>
          `${address()},${random.pick([`tcp:${port(random)}`, `udp:${port(random)}`, `${port(random)}`, word, 'sctp:80'])}`,
      ),
      `create ways${family} hash:net,iface ${of}`,
      ...some('ways', () => `${prefix()},${random.pick(INTERFACES.filter((name) => !name.endsWith('+')))}`),
      `create pairs${family} hash:ip,port,net ${of}`,
      ...some('pairs', () => `${address()},tcp:${port(random)},${prefix()}`),
      `create lists${family} list:set`,
      `add lists${family} addresses${family}`,
      `add lists${family} networks${family}`,
    ];
  });
  return `${lines.join('\n')}\n`;
}
