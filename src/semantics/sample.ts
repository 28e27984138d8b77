import {
  ADDRESS_TYPES,
  type AddressType,
  address,
  all,
  any,
  CONNTRACK_STATES,
  type Flow,
  HOOKS,
  type Hook,
  type Match,
  not,
  ofType,
} from '../ir/index.ts';
import { type Address, type Family, PORT_PROTOCOLS, PROTOCOLS, parseAddress, range } from '../net/index.ts';
import {
  addressLimbs,
  type HeaderSpace,
  limbOf,
  type NumberDimension,
  type PacketSet,
  type WideDimension,
} from '../packetset/index.ts';
import { interfaceInterval, interfaceName, NO_ACCOUNT, packetsOf, possiblePackets } from './space.ts';

/** Values that people recognise, tried in this order; where none is in the set, the lowest that is. */
const DESTINATION_PORTS = [443, 22, 80, 53, 8080];
const SOURCE_PORTS = [40000];
const ACCOUNTS = [1000, NO_ACCOUNT];
const TYPES = { unicast: ADDRESS_TYPES.indexOf('unicast'), local: ADDRESS_TYPES.indexOf('local') };
const OUTSIDE: Readonly<Record<Family, readonly string[]>> = {
  4: ['203.0.113.9', '198.51.100.7', '8.8.8.8', '10.0.0.9', '192.168.1.10', '172.16.0.9'],
  6: ['2001:db8::9', '2606:4700::1111', 'fd00::9', 'fe80::9'],
};
const HERE: Readonly<Record<Family, readonly string[]>> = {
  4: ['10.0.0.5', '192.168.1.5', '172.16.0.5', '192.0.2.5'],
  6: ['2001:db8::5', 'fd00::5', 'fe80::5'],
};
const INTERFACES = ['eth0', 'eth1', 'docker0', 'lo'];

/** Addresses that always have the type, whatever the routing table (RFC 1122 3.2.1.3, RFC 4291 2.4 and 2.5.3). */
const TYPED: readonly (readonly [AddressType, readonly string[]])[] = [
  ['local', ['127.0.0.0/8', '::1']],
  ['multicast', ['224.0.0.0/4', 'ff00::/8']],
  ['broadcast', ['255.255.255.255']],
];

/** Packets whose parts fit together in the way they do on a real network: what a witness should be, where it can be. */
function plausible(): Match {
  const sides = (['src', 'dst'] as const).flatMap((side) =>
    TYPED.map(([type, prefixes]) => {
      const inside = address(side, ...prefixes.map(range));
      const typed = ofType(side, type);
      return type === 'local' ? any(typed, not(inside)) : any(all(typed, inside), not(any(typed, inside)));
    }),
  );
  return all(...sides);
}

/** The same for every set of a space. */
const plausibleSets = new WeakMap<HeaderSpace, PacketSet>();

function plausiblePackets(space: HeaderSpace): PacketSet {
  let set = plausibleSets.get(space);
  if (set === undefined) {
    set = packetsOf(space, plausible()).intersect(possiblePackets(space));
    plausibleSets.set(space, set);
  }
  return set;
}

/** One packet of the set, as recognisable and plausible as can be found; `undefined` exactly when the set is empty. */
export function sampleFlow(set: PacketSet): Flow | undefined {
  if (set.isEmpty()) return undefined;
  for (const preferred of [plausiblePackets, possiblePackets]) {
    const fitting = set.intersect(preferred(set.space));
    if (!fitting.isEmpty()) return new Sampler(fitting).flow();
  }
  return new Sampler(set).flow();
}

/** Walks a set's diagram from the top, choosing a value at each dimension: below any node but 0 there is a packet. */
class Sampler {
  readonly #set: PacketSet;
  #node: number;

  constructor(set: PacketSet) {
    this.#set = set;
    this.#node = set.node;
  }

