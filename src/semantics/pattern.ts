import {
  type AddressType,
  address,
  all,
  atHook,
  type ConntrackState,
  type Flow,
  type Symbol as FlowSymbol,
  field,
  type Hook,
  type InterfacePattern,
  inState,
  interfaces,
  type Match,
  not,
  ofType,
  type Quantity,
  quantity,
  type Range,
  symbol,
  symbolKey,
} from '../ir/index.ts';
import {
  type Address,
  type AddressRange,
  type DnsName,
  type Family,
  PORT_PROTOCOLS,
  type PortRange,
  PROTOCOLS,
  parseAddress,
} from '../net/index.ts';

/**
 * Packets of one family at one hook, given field by field: what a flow expression or a claim of the policy's tests stands
 * for. Where a field may be absent, absence means any value that such a packet can have.
 */
export interface FlowPattern {
  readonly hook: Hook;
  readonly family: Family;
  readonly src: readonly AddressRange[]; // of `family`, as is `dst`; empty: no packet at all
  readonly dst: readonly AddressRange[];
  readonly dstName?: DnsName; // the name that the client asked for
  readonly protocol: number;
  readonly sport?: PortRange;
  readonly dport?: PortRange;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  readonly tcpFlags?: number;
  readonly state: ConntrackState;
  readonly inInterface?: InterfaceChoice; // absent at output, where there is none
  readonly outInterface?: InterfaceChoice; // absent at input
  readonly srcAccounts?: readonly Range[]; // only at output
  readonly dstAccounts?: readonly Range[]; // only at input
  readonly srcType: AddressType;
  readonly dstType: AddressType;
  readonly quantities: ReadonlyMap<Quantity, number>; // those that are known; others may be anything
  readonly symbols: readonly SymbolChoice[]; // others may or may not hold
}

export interface SymbolChoice {
  readonly symbol: FlowSymbol;
  readonly holds: boolean;
}

/** Any of these interfaces (at least one), or any of the wire: every one but `lo`. */
export type InterfaceChoice = readonly InterfacePattern[] | 'wire';

const LOOPBACK: InterfacePattern = { name: 'lo', wildcard: false };

/** The packets of a pattern as a match. */
export function patternMatch(pattern: FlowPattern): Match {
  const { sport, dport, icmpType, icmpCode, tcpFlags, srcAccounts, dstAccounts } = pattern;
  const parts: Match[] = [
    atHook(pattern.hook),
    field('family', pattern.family),
    inState(pattern.state),
    address('src', ...pattern.src),
    address('dst', ...pattern.dst),
    field('protocol', pattern.protocol),
    ofType('src', pattern.srcType),
    ofType('dst', pattern.dstType),
  ];
  if (sport !== undefined) parts.push(field('sport', sport));
  if (dport !== undefined) parts.push(field('dport', dport));
  if (icmpType !== undefined) parts.push(field('icmpType', icmpType));
  if (icmpCode !== undefined) parts.push(field('icmpCode', icmpCode));
  if (tcpFlags !== undefined) parts.push(field('tcpFlags', tcpFlags));
  if (srcAccounts !== undefined) parts.push(field('srcAccount', ...srcAccounts));
  if (dstAccounts !== undefined) parts.push(field('dstAccount', ...dstAccounts));
  if (pattern.inInterface !== undefined) parts.push(through('in', pattern.inInterface));
  if (pattern.outInterface !== undefined) parts.push(through('out', pattern.outInterface));
  for (const [name, value] of pattern.quantities) parts.push(quantity(name, 0xffff_ffff, value));
  for (const { symbol: of, holds } of pattern.symbols) parts.push(holds ? symbol(of) : not(symbol(of)));
  return all(...parts);
}

function through(side: 'in' | 'out', choice: InterfaceChoice): Match {
  return choice === 'wire' ? not(interfaces(side, LOOPBACK)) : interfaces(side, ...choice);
}

/** One packet of the pattern, of values that people recognise; `undefined` where it has no address to choose from. */
export function patternSample(pattern: FlowPattern): Flow | undefined {
  const src = recognisable(pattern.src);
  const dst = recognisable(pattern.dst);
  if (src === undefined || dst === undefined) return undefined;
  // Field by field, and not from conditional parts: this is done for each of a hundred thousand questions.
  const flow: Draft<Flow> = {
    hook: pattern.hook,
    family: pattern.family,
    src: { family: pattern.family, value: src },
    dst: { family: pattern.family, value: dst },
    protocol: pattern.protocol,
    state: pattern.state,
    srcType: pattern.srcType,
    dstType: pattern.dstType,
    quantities: valuesOtherThanZero(pattern.quantities),
    symbols: new Set(pattern.symbols.flatMap((choice) => (choice.holds ? [symbolKey(choice.symbol)] : []))),
  };
  if (pattern.dstName !== undefined) flow.dstName = pattern.dstName;
  if (PORT_PROTOCOLS.includes(pattern.protocol)) {
    flow.sport = favourite(pattern.sport, 40000);
    flow.dport = favourite(pattern.dport, 443);
  }
  if (hasIcmpType(pattern)) {
    flow.icmpType = pattern.icmpType ?? (pattern.family === 4 ? 8 : 128);
    flow.icmpCode = pattern.icmpCode ?? 0;
  }
  if (pattern.protocol === PROTOCOLS.tcp) flow.tcpFlags = pattern.tcpFlags ?? 2;
  if (pattern.inInterface !== undefined) flow.inInterface = interfaceSample(pattern.inInterface);
  if (pattern.outInterface !== undefined) flow.outInterface = interfaceSample(pattern.outInterface);
  const [srcAccount, dstAccount] = [pattern.srcAccounts?.[0]?.first, pattern.dstAccounts?.[0]?.first];
  if (srcAccount !== undefined) flow.srcAccount = srcAccount;
  if (dstAccount !== undefined) flow.dstAccount = dstAccount;
  return flow;
}

/** Something that is still being put together. */
type Draft<Whole> = { -readonly [Part in keyof Whole]: Whole[Part] };

const NO_VALUES: ReadonlyMap<Quantity, number> = new Map();

export function valuesOtherThanZero(quantities: FlowPattern['quantities']): ReadonlyMap<Quantity, number> {
  for (const value of quantities.values())
    if (value !== 0) return new Map([...quantities].filter(([, each]) => each !== 0));
  return NO_VALUES;
}

/** Of a whole network the first host, not the network's own address. */
function recognisable(ranges: readonly AddressRange[]): bigint | undefined {
  const known = RECOGNISED.find((each) =>
    ranges.some((range) => range.family === each.family && range.first <= each.value && each.value <= range.last),
  );
  if (known !== undefined) return known.value;
  const [range] = ranges;
  if (range === undefined) return undefined;
  return range.last - range.first > 2n && (range.first & 1n) === 0n ? range.first + 1n : range.first;
}

const RECOGNISED: readonly Address[] = [
  '10.0.0.5',
  '203.0.113.9',
  '8.8.8.8',
  'fd00::5',
  '2001:db8::9',
  '2001:4860:4860::8888',
]
  .map(parseAddress)
  .filter((address) => address !== undefined);

function favourite(range: PortRange | undefined, wanted: number): number {
  if (range === undefined) return wanted;
  return range.first <= wanted && wanted <= range.last ? wanted : range.first;
}

function interfaceSample(choice: InterfaceChoice): string {
  return choice === 'wire' ? 'eth0' : (choice[0]?.name ?? 'eth0');
}

export function hasIcmpType(pattern: FlowPattern): boolean {
  return pattern.protocol === PROTOCOLS.icmp || pattern.protocol === PROTOCOLS.icmpv6;
}
