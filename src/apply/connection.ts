import type { AddressType, ConntrackState, Symbol as FlowSymbol, Hook, Ruleset } from '../ir/index.ts';
import {
  type Address,
  type AddressRange,
  addressRange,
  type Family,
  PORT_PROTOCOLS,
  type PortRange,
  PROTOCOLS,
  range,
} from '../net/index.ts';
import { type FlowPattern, type SymbolChoice, symbolsOf } from '../semantics/index.ts';
import type { HostListing } from './host-rules.ts';

/** A connection that lives now, as its first packet went. */
export interface LiveConnection {
  readonly protocol: number;
  readonly src: Address;
  readonly sport?: number;
  readonly dst: Address;
  readonly dport?: number;
  readonly way: Hook | 'loopback';
  readonly tracked: boolean; // conntrack knows it
  readonly interface?: string; // that it came in by, or leaves by
  readonly uid?: number;
  readonly program?: string;
  readonly pid?: number;
}

/** What is known of the machine beside its rules. */
export interface Surroundings {
  readonly listing: HostListing;
  readonly addresses: readonly Address[]; // of the machine itself
}

/** One packet, or several that are alike but for what is left out. */
export interface PacketQuestion {
  readonly hook: Hook;
  readonly protocol: number;
  readonly family: Family;
  readonly src: readonly AddressRange[]; // of that family, at least one, as is `dst`
  readonly sport?: PortRange; // absent: any, as is each of what follows
  readonly dst: readonly AddressRange[];
  readonly dport?: PortRange;
  readonly state: ConntrackState;
  readonly inInterface?: string;
  readonly outInterface?: string;
  readonly uid?: number;
}

/** Asks one ruleset about packets between concrete addresses. */
export class Questions {
  readonly #symbols: readonly FlowSymbol[];
  readonly #around: Surroundings;
  readonly #own: ReadonlySet<string>;

  constructor(ruleset: Ruleset, around: Surroundings) {
    this.#symbols = symbolsOf(ruleset);
    this.#around = around;
    this.#own = new Set(around.addresses.map((each) => rangeKey(addressRange(each))));
  }

  /** A new connection's first packet enters without a mark; of a later one nothing is known. */
  pattern(asked: PacketQuestion): FlowPattern {
    const { hook, family, protocol, src, dst, state, uid } = asked;
    const hasPorts = PORT_PROTOCOLS.includes(protocol);
    const isNew = state === 'new';
    return {
      hook,
      family,
      src,
      dst,
      protocol,
      ...(hasPorts && asked.sport !== undefined ? { sport: asked.sport } : {}),
      ...(hasPorts && asked.dport !== undefined ? { dport: asked.dport } : {}),
      ...icmp(protocol, isNew),
      ...(protocol === PROTOCOLS.tcp && isNew ? { tcpFlags: SYN } : {}),
      state,
      ...(hook === 'output'
        ? {}
        : { inInterface: asked.inInterface === undefined ? 'wire' : named(asked.inInterface) }),
      ...(hook === 'input'
        ? {}
        : { outInterface: asked.outInterface === undefined ? 'wire' : named(asked.outInterface) }),
      ...(hook === 'output' && uid !== undefined ? { srcAccounts: [{ first: uid, last: uid }] } : {}),
      srcType: this.#type(src, hook === 'output'),
      dstType: this.#type(dst, hook === 'input'),
      quantities: new Map(
        isNew
          ? [
              ['mark', 0],
              ['ctmark', 0],
            ]
          : [],
      ),
      symbols: this.#symbols.flatMap((symbol) => this.#choice(symbol, asked)),
    };
  }

  #type(ranges: readonly AddressRange[], isOwn: boolean): AddressType {
    if (within(ranges, GROUPS)) return 'multicast';
    if (within(ranges, BROADCAST)) return 'broadcast';
    const isLocal = isOwn || within(ranges, LOOPBACK) || ranges.every((each) => this.#own.has(rangeKey(each)));
    return isLocal ? 'local' : 'unicast';
  }

  /** Rates are kept; what a resolver has learnt is in the listing; who lives in which cgroup is not known here. */
  #choice(symbol: FlowSymbol, { hook, dst }: PacketQuestion): SymbolChoice[] {
    switch (symbol.kind) {
      case 'within-rate':
        return [{ symbol, holds: true }];
      case 'member':
        return dst.every(isOne)
          ? [{ symbol, holds: dst.every((each) => this.#around.listing.holds(symbol.group, firstOf(each))) }]
          : [];
      case 'asked':
        return [{ symbol, holds: false }];
      case 'cgroup':
        return hook === 'output' ? [] : [{ symbol, holds: false }];
      case 'unknown':
        return [];
    }
  }
}

const SYN = 2; // RFC 9293 3.1

/** What opens a connection of ICMP is an echo request, all but always. */
function icmp(protocol: number, isNew: boolean): Pick<FlowPattern, 'icmpType' | 'icmpCode'> {
  if (!isNew) return {};
  if (protocol === PROTOCOLS.icmp) return { icmpType: 8, icmpCode: 0 };
  return protocol === PROTOCOLS.icmpv6 ? { icmpType: 128, icmpCode: 0 } : {};
}

function named(name: string): readonly { readonly name: string; readonly wildcard: false }[] {
  return [{ name, wildcard: false }];
}

const GROUPS = [range('224.0.0.0/4'), range('ff00::/8')];
const LOOPBACK = [range('127.0.0.0/8'), range('::1')];

const BROADCAST = [range('255.255.255.255')];

function within(ranges: readonly AddressRange[], outer: readonly AddressRange[]): boolean {
  return ranges.every(({ family, first, last }) =>
    outer.some((each) => each.family === family && each.first <= first && last <= each.last),
  );
}

function isOne({ first, last }: AddressRange): boolean {
  return first === last;
}

function firstOf({ family, first }: AddressRange): Address {
  return { family, value: first };
}

function rangeKey({ family, first, last }: AddressRange): string {
  return `${family} ${first} ${last}`;
}

/** Where the first packet of a connection passes: between two local processes it leaves, and comes back in. */
export function firstPackets(connection: LiveConnection): readonly PacketQuestion[] {
  const { way, protocol, src, dst, sport, dport, uid } = connection;
  const base = {
    family: src.family,
    protocol,
    src: [addressRange(src)],
    dst: [addressRange(dst)],
    ...(sport === undefined ? {} : { sport: { first: sport, last: sport } }),
    ...(dport === undefined ? {} : { dport: { first: dport, last: dport } }),
    state: 'new' as const,
  };
  const through = connection.interface;
  const sender = uid === undefined ? {} : { uid };
  switch (way) {
    case 'input':
      return [{ ...base, hook: 'input', ...(through === undefined ? {} : { inInterface: through }) }];
    case 'output':
      return [{ ...base, ...sender, hook: 'output', ...(through === undefined ? {} : { outInterface: through }) }];
    case 'forward':
      return [{ ...base, hook: 'forward', ...(through === undefined ? {} : { inInterface: through }) }];
    case 'loopback':
      return [
        { ...base, ...sender, hook: 'output', outInterface: 'lo' },
        { ...base, hook: 'input', inInterface: 'lo' },
      ];
  }
}