  flow(): Flow {
    const hook: Hook = HOOKS[this.#number('hook', [HOOKS.indexOf('output'), HOOKS.indexOf('input')])]!;
    const family: Family = this.#number('family', [0]) === 0 ? 4 : 6;
    const state = CONNTRACK_STATES[this.#number('state', [CONNTRACK_STATES.indexOf('new')])]!;
    const inInterface = this.#interface('in', hook !== 'output');
    const outInterface = this.#interface('out', hook !== 'input');
    const src = this.#address('src', family, hook === 'output' ? HERE : OUTSIDE);
    const dst = this.#address('dst', family, hook === 'input' ? HERE : OUTSIDE);
    const ping = family === 4 ? PROTOCOLS.icmp : PROTOCOLS.icmpv6;
    const protocol = this.#number('protocol', [PROTOCOLS.tcp, PROTOCOLS.udp, ping]);
    const dport = this.#number('dport', DESTINATION_PORTS);
    const sport = this.#number('sport', SOURCE_PORTS);
    const icmpType = this.#number('icmpType', [family === 4 ? 8 : 128]);
    const icmpCode = this.#number('icmpCode', [0]);
    const tcpFlags = this.#number('tcpFlags', [2]); // SYN
    const srcAccount = this.#number('srcAccount', hook === 'output' ? ACCOUNTS : [NO_ACCOUNT]);
    const dstAccount = this.#number('dstAccount', [NO_ACCOUNT]);
    const srcType = this.#number('srcType', [TYPES.unicast]);
    const dstType = this.#number('dstType', [hook === 'input' ? TYPES.local : TYPES.unicast]);
    const { symbols, quantities } = this.#rest();
    const isIcmp = protocol === PROTOCOLS.icmp || protocol === PROTOCOLS.icmpv6;
    return {
      hook,
      family,
      state,
      src,
      dst,
      protocol,
      ...(PORT_PROTOCOLS.includes(protocol) ? { sport, dport } : {}),
      ...(isIcmp ? { icmpType, icmpCode } : {}),
      ...(protocol === PROTOCOLS.tcp ? { tcpFlags } : {}),
      ...(inInterface === '' ? {} : { inInterface }),
      ...(outInterface === '' ? {} : { outInterface }),
      ...(srcAccount === NO_ACCOUNT ? {} : { srcAccount }),
      ...(dstAccount === NO_ACCOUNT ? {} : { dstAccount }),
      srcType: ADDRESS_TYPES[srcType]!,
      dstType: ADDRESS_TYPES[dstType]!,
      ...(quantities.size === 0 ? {} : { quantities }),
      symbols,
    };
  }

  #number(name: NumberDimension, favourites: readonly number[]): number {
    return this.#choose(this.#set.space.numberIndex(name), favourites);
  }

  #address(side: 'src' | 'dst', family: Family, texts: Readonly<Record<Family, readonly string[]>>): Address {
    const candidates = texts[family].map((text) => addressLimbs(parseAddress(text)!));
    const limbs = this.#wide(side, candidates, family === 4 ? 1 : 4);
    return { family, value: limbs.reduce((value, limb) => (value << 32n) | BigInt(limb), 0n) };
  }

  #interface(side: 'in' | 'out', present: boolean): string {
    const candidates = (present ? [...INTERFACES, ...this.#longerNames(side)] : ['']).map((name) => {
      const value = interfaceInterval({ name, wildcard: false }).first;
      return ([0, 1, 2, 3] as const).map((limb) => limbOf(value, limb));
    });
    return nameOf(this.#wide(side, candidates, 4));
  }

  /** The lowest value between `lo` and the end of `lo*` has a NUL within and is no name; `lo0` is one. */
  #longerNames(side: 'in' | 'out'): string[] {
    const start = this.#node;
    const name = nameOf(this.#wide(side, [], 4));
    this.#node = start;
    return name.length < 15 ? ['0', '1', 'x'].map((end) => name + end) : [];
  }

  /** The candidate that is in the set, or the lowest value that is: limb by limb, keeping to what was chosen above. */
  #wide(name: WideDimension, candidates: readonly (readonly number[])[], count: number): number[] {
    const chosen: number[] = [];
    const first = this.#set.space.numberIndex(`${name}0`);
    const start = this.#node;
    for (const candidate of candidates) {
      if (this.#holds(start, first, candidate)) {
        for (const [limb, value] of candidate.entries()) this.#choose(first + limb, [value]);
        return [...candidate];
      }
    }
    for (let limb = 0; limb < count; limb++) chosen.push(this.#choose(first + limb, []));
    return chosen;
  }

  #holds(start: number, first: number, limbs: readonly number[]): boolean {
    let node = start;
    for (const [limb, value] of limbs.entries()) node = this.#set.space.store.follow(node, first + limb, value);
    return node !== 0;
  }

  #choose(dimension: number, favourites: readonly number[]): number {
    const store = this.#set.space.store;
    if (store.isTerminal(this.#node) || store.dimensionOf(this.#node) !== dimension) return favourites[0] ?? 0;
    for (const favourite of favourites) {
      const child = store.follow(this.#node, dimension, favourite);
      if (child === 0) continue;
      this.#node = child;
      return favourite;
    }
    let first = 0;
    for (let edge = 0; store.edgeChild(this.#node, edge) === 0; edge++) first = store.edgeUpper(this.#node, edge) + 1;
    this.#node = store.follow(this.#node, dimension, first);
    return first;
  }

  /** Symbols hold and bits are set only where they must be, but rates are kept where they can be. */
  #rest(): { symbols: ReadonlySet<string>; quantities: ReadonlyMap<string, number> } {
    const space = this.#set.space;
    const symbols = new Set<string>();
    const quantities = new Map<string, number>();
    while (!space.store.isTerminal(this.#node)) {
      const index = space.store.dimensionOf(this.#node);
      const dimension = space.dimension(index);
      switch (dimension.kind) {
        case 'symbol': {
          const preferred = dimension.key.startsWith('within ') ? [1, 0] : [0, 1];
          if (this.#choose(index, preferred) === 1) symbols.add(dimension.key);
          break;
        }
        case 'bit':
          if (this.#choose(index, [0, 1]) === 1) {
            quantities.set(
              dimension.quantity,
              ((quantities.get(dimension.quantity) ?? 0) | (1 << dimension.bit)) >>> 0,
            );
          }
          break;
        case 'number':
        case 'wide':
          throw new Error('a dimension was passed over while sampling');
      }
    }
    return { symbols, quantities };
  }
}

function nameOf(limbs: readonly number[]): string {
  return interfaceName(limbs.reduce((value, limb) => (value << 32n) | BigInt(limb), 0n));
}
