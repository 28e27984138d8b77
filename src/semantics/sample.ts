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
  firstCommonValue,
  type HeaderSpace,
  type NumberDimension,
  type PacketSet,
  type WideDimension,
} from '../packetset/index.ts';
import { NO_ACCOUNT, packetsOf, possiblePackets } from './space.ts';

/** Values that people recognise, tried in this order; where none is in the set, the lowest that is. */
const DESTINATION_PORTS = [443, 22, 80, 53, 8080];
const SOURCE_PORTS = [40000];
const ACCOUNTS = [1000, NO_ACCOUNT];
const TYPES = { unicast: ADDRESS_TYPES.indexOf('unicast'), local: ADDRESS_TYPES.indexOf('local') };
const OUTSIDE = {
  4: limbsOfAddresses('203.0.113.9', '198.51.100.7', '8.8.8.8', '10.0.0.9', '192.168.1.10', '172.16.0.9'),
  6: limbsOfAddresses('2001:db8::9', '2606:4700::1111', 'fd00::9', 'fe80::9'),
} as const;
const HERE = {
  4: limbsOfAddresses('10.0.0.5', '192.168.1.5', '172.16.0.5', '192.0.2.5'),
  6: limbsOfAddresses('2001:db8::5', 'fd00::5', 'fe80::5'),
} as const;
const INTERFACES = ['eth0', 'eth1', 'docker0', 'lo'].map(limbsOfName);
const NO_INTERFACE = [limbsOfName('')];

/** A value of 128 bits, or an IPv4 address, as its dimensions see it. */
type Limbs = readonly number[];

function limbsOfAddresses(...texts: readonly string[]): readonly Limbs[] {
  return texts.map((text) => addressLimbs(parseAddress(text)!));
}

function limbsOfName(name: string): Limbs {
  const bytes = new TextEncoder().encode(name);
  return [0, 1, 2, 3].map((limb) => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(4 * limb, 4 * limb + 4);
    return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  });
}

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
  const { space } = set;
  const within = [plausiblePackets(space), possiblePackets(space)].find((preferred) => set.intersects(preferred));
  return new Sampler(set, within ?? space.everything()).flow();
}

/**
 * Walks the diagrams of two sets from the top, choosing a value at each dimension with which they still have a packet in
 * common: so their intersection, which may be large, is never made.
 */
class Sampler {
  readonly #space: HeaderSpace;
  #set: number;
  #within: number;

  constructor(set: PacketSet, within: PacketSet) {
    this.#space = set.space;
    this.#set = set.node;
    this.#within = within.node;
  }

  flow(): Flow {
    const hook: Hook = HOOKS[this.#number('hook', [HOOKS.indexOf('output'), HOOKS.indexOf('input')])]!;
    const family: Family = this.#number('family', [0]) === 0 ? 4 : 6;
    const state = CONNTRACK_STATES[this.#number('state', [CONNTRACK_STATES.indexOf('new')])]!;
    const inInterface = this.#interface('in', hook !== 'output');
    const outInterface = this.#interface('out', hook !== 'input');
    const srcAccount = this.#number('srcAccount', hook === 'output' ? ACCOUNTS : [NO_ACCOUNT]);
    const dstAccount = this.#number('dstAccount', [NO_ACCOUNT]);
    const src = this.#address('src', family, hook === 'output' ? HERE : OUTSIDE);
    const dst = this.#address('dst', family, hook === 'input' ? HERE : OUTSIDE);
    const ping = family === 4 ? PROTOCOLS.icmp : PROTOCOLS.icmpv6;
    const protocol = this.#number('protocol', [PROTOCOLS.tcp, PROTOCOLS.udp, ping]);
    const dport = this.#number('dport', DESTINATION_PORTS);
    const sport = this.#number('sport', SOURCE_PORTS);
    const icmpType = this.#number('icmpType', [family === 4 ? 8 : 128]);
    const icmpCode = this.#number('icmpCode', [0]);
    const tcpFlags = this.#number('tcpFlags', [2]); // SYN
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
    return this.#choose(this.#space.numberIndex(name), favourites);
  }

  #address(side: 'src' | 'dst', family: Family, favourites: Readonly<Record<Family, readonly Limbs[]>>): Address {
    const limbs = this.#wide(side, favourites[family], family === 4 ? 1 : 4);
    return { family, value: limbs.reduce((value, limb) => (value << 32n) | BigInt(limb), 0n) };
  }

  #interface(side: 'in' | 'out', present: boolean): string {
    const favourite = this.#favourite(side, present ? INTERFACES : NO_INTERFACE);
    if (favourite !== undefined) return nameOf(favourite);
    const start = [this.#set, this.#within] as const;
    const lowest = this.#wide(side, [], 4);
    const name = nameOf(lowest);
    if (!present || name.length >= 15 || isOnlyOne(this.#space, start, side, lowest)) return name;
    // The lowest value between `lo` and the end of `lo*` has a NUL within and is no name; `lo0` is one.
    const end = [this.#set, this.#within] as const;
    [this.#set, this.#within] = start;
    const longer = this.#favourite(
      side,
      ['0', '1', 'x'].map((last) => limbsOfName(name + last)),
    );
    if (longer !== undefined) return nameOf(longer);
    [this.#set, this.#within] = end;
    return name;
  }

  /** The candidate that is in the set, or the lowest value that is: limb by limb, keeping to what was chosen above. */
  #wide(name: WideDimension, candidates: readonly Limbs[], count: number): Limbs {
    const first = this.#space.wideIndex(name);
    return (
      this.#favourite(name, candidates) ?? Array.from({ length: count }, (_, limb) => this.#choose(first + limb, []))
    );
  }

  #favourite(name: WideDimension, candidates: readonly Limbs[]): Limbs | undefined {
    const first = this.#space.wideIndex(name);
    return candidates.find((candidate) => this.#take(first, candidate));
  }

  #choose(dimension: number, favourites: readonly number[]): number {
    const { store } = this.#space;
    if (![this.#set, this.#within].some((node) => store.dimensionOf(node) === dimension)) return favourites[0] ?? 0;
    const favourite = favourites.find((value) => this.#take(dimension, [value]));
    if (favourite !== undefined) return favourite;
    const first = firstCommonValue(store, this.#set, this.#within, dimension);
    this.#take(dimension, [first]);
    return first;
  }

  /** Goes on with values of neighbouring dimensions, the first of them given, where the sets have packets in common that have them. */
  #take(dimension: number, values: readonly number[]): boolean {
    const { store } = this.#space;
    let [set, within] = [this.#set, this.#within];
    for (let at = 0; at < values.length; at++) {
      set = store.follow(set, dimension + at, values[at]!);
      within = store.follow(within, dimension + at, values[at]!);
    }
    if (set === this.#set && within === this.#within) return true; // nothing was asked
    if (!store.intersects(set, within)) return false;
    [this.#set, this.#within] = [set, within];
    return true;
  }

  /** Symbols hold and bits are set only where they must be, but rates are kept where they can be. */
  #rest(): { symbols: ReadonlySet<string>; quantities: ReadonlyMap<string, number> } {
    const space = this.#space;
    const symbols = new Set<string>();
    const quantities = new Map<string, number>();
    while (!space.store.isTerminal(this.#set) || !space.store.isTerminal(this.#within)) {
      const index = Math.min(space.store.dimensionOf(this.#set), space.store.dimensionOf(this.#within));
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

/** Whether one of the nodes leaves no other value than this one: most rules name an interface, and no wildcard. */
function isOnlyOne(space: HeaderSpace, nodes: readonly number[], name: WideDimension, value: Limbs): boolean {
  const { store } = space;
  return nodes.some((start) => {
    let node = start;
    return value.every((limb, at) => {
      const dimension = space.wideIndex(name) + at;
      if (store.dimensionOf(node) !== dimension || store.lastAlike(node, limb) !== limb) return false;
      node = store.follow(node, dimension, limb);
      return true;
    });
  });
}

/** The name that its dimensions stand for: its bytes in their order, up to the first NUL (`interfaceInterval`). */
function nameOf(limbs: Limbs): string {
  const bytes: number[] = [];
  for (const limb of limbs)
    for (let shift = 24; shift >= 0; shift -= 8) {
      const byte = (limb >>> shift) & 255;
      if (byte === 0) return textOf(bytes);
      bytes.push(byte);
    }
  return textOf(bytes);
}

/** A decoder costs more than all else about the name of an interface, and few have other letters than ASCII's. */
function textOf(bytes: readonly number[]): string {
  return bytes.every((byte) => byte < 128)
    ? String.fromCharCode(...bytes)
    : new TextDecoder().decode(Uint8Array.from(bytes));
}
